// Files from page to page: offered, taken or not, whole, over cuts, and called off.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { MIB, aboutToSend, ended, offered } from './fakes/stage.js';

async function contents(transfer) {
  const { resolveObjectURL } = await import('node:buffer');
  return Buffer.from(await resolveObjectURL(transfer.url).arrayBuffer());
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

test('a file arrives whole, and both sides name its SHA-256 when they are asked', async () => {
  const stage = await aboutToSend();
  const { outgoing, incoming } = await offered(stage);
  assert.deepEqual([outgoing.state, incoming.state], ['waiting', 'offered']);
  assert.deepEqual([incoming.name, incoming.size], ['holiday.bin', stage.bytes.length]);
  incoming.accept();
  await stage.clock.until(ended(outgoing, incoming), 'the end');
  assert.deepEqual([outgoing.state, incoming.state], ['done', 'done']);
  for (const transfer of [outgoing, incoming]) {
    await transfer.addUp();
    assert.equal(transfer.sha256, sha256(stage.bytes));
  }
  assert.deepEqual([outgoing.sent, incoming.sent], [stage.bytes.length, stage.bytes.length]);
  assert.ok(stage.bytes.equals(await contents(incoming)));
});

test('an empty file is a file', async () => {
  const stage = await aboutToSend();
  stage.file = new File([], 'empty.txt');
  const { outgoing, incoming } = await offered(stage);
  incoming.accept();
  await stage.clock.until(ended(outgoing, incoming), 'the end');
  await incoming.addUp();
  assert.deepEqual([outgoing.state, incoming.state, incoming.sha256], ['done', 'done', sha256('')]);
});

test('nothing travels before the other side has agreed', async () => {
  const stage = await aboutToSend();
  const { outgoing } = await offered(stage);
  await stage.clock.pass(60_000);
  assert.equal(outgoing.sent, 0);
  assert.equal(stage.world.network.open.length, 2, 'not even a connection');
});

test('a declined file is declined on both sides', async () => {
  const stage = await aboutToSend();
  const { outgoing, incoming } = await offered(stage);
  incoming.decline();
  await stage.clock.until(ended(outgoing), 'the answer');
  assert.deepEqual([outgoing.state, incoming.state], ['declined', 'declined']);
});

for (const who of ['sender', 'receiver']) {
  test(`the ${who} calls it off, and the other side is told who did`, async () => {
    const stage = await aboutToSend(40);
    const { outgoing, incoming } = await offered(stage);
    incoming.accept();
    await stage.clock.until(() => incoming.sent > 0, 'the first bytes');
    (who === 'sender' ? outgoing : incoming).cancel();
    await stage.clock.until(ended(outgoing, incoming), 'the end');
    assert.deepEqual([outgoing.state, incoming.state], ['cancelled', 'cancelled']);
    assert.deepEqual([outgoing.by, incoming.by], who === 'sender' ? ['you', 'peer'] : ['peer', 'you']);
    const { sent } = incoming;
    await stage.clock.pass(10_000);
    assert.equal(incoming.sent, sent, 'nothing comes after');
    assert.equal(stage.bob.call.files.disk.waiting.size, 0);
  });
}

test('several files at once, each whole', async () => {
  const stage = await aboutToSend();
  const files = [1, 2, 3].map((n) => new File([stage.bytes.subarray(0, n * 500_000)], `${n}.bin`));
  stage.alice.call.files.send(files, stage.alice.peer.id);
  await stage.clock.until(() => stage.bob.transfers.length === 3, 'the offers');
  for (const incoming of stage.bob.transfers) incoming.accept();
  await stage.clock.until(ended(...stage.alice.transfers, ...stage.bob.transfers), 'the end');
  for (const [n, incoming] of stage.bob.transfers.entries()) assert.ok(stage.bytes.subarray(0, (n + 1) * 500_000).equals(await contents(incoming)));
});

test('a file to everybody is one transfer each', async () => {
  const stage = await aboutToSend();
  const carol = await stage.world.join('Carol', { devices: false });
  await stage.world.untilConnected(stage.alice, stage.bob, carol);
  stage.alice.call.files.send([stage.file], null);
  await stage.clock.until(() => stage.bob.transfers.length === 1 && carol.transfers.length === 1, 'the offers');
  carol.transfers[0].accept();
  stage.bob.transfers[0].decline();
  await stage.clock.until(ended(...stage.alice.transfers), 'the end');
  assert.deepEqual(stage.alice.transfers.map(({ peer, state }) => [peer.name, state]), [['Bob', 'declined'], ['Carol', 'done']]);
});

for (const seconds of [2, 8, 30]) {
  test(`a file goes on after a cut of ${seconds} seconds where it was`, async () => {
    const stage = await aboutToSend(40);
    const { outgoing, incoming } = await offered(stage);
    incoming.accept();
    await stage.clock.until(() => incoming.sent > 2 * MIB, 'the first bytes');
    stage.world.network.cut = true;
    await stage.clock.pass(seconds * 1000);
    assert.equal(outgoing.ended, false);
    stage.world.network.cut = false;
    await stage.clock.until(ended(outgoing, incoming), 'the end');
    assert.equal(outgoing.state, 'done');
    assert.ok(stage.bytes.equals(await contents(incoming)));
  });
}

test('when the other person is gone, both sides say so', async () => {
  const stage = await aboutToSend(40);
  const { outgoing, incoming } = await offered(stage);
  incoming.accept();
  await stage.clock.until(() => incoming.sent > 0, 'the first bytes');
  stage.bob.call.leave();
  await stage.clock.pass(500);
  for (const transfer of [outgoing, incoming]) assert.deepEqual([transfer.state, transfer.problem?.code], ['failed', 'peer-gone']);
});

test('a file larger than there is room for is refused before the first byte, with the reason on both sides', async () => {
  const stage = await aboutToSend();
  const { Problem } = await import('../../web/call/problem.js');
  const { outgoing, incoming } = await offered(stage);
  stage.bob.call.files.disk.open = async () => { throw new Problem('file-too-large'); };
  incoming.accept();
  await stage.clock.until(ended(outgoing, incoming), 'the end');
  for (const transfer of [outgoing, incoming]) assert.deepEqual([transfer.state, transfer.problem.code, transfer.sent], ['failed', 'file-too-large', 0]);
});

test('a file that changes or disappears while it is read fails on both sides', async () => {
  const stage = await aboutToSend(40);
  const { outgoing, incoming } = await offered(stage);
  incoming.accept();
  await stage.clock.until(() => incoming.sent > 0, 'the first bytes');
  stage.file.slice = () => { throw new DOMException('gone', 'NotReadableError'); };
  await stage.clock.until(ended(outgoing, incoming), 'the end');
  for (const transfer of [outgoing, incoming]) assert.deepEqual([transfer.state, transfer.problem.code], ['failed', 'file-unreadable']);
});

/** The receiver's worker gets the first block of the file with a flipped bit, this many times. */
function flipped(stage, times) {
  const { disk } = stage.bob.call.files;
  const write = disk.write.bind(disk);
  let left = times;
  disk.write = (id, piece) => {
    if (left > 0 && piece.block === 0) {
      left -= 1;
      new Uint8Array(piece.parts[0])[100] ^= 1;
    }
    return write(id, piece);
  };
}

test('bytes that changed on the way are found out in the mebibyte where it happened, and sent again', async () => {
  const stage = await aboutToSend(5);
  const { outgoing, incoming } = await offered(stage);
  flipped(stage, 1);
  incoming.accept();
  await stage.clock.until(ended(outgoing, incoming), 'the end');
  assert.equal(outgoing.state, 'done');
  assert.ok(stage.bytes.equals(await contents(incoming)));
});

test('bytes that change again and again are given up, on both sides', async () => {
  const stage = await aboutToSend();
  const { outgoing, incoming } = await offered(stage);
  flipped(stage, 99);
  incoming.accept();
  await stage.clock.until(ended(outgoing, incoming), 'the end');
  for (const transfer of [outgoing, incoming]) assert.deepEqual([transfer.state, transfer.problem.code], ['failed', 'file-hash']);
  assert.equal(incoming.url, null);
});

for (const who of ['sender', 'receiver']) {
  test(`the ${who} holds a file and lets it go on; the other side cannot overrule it`, async () => {
    const stage = await aboutToSend(40);
    const { outgoing, incoming } = await offered(stage);
    const [holder, other] = who === 'sender' ? [outgoing, incoming] : [incoming, outgoing];
    incoming.accept();
    await stage.clock.until(() => incoming.sent > 2 * MIB, 'the first bytes');
    holder.pause(true);
    await stage.clock.pass(2_000);
    assert.deepEqual([holder.state, holder.paused.you, other.state, other.paused.peer], ['paused', true, 'paused', true]);
    const { sent } = incoming;
    other.pause(true);
    other.pause(false);
    await stage.clock.pass(5_000);
    assert.deepEqual([other.state, incoming.sent], ['paused', sent], 'still held by the one who held it');
    holder.pause(false);
    await stage.clock.until(ended(outgoing, incoming), 'the end');
    assert.equal(outgoing.state, 'done');
    assert.ok(stage.bytes.equals(await contents(incoming)));
  });
}

test('a paused file lets the next one go first', async () => {
  const stage = await aboutToSend(40);
  const files = [1, 2, 3].map((n) => new File([stage.bytes], `${n}.bin`));
  stage.alice.call.files.send(files, null);
  await stage.clock.until(() => stage.bob.transfers.length === 3, 'the offers');
  for (const incoming of stage.bob.transfers) incoming.accept();
  const [first, second, third] = stage.alice.transfers;
  await stage.clock.until(() => first.sent > MIB && second.sent > MIB, 'the first bytes');
  assert.deepEqual([first.state, second.state, third.state, third.sent], ['running', 'running', 'queued', 0]);
  first.pause(true);
  await stage.clock.until(() => third.sent > MIB, 'its turn');
  first.pause(false);
  await stage.clock.until(ended(...stage.alice.transfers, ...stage.bob.transfers), 'the end');
  for (const incoming of stage.bob.transfers) assert.ok(stage.bytes.equals(await contents(incoming)));
});

test('a folder arrives as one archive that any program opens', async () => {
  const stage = await aboutToSend();
  const folder = { name: 'Holiday', files: [
    { path: 'Holiday/sea/浪.jpg', file: new File([stage.bytes], '浪.jpg', { lastModified: Date.UTC(2026, 4, 3) }) },
    { path: 'Holiday/list.txt', file: new File(['towels'], 'list.txt') },
  ] };
  stage.alice.call.files.send([folder], null);
  await stage.clock.until(() => stage.bob.transfers.length > 0, 'the offer');
  const [incoming] = stage.bob.transfers;
  assert.deepEqual([incoming.name, incoming.count], ['Holiday.zip', 2]);
  incoming.accept();
  await stage.clock.until(ended(incoming), 'the end');
  assert.equal(incoming.state, 'done');
  const archive = await contents(incoming);
  assert.equal(archive.length, incoming.size);
  assert.ok(archive.includes(stage.bytes) && archive.includes('towels') && archive.includes('Holiday/sea/浪.jpg'));
});

/** Closes somebody's page and opens it again, in the same seat. */
async function reload(stage, person, { shelf } = {}) {
  const { seat } = person.call.greeting;
  person.vanish();
  const again = await stage.world.join(person.name, { devices: false, seats: { read: () => seat, write: () => {} }, shelf });
  await stage.world.untilConnected(...[stage.alice, stage.bob].map((one) => (one === person ? again : one)));
  return again;
}

test('the receiver\'s page is reloaded: the file goes on where it was, without a question', async () => {
  const stage = await aboutToSend(40);
  const shelf = stage.shelf;
  const { outgoing, incoming } = await offered(stage);
  incoming.accept();
  await stage.clock.until(() => incoming.sent > 4 * MIB, 'the first bytes');
  const { sent } = incoming;
  const bob = await reload(stage, stage.bob, { shelf });
  await stage.clock.until(() => bob.transfers.length > 0, 'its row');
  const [resumed] = bob.transfers;
  assert.ok(resumed.sent >= sent - MIB, `${resumed.sent} of ${sent}`);
  await stage.clock.until(ended(outgoing, resumed), 'the end');
  assert.equal(outgoing.state, 'done');
  assert.ok(stage.bytes.equals(await contents(resumed)));
});

test('a file that has arrived is still there to be saved after a reload', async () => {
  const stage = await aboutToSend();
  const { outgoing, incoming } = await offered(stage);
  incoming.accept();
  await stage.clock.until(ended(outgoing, incoming), 'the end');
  const bob = await reload(stage, stage.bob, { shelf: stage.shelf });
  await stage.clock.until(() => bob.transfers.length > 0, 'its row');
  assert.equal(bob.transfers[0].state, 'done');
  assert.ok(stage.bytes.equals(await contents(bob.transfers[0])));
});

test('the sender\'s page is reloaded: chosen again, the file goes on where it was', async () => {
  const stage = await aboutToSend(40);
  const { incoming } = await offered(stage);
  incoming.accept();
  await stage.clock.until(() => incoming.sent > 4 * MIB, 'the first bytes');
  const alice = await reload(stage, stage.alice);
  await stage.clock.until(() => alice.transfers.length > 0, 'its row');
  const [wanted] = alice.transfers;
  assert.deepEqual([wanted.state, wanted.name, incoming.state], ['interrupted', 'holiday.bin', 'interrupted']);
  assert.equal(await alice.call.files.again(wanted, new File(['x'], 'holiday.bin')), false, 'another file of the same name');
  assert.equal(await alice.call.files.again(wanted, stage.file), true);
  await stage.clock.until(() => incoming.state === 'running', 'going on');
  assert.ok(incoming.sent >= 4 * MIB);
  await stage.clock.until(ended(wanted, incoming), 'the end');
  assert.equal(wanted.state, 'done');
  assert.ok(stage.bytes.equals(await contents(incoming)));
});

test('the sender\'s page is reloaded, and the file was changed meanwhile: nobody gets a mixture', async () => {
  const stage = await aboutToSend(40);
  const { incoming } = await offered(stage);
  incoming.accept();
  await stage.clock.until(() => incoming.sent > 4 * MIB, 'the first bytes');
  const alice = await reload(stage, stage.alice);
  await stage.clock.until(() => alice.transfers.length > 0, 'its row');
  stage.bytes[5] ^= 1;
  alice.call.files.send([new File([stage.bytes], 'holiday.bin')], null);
  await stage.clock.until(ended(incoming, alice.transfers[0]), 'the end');
  assert.deepEqual([incoming.state, incoming.problem.code, alice.transfers.length], ['failed', 'file-changed', 1]);
});

test('both pages are reloaded at once, and the file still goes on', async () => {
  const stage = await aboutToSend(40);
  const { incoming } = await offered(stage);
  incoming.accept();
  await stage.clock.until(() => incoming.sent > 4 * MIB, 'the first bytes');
  const { seat } = stage.bob.call.greeting;
  stage.bob.vanish();
  const alice = await (async () => {
    const { seat: hers } = stage.alice.call.greeting;
    stage.alice.vanish();
    return stage.world.join('Alice', { devices: false, seats: { read: () => hers, write: () => {} } });
  })();
  const bob = await stage.world.join('Bob', { devices: false, seats: { read: () => seat, write: () => {} }, shelf: stage.shelf });
  await stage.clock.until(() => alice.transfers.length > 0, 'her row');
  alice.call.files.send([stage.file], null);
  await stage.clock.until(() => bob.transfers[0]?.ended, 'the end');
  assert.equal(bob.transfers[0].state, 'done');
  assert.ok(stage.bytes.equals(await contents(bob.transfers[0])));
});

test('files go one after the other over one channel, which nobody closes: Firefox takes nothing of the next one on its stream', async () => {
  const stage = await aboutToSend();
  for (const n of [0, 1]) {
    stage.alice.call.files.send([stage.file], null);
    await stage.clock.until(() => stage.bob.transfers.length > n, 'the offer');
    const [outgoing, incoming] = [stage.alice.transfers[n], stage.bob.transfers[n]];
    incoming.accept();
    await stage.clock.until(ended(outgoing, incoming), 'the end');
    assert.equal(incoming.state, 'done');
    assert.ok(stage.bytes.equals(await contents(incoming)));
  }
  const carriers = stage.world.network.open.map(({ channels }) => channels.filter(({ id }) => id === null));
  assert.deepEqual(carriers.flat().map(({ label, readyState }) => [label, readyState]), Array(2).fill([stage.bob.transfers[0].id, 'open']), 'an end on either side');
});
