// The decisions behind files: which block next, whose turn, how many lanes, where to keep what comes, an archive's bytes.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Crc32 } from '../../web/call/files/crc32.js';
import { thingsFrom } from '../../web/call/files/folders.js';
import { BLOCK } from '../../web/call/files/frames.js';
import { CREDIT, Ledger } from '../../web/call/files/ledger.js';
import { choosePlace } from '../../web/call/files/place.js';
import { Reader } from '../../web/call/files/reader.js';
import { Turns } from '../../web/call/files/turns.js';
import { Width } from '../../web/call/files/width.js';
import { Zip } from '../../web/call/files/zip.js';

const GIB = 2 ** 30;

test('each block goes over one lane, in order', () => {
  const ledger = new Ledger(3 * BLOCK + 1);
  assert.deepEqual([ledger.take('a'), ledger.take('b'), ledger.take('a'), ledger.take('b'), ledger.take('a')], [0, BLOCK, 2 * BLOCK, 3 * BLOCK, null]);
});

test('no more is sent ahead than the receiver\'s memory was promised', () => {
  const ledger = new Ledger(100 * BLOCK);
  while (ledger.take('a') !== null);
  assert.equal(ledger.next, CREDIT);
  ledger.settle(2 * BLOCK);
  assert.deepEqual([ledger.take('a'), ledger.take('a'), ledger.take('a')], [CREDIT, CREDIT + BLOCK, null]);
});

test('what a broken lane had under way goes first, over another; what arrived does not go again', () => {
  const ledger = new Ledger(100 * BLOCK);
  for (const lane of ['a', 'b', 'a', 'b', 'a']) ledger.take(lane);
  ledger.settle(BLOCK);
  ledger.lost('a');
  assert.deepEqual([ledger.take('b'), ledger.take('b'), ledger.take('b')], [2 * BLOCK, 4 * BLOCK, 5 * BLOCK]);
  ledger.settle(3 * BLOCK);
  ledger.lost('a');
  assert.equal(ledger.take('b'), 6 * BLOCK, 'the lane is lost once');
});

test('a block that came wrong is repeated, one that nobody sent is not', () => {
  const ledger = new Ledger(100 * BLOCK);
  ledger.take('a');
  ledger.repeat(0);
  ledger.repeat(50 * BLOCK);
  assert.deepEqual([ledger.take('a'), ledger.take('a')], [0, BLOCK]);
});

test('two go at a time, the others in the order they came, whoever leaves makes room', () => {
  const turns = new Turns(2);
  const went = [];
  for (const who of ['a', 'b', 'c', 'd']) turns.enter(who, () => went.push(who));
  assert.deepEqual(went, ['a', 'b']);
  turns.leave('c');
  turns.leave('a');
  assert.deepEqual(went, ['a', 'b', 'd']);
});

/** What a path makes of a width: `carries(lanes)` bytes a second. */
function settledWidth({ rtt, carries, free = true }) {
  const width = new Width();
  for (let now = 0; now < 60_000; now += 500) width.look({ now, rtt, rate: carries(width.lanes), free });
  return width.lanes;
}

test('on a long path four lanes, on a local network one', () => {
  assert.equal(settledWidth({ rtt: 0.05, carries: (lanes) => lanes * 900_000 }), 4);
  assert.equal(settledWidth({ rtt: 0.001, carries: () => 25e6 }), 1);
});

test('more lanes stay where they do not hurt, and go where they do', () => {
  assert.equal(settledWidth({ rtt: 0.05, carries: () => 900_000 }), 4);
  assert.equal(settledWidth({ rtt: 0.05, carries: (lanes) => 900_000 / lanes }), 1);
});

test('while people talk, and while nothing runs, nothing is widened', () => {
  assert.equal(settledWidth({ rtt: 0.05, carries: (lanes) => lanes * 900_000, free: false }), 1);
  assert.equal(settledWidth({ rtt: 0.05, carries: () => 0 }), 1);
});

test('a queue of our own making is not distance', () => {
  const width = new Width();
  width.look({ now: 0, rtt: 0.001, rate: 0, free: true });
  for (let now = 500; now < 60_000; now += 500) width.look({ now, rtt: 0.3, rate: 1e6, free: true });
  assert.equal(width.lanes, 1);
});

const disk = (quota, more = quota) => ({ async getDirectory() {}, async estimate() { return { quota: this.asked ? more : quota, usage: 0 }; }, async persist() { this.asked = true; return true; } });

const download = /** @type {any} */ ({ address: '/save/x' });
const prepare = async () => download;

