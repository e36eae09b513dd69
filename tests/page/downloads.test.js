// A file into the browser's downloads: the page's side, the file worker's and the service worker's, over real ports and a real stream.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import vm from 'node:vm';
import { Download } from '../../web/call/files/download.js';
import { DownloadSink } from '../../web/call/files/download-sink.js';
import { BLOCK } from '../../web/call/files/frames.js';
import { Reader } from '../../web/call/files/reader.js';
import { open } from '../../web/call/files/shelf.js';
import { Writer } from '../../web/call/files/writer.js';
import { FakeShelf } from './fakes/shelf.js';
import { World } from './fakes/world.js';

const SCRIPT = new URL('../../web/downloads.js', import.meta.url);
/** As sw.js has it: a classic script's class. */
const Downloads = vm.runInThisContext(`${readFileSync(SCRIPT, 'utf8')}\nDownloads`, { filename: SCRIPT.pathname });

/** A page with a file that its service worker expects, and that the browser asks for at once. */
async function prepared(t, { name = 'film.bin', size = 3 * BLOCK } = {}) {
  const downloads = new Downloads();
  const ports = [];
  const service = { postMessage: (data, given = []) => downloads.heard({ data, ports: (ports.push(...given), given) }) };
  const download = await Download.prepare({ name, size }, Promise.resolve(service));
  t.after(() => {
    for (const { looks } of downloads.open.values()) clearInterval(looks);
    for (const port of [...ports, download.port]) port.close();
  });
  return { downloads, service, download };
}

async function begun(t, what) {
  const { downloads, service, download } = await prepared(t, what);
  const opening = DownloadSink.open(download.port);
  const answer = downloads.answer(download.address);
  const sink = await opening;
  t.after(() => sink.drop());
  return { downloads, service, download, answer, sink };
}

const bytesOf = async (answer) => new Uint8Array(await answer.arrayBuffer());
const turn = () => new Promise((resolve) => { setImmediate(resolve); });
/** Long enough for every message between ports in one process. */
const turns = async () => { for (let n = 0; n < 50; n += 1) await turn(); };

test('the browser gets every byte in order, as an attachment of that name that nothing opens', async (t) => {
  const { answer, sink, downloads } = await begun(t, { name: '假期’s (1).bin', size: 5 });
  const arriving = bytesOf(answer);
  await sink.write(Uint8Array.of(1, 2, 3), 0);
  await sink.write(Uint8Array.of(4, 5), 3);
  assert.equal(await sink.finish(), null, 'there is nothing left to save');
  assert.deepEqual([...await arriving], [1, 2, 3, 4, 5]);
  assert.deepEqual(Object.fromEntries(answer.headers), {
    'cache-control': 'no-store',
    'content-disposition': "attachment; filename*=UTF-8''%E5%81%87%E6%9C%9F%E2%80%99s%20%281%29.bin",
    'content-length': '5',
    'content-security-policy': "default-src 'none'; sandbox",
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
  });
  assert.equal(downloads.open.size, 0);
});

test('a block counts as written when the browser asks for the next one, not before', async (t) => {
  const { answer, sink } = await begun(t);
  const reader = answer.body.getReader();
  let written = 0;
  const writing = (async () => { for (let at = 0; at < 3; at += 1) { await sink.write(new Uint8Array(BLOCK), at * BLOCK); written += 1; } })();
  await turns();
  assert.equal(written, 0, 'nobody has read anything');
  await reader.read();
  await turns();
  assert.equal(written, 0, 'it was taken, and nobody wants more yet');
  await reader.read();
  await turns();
  assert.equal(written, 1);
  await reader.read();
  const rest = reader.read();
  await writing;
  await sink.finish();
  assert.equal((await rest).done, true);
});

test('what the file worker puts in order and checks arrives whole', async (t) => {
  const content = randomBytes(2 * BLOCK + 17);
  const { answer, sink } = await begun(t, { size: content.length });
  const writer = new Writer(sink, content.length);
  const arriving = bytesOf(answer);
  const reader = new Reader({ size: content.length, bytes: async (from, to) => Uint8Array.from(content.subarray(from, to)) });
  for (const at of [0, BLOCK, 2 * BLOCK]) {
    const { bytes, check } = await reader.read(at);
    await writer.write({ block: at, from: 0, parts: [bytes.buffer], check });
  }
  assert.equal(writer.at, content.length);
  await writer.finish();
  assert.ok(content.equals(await arriving));
});

test('an address is asked for once, and a made-up one never', async (t) => {
  const { downloads, service, download } = await prepared(t);
  for (const address of ['/', '/sw.js', '/r/kitchen', '/save/', '/save/x', `${download.address}/..`, `/a${download.address}`]) {
    const { port1, port2 } = new MessageChannel();
    service.postMessage({ type: 'save', address, name: 'x', size: 1 }, [port1]);
    port2.close();
    assert.equal(downloads.answer(address), null, address);
  }
  assert.equal(downloads.answer(`/save/${crypto.randomUUID()}`), null);
  assert.ok(downloads.answer(download.address));
  assert.equal(downloads.answer(download.address), null);
});

