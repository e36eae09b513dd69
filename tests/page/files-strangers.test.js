// What somebody could do with files who is not one of ours.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemorySink } from '../../web/call/files/shelf.js';
import { Writer } from '../../web/call/files/writer.js';
import { MIB, aboutToSend, ended, offered } from './fakes/stage.js';

test('a sender who opens channels without end gets no more than any sender needs', async () => {
  const stage = await aboutToSend();
  const { outgoing, incoming } = await offered(stage);
  incoming.accept();
  await stage.clock.until(ended(outgoing, incoming), 'the end');
  const { connection } = await stage.alice.peer.fileLanes.lane(0).takeChannel('again');
  const opened = Array.from({ length: 100 }, (_, n) => connection.rtc.createDataChannel(`${n}`));
  await stage.clock.pass(1_000);
  assert.equal(opened.filter(({ readyState }) => readyState === 'open').length, 31, 'one was there');
});

test('who takes a byte at a time gets no file that way: it would keep the sender from all else', async () => {
  const stage = await aboutToSend();
  const { outgoing, incoming } = await offered(stage);
  incoming.accept();
  stage.world.network.largestMessage = 1;
  await stage.clock.until(ended(outgoing), 'the end');
  assert.equal(outgoing.state, 'failed');
});

test('a sender who does not wait for the receiver\'s disk is stopped', async () => {
  const stage = await aboutToSend();
  const { incoming } = await offered(stage);
  incoming.accept();
  stage.bob.call.files.disk.write = () => new Promise(() => {}); // a disk that hangs
  incoming.size = 1e12;
  await stage.clock.until(() => incoming.open, 'the shelf');
  for (let n = 0; n < 600; n += 1) incoming.take({ block: 0, from: 0, parts: [new ArrayBuffer(65_536)], check: null });
  await stage.clock.pass(100);
  assert.equal(incoming.state, 'failed');
  assert.equal(incoming.pending <= 33 << 20, true, 'what comes afterwards is not kept');
});

test('a sender who says nothing but checks is stopped too', async () => {
  const stage = await aboutToSend();
  const { incoming } = await offered(stage);
  incoming.accept();
  stage.bob.call.files.disk.write = () => new Promise(() => {});
  await stage.clock.until(() => incoming.open, 'the shelf');
  for (let n = 0; n < 40_000; n += 1) incoming.take({ block: 0, from: 0, parts: [], check: '' });
  await stage.clock.pass(100);
  assert.equal(incoming.state, 'failed');
});

test('a check that is none is not kept', async () => {
  const writer = new Writer(new MemorySink(), 40 * MIB);
  for (const check of ['x'.repeat(MIB), '', 'f'.repeat(63)]) await writer.write({ block: MIB, from: 0, parts: [new ArrayBuffer(9)], check });
  assert.deepEqual([...writer.blocks.values()].map(({ check }) => check), ['']);
});

test('nonsense about files does no harm', async () => {
  const stage = await aboutToSend();
  const { outgoing, incoming } = await offered(stage);
  const say = (message) => stage.bob.peer.say(message);
  for (const id of [outgoing.id, 'unknown', undefined]) {
    for (const type of ['file-ack', 'file-done', 'file-resume', 'file-end', 'file-weather']) say({ type, id, at: -1, check: 7 });
  }
  say({ type: 'file-offer', id: 'x', name: '../../.bashrc', size: -5 });
  say({ type: 'file-offer', id: 'y', name: '../../.bashrc', size: 5 });
  await stage.clock.pass(1_000);
  const shown = stage.alice.transfers.filter(({ direction }) => direction === 'in');
  assert.deepEqual(shown.map(({ name }) => name), ['bashrc']);
  assert.equal(incoming.ended || incoming.state === 'offered', true);
});