test('a file goes to the browser\'s disk while there is room, else where the person says, else to the downloads, else it is refused', async () => {
  const what = { name: 'film.mkv', size: 3 * GIB };
  const pick = async ({ suggestedName }) => ({ name: suggestedName });
  assert.deepEqual(await choosePlace(what, { storage: disk(10 * GIB), pick, prepare }), { kind: 'shelf' });
  assert.deepEqual(await choosePlace(what, { storage: disk(GIB), pick, prepare }), { kind: 'chosen', handle: { name: 'film.mkv' } });
  assert.deepEqual(await choosePlace(what, { storage: disk(GIB, 10 * GIB), prepare }), { kind: 'shelf' }, 'Firefox gives more when asked');
  assert.equal(await choosePlace(what, { storage: disk(GIB), prepare, pick: async () => { throw new DOMException('no', 'AbortError'); } }), null);
  assert.deepEqual(await choosePlace(what, { storage: disk(GIB), prepare }), { kind: 'downloads', download });
  await assert.rejects(() => choosePlace(what, { storage: disk(GIB), prepare: async () => null }), { code: 'file-too-large' });
});

for (const [which, storage] of /** @type {const} */ ([['without a disk of its own', undefined], ['that has one and does not give it', { async getDirectory() { throw new DOMException('no', 'SecurityError'); } }]])) {
  test(`a browser ${which} takes to its downloads, or without any what memory can hold`, async () => {
    assert.deepEqual(await choosePlace({ name: 'a', size: 1 << 20 }, { storage, prepare }), { kind: 'shelf' }, 'a small one is not worth a question');
    assert.deepEqual(await choosePlace({ name: 'a', size: 200 << 20 }, { storage, prepare }), { kind: 'downloads', download });
    assert.deepEqual(await choosePlace({ name: 'a', size: 200 << 20 }, { storage }), { kind: 'memory' });
    await assert.rejects(() => choosePlace({ name: 'a', size: 300 << 20 }, { storage }), { code: 'file-too-large' });
  });
}

test('a chosen folder is one thing, single files are themselves', () => {
  const inFolder = (path) => Object.assign(new File(['x'], path.split('/').at(-1)), { webkitRelativePath: path });
  const [letter, photos] = thingsFrom([new File(['x'], 'letter.txt'), inFolder('photos/a.jpg'), inFolder('photos/2026/b.jpg')]);
  assert.equal(letter.name, 'letter.txt');
  assert.deepEqual([photos.name, photos.files.map(({ path }) => path)], ['photos', ['photos/a.jpg', 'photos/2026/b.jpg']]);
});

test('the check sum is the one of the standard, in pieces of any length', () => {
  const sum = new Crc32();
  for (const piece of ['1', '2345', '', '6789']) sum.update(Buffer.from(piece));
  assert.equal(sum.value, 0xcbf43926);
});

const entry = (path, bytes, modified = Date.UTC(2026, 10, 22)) => ({ path, size: bytes.length, modified, bytes: async (from, to) => bytes.subarray(from, to) });

test('any part of an archive, read in any order, is the same bytes', async () => {
  const make = () => new Zip([entry('a/1', randomBytes(0)), entry('a/2', Buffer.alloc(300_000, 7)), entry('a/3', Buffer.alloc(5, 8))]);
  const zip = make();
  const whole = await zip.bytes(0, zip.size);
  for (let at = zip.size - 1000; at > 0; at -= 1000) assert.deepEqual(await make().bytes(at, at + 1000), whole.subarray(at, at + 1000));
});

test('beyond 4 GiB the directory of an archive says so in 64 bits', async () => {
  const huge = { path: 'film', size: 5 * GIB, modified: 0, bytes: async (from, to) => new Uint8Array(to - from) };
  const zip = new Zip([huge, entry('after', Buffer.from('x'))]);
  for (const part of zip.parts) if ('entry' in part) Object.assign(part.entry, { summed: part.entry.entry.size });
  const tail = Buffer.from(await zip.bytes(zip.size - 300, zip.size));
  const end = tail.indexOf('PK\x06\x06');
  assert.equal(Number(tail.readBigUInt64LE(end + 32)), 2, 'files');
  const directory = Number(tail.readBigUInt64LE(end + 48));
  assert.equal(Buffer.from(await zip.bytes(directory, directory + 4)).toString('latin1'), 'PK\x01\x02');
  assert.equal(tail.readUInt32LE(tail.length - 6), 0xffffffff, 'old programs are told to look there');
});

test('a file that shrinks while it is read is unreadable, not shorter', async () => {
  const reader = new Reader({ size: 2 * BLOCK, bytes: async (from, to) => new Uint8Array(from === 0 ? to : 10) });
  await reader.read(0, 65_536);
  await assert.rejects(reader.read(BLOCK, 65_536), { code: 'file-unreadable' });
});