test('another page cannot take an address that is in use, and nobody opens them without end', async (t) => {
  const { downloads, service, download } = await prepared(t);
  const opened = [];
  const ask = (address) => {
    const { port1, port2 } = new MessageChannel();
    opened.push(port1, port2);
    service.postMessage({ type: 'save', address, name: 'other', size: 1 }, [port1]);
  };
  ask(download.address);
  assert.match(downloads.answer(download.address).headers.get('content-disposition'), /film/);
  for (let n = 0; n < 100; n += 1) ask(`/save/${crypto.randomUUID()}`);
  assert.equal(downloads.open.size, 64);
  assert.equal(await Download.prepare({ name: 'late', size: 1 }, Promise.resolve(service)), null, 'the last one is told');
  for (const port of opened) port.close();
});

test('a download that the person stops in the browser stops the file, in words', async (t) => {
  const { answer, sink, downloads } = await begun(t);
  const reader = answer.body.getReader();
  const writing = sink.write(new Uint8Array(BLOCK), 0);
  await reader.read();
  await reader.cancel();
  await assert.rejects(writing, { code: 'file-stopped' });
  await assert.rejects(sink.write(new Uint8Array(1), BLOCK), { code: 'file-stopped' });
  assert.equal(downloads.open.size, 0);
});

test('a file that is called off is a download that failed, not a short file', async (t) => {
  const { answer, sink } = await begun(t);
  const arriving = assert.rejects(bytesOf(answer));
  const writing = assert.rejects(sink.write(new Uint8Array(BLOCK), 0), { code: 'file-stopped' });
  await sink.drop();
  await Promise.all([arriving, writing]);
});

test('without a service worker, or with one that knows nothing of it, there is no such place', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const what = { name: 'film.bin', size: 1 };
  assert.equal(await Download.prepare(what, Promise.resolve(null)), null);
  assert.equal(await Download.prepare(what, Promise.reject(new DOMException('no', 'SecurityError'))), null);
  let heard;
  const preparing = Download.prepare(what, Promise.resolve({ postMessage: (_, [port]) => { heard = port; } }));
  await turns();
  t.mock.timers.tick(5_000);
  assert.equal(await preparing, null);
  heard.close();
});

test('a service worker that is no more is noticed within half a minute, a page that does not open the address too', { timeout: 20_000 }, async (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  const { download } = await prepared(t);
  const { port1, port2 } = new MessageChannel(); // nobody answers at the other end
  const sinks = [new DownloadSink(port2), DownloadSink.open(download.port)];
  const outcomes = Promise.all([assert.rejects(sinks[0].write(new Uint8Array(1)), { code: 'file-stopped' }), assert.rejects(sinks[1], { code: 'file-stopped' })]);
  t.mock.timers.tick(32_000);
  await outcomes;
  port1.close();
});

test('a page that is gone without a word leaves a failed download; one that stands still for minutes does not', { timeout: 20_000 }, async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { downloads, download } = await prepared(t);
  const answer = downloads.answer(download.address);
  download.hold();
  t.after(() => download.end());
  for (let minute = 0; minute < 5 * 60_000; minute += 2_000) t.mock.timers.tick(2_000);
  assert.equal(downloads.open.size, 1, 'held, and pinged');
  download.end();
  const arriving = assert.rejects(bytesOf(answer));
  for (let second = 0; second < 30; second += 1) t.mock.timers.tick(1_000);
  await arriving;
  assert.equal(downloads.open.size, 0);
});

/** Bob takes a file of Alice's for which there is no room but among the downloads. `opened` is what the browser does with the address. */
async function taken(t, opened) {
  const world = new World();
  const alice = await world.join('Alice', { devices: false });
  const bob = await world.join('Bob', { devices: false, shelf: Object.assign(new FakeShelf(), { open }) });
  await world.untilConnected(alice, bob);
  const content = randomBytes(5 * BLOCK + 17);
  alice.call.files.send([new File([content], 'film.bin')], null);
  await world.clock.until(() => bob.transfers.length > 0, 'the offer');
  const [outgoing, incoming] = [alice.transfers[0], bob.transfers[0]];
  const { downloads, download } = await prepared(t, incoming);
  bob.call.files.addEventListener('download', ({ detail }) => opened(downloads.answer(detail.address)));
  incoming.accept(async () => ({ kind: 'downloads', download }));
  const over = async () => {
    for (let n = 0; n < 2_000 && !(outgoing.ended && incoming.ended); n += 1) {
      await turn();
      await world.clock.pass(10);
    }
    return [outgoing, incoming].map(({ state, problem }) => problem?.code ?? state);
  };
  return { content, incoming, outgoing, downloads, over };
}

test('in a call it arrives whole, and there is nothing left to save', async (t) => {
  let arriving;
  const { content, incoming, over, downloads } = await taken(t, (answer) => { arriving = bytesOf(answer); });
  assert.deepEqual(await over(), ['done', 'done']);
  assert.equal(incoming.url, null);
  assert.ok(content.equals(await arriving));
  assert.equal(downloads.open.size, 0);
});

test('in a call both sides are told that the download was stopped in the browser', async (t) => {
  const { over } = await taken(t, async ({ body }) => {
    const reader = body.getReader();
    await reader.read();
    await reader.read();
    await reader.cancel();
  });
  assert.deepEqual(await over(), ['file-stopped', 'file-stopped']);
});

test('in a call a cancelled file is a failed download', async (t) => {
  let arriving;
  const { outgoing, over, downloads } = await taken(t, (answer) => { arriving = assert.rejects(bytesOf(answer)); });
  outgoing.cancel();
  assert.deepEqual(await over(), ['cancelled', 'cancelled']);
  await arriving;
  assert.equal(downloads.open.size, 0);
});
