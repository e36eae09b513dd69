/** Letters that people carry between two pages: what gets through whole, and what is refused. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { read, write } from '../../web/manual/letter.js';
import { lengthened, shortened } from '../../web/manual/short.js';

const SDP = [
  'v=0', 'o=- 2641482088509949674 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1', 'a=msid-semantic: WMS 4083df66',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126', 'c=IN IP4 0.0.0.0', 'a=ice-ufrag:9hHS', 'a=fingerprint:sha-256 09:FC:9D', 'a=mid:0', 'a=sendrecv',
  'a=msid:4083df66 625a6011', 'a=rtpmap:111 opus/48000/2', 'a=ssrc:4000493839 cname:kc/ooW6NxYXRYaQa', 'a=ssrc:4000493839 msid:4083df66 625a6011',
  'm=video 0 UDP/TLS/RTP/SAVPF 120 124', 'a=mid:1', 'a=msid:b9151bfb 9faaa862', 'a=rtcp-fb:120 nack', 'a=rtcp-fb:99 nack', 'a=a-line:of another year', '',
].join('\r\n');

const letter = (changes = {}) => ({
  kind: /** @type {const} */ ('offer'), from: 'page-a', to: '', name: '小李', epoch: 1795392924, serial: 1, sdp: SDP,
  candidates: ['candidate:4039009619 1 udp 2122194687 192.0.2.2 57993 typ host generation 0 ufrag 9hHS network-id 1'], ...changes,
});

test('a description comes back as it was, but for what nobody needs', () => {
  const back = lengthened(shortened(SDP));
  const lost = SDP.split('\r\n').filter((line) => !back.includes(line));
  assert.deepEqual(lost, ['a=msid-semantic: WMS 4083df66', 'a=msid:4083df66 625a6011', 'a=ssrc:4000493839 msid:4083df66 625a6011', 'a=msid:b9151bfb 9faaa862', 'a=rtcp-fb:99 nack']);
  assert.deepEqual(back.match(/a=msid:.*/g)?.map((line) => line.trim()), ['a=msid:0', 'a=msid:1'], 'which tracks share a stream is kept');
  assert.ok(shortened(SDP).length < SDP.length / 2);
  assert.ok(back.endsWith('\r\n'));
});

test('a letter is read from a link, from bare text, and from text that a messenger broke into lines', async () => {
  const text = await write(letter());
  assert.match(text, /^z[\w-]+$/);
  for (const pasted of [text, `https://call.example/manual#${text}`, ` ${text.replace(/.{40}/g, '$&\n')} `]) {
    const { name, from, epoch, sdp, candidates } = await read(pasted);
    assert.deepEqual([name, from, epoch, sdp, candidates], ['小李', 'page-a', 1795392924, lengthened(shortened(SDP)), ['candidate:4039009619 1 udp 2122194687 192.0.2.2 57993 typ host']]);
  }
});

test('a browser that cannot compress writes letters that others read', async () => {
  const { CompressionStream } = globalThis;
  try {
    // @ts-ignore an old browser
    delete globalThis.CompressionStream;
    const text = await write(letter({ kind: 'answer', to: 'page-b' }));
    assert.match(text, /^j/);
    assert.equal((await read(text)).to, 'page-b');
  } finally {
    globalThis.CompressionStream = CompressionStream;
  }
});

test('nothing else is taken for a letter, however large it would become', async () => {
  const whole = await write(letter());
  const plain = (value) => `j${Buffer.from(JSON.stringify(value)).toString('base64url')}`;
  const bomb = await write(letter({ sdp: 'x'.repeat(10 << 20) }));
  assert.ok(bomb.length < 64 << 10, 'it looks small');
  const wrong = ['', 'hello', whole.slice(0, -20), `x${whole.slice(1)}`, 'z'.padEnd(70_000, 'A'), plain(['offer']), plain(['gift', 'a', '', 'b', 1, 1, 'c']), plain(['offer', 'a', '', 'b', -1, 1, 'c']), plain(['offer', 'a', '', 'b', 1, 1, 'c', 7]), plain(null), bomb];
  for (const text of wrong) await assert.rejects(read(text), { code: 'letter-unreadable' }, text.slice(0, 40));
});
