// A whiteboard without a master: whoever knows the same acts sees the same picture.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoardLog } from '../../web/call/board/log.js';
import { SharedBoard } from '../../web/call/board/share.js';
import { World } from './fakes/world.js';

const line = (points, colour = 0) => ({ colour, width: 6, points });
/** What is to be seen, without who drew it when. */
const picture = (log) => log.lines.map(({ points }) => points);

test('a line grows under the pen, and its author takes it back, only the author', () => {
  const alice = new BoardLog('alice');
  const bob = new BoardLog('bob');
  for (const act of [alice.begin(line([1, 1])), alice.draw([2, 2, 3, 3])]) bob.take(act);
  assert.deepEqual(picture(bob), [[1, 1, 2, 2, 3, 3]]);
  assert.equal(bob.canUndo, false);
  assert.equal(bob.undo(), null);
  bob.take(alice.undo());
  assert.deepEqual(picture(bob), []);
});

test('in whatever order the acts of several people arrive, everybody sees the same', () => {
  const alice = new BoardLog('alice');
  const bob = new BoardLog('bob');
  const fromAlice = [alice.begin(line([1, 1])), alice.draw([2, 2]), alice.begin(line([3, 3])), alice.undo()];
  const fromBob = [bob.begin(line([9, 9])), bob.draw([8, 8])];
  for (const act of fromBob) alice.take(act);
  fromAlice.push(alice.begin(line([5, 5])));
  for (const act of fromAlice) bob.take(act);
  const carol = new BoardLog('carol');
  for (const act of [...fromBob, ...fromAlice]) carol.take(structuredClone(act));
  assert.deepEqual(picture(alice), picture(bob));
  assert.deepEqual(picture(carol), picture(bob));
  assert.deepEqual(picture(alice).at(-1), [5, 5], 'what was drawn over the rest lies on top');
});

test('clearing takes what was seen, not the line somebody else is just drawing', () => {
  const alice = new BoardLog('alice');
  const bob = new BoardLog('bob');
  bob.take(alice.begin(line([1, 1])));
  const unseen = alice.begin(line([2, 2]));
  const cleared = bob.clear();
  alice.take(cleared);
  bob.take(unseen);
  assert.deepEqual(picture(alice), [[2, 2]]);
  assert.deepEqual(picture(bob), [[2, 2]]);
});

test('an act that comes twice is done once, and one that comes too early is not done', () => {
  const alice = new BoardLog('alice');
  const bob = new BoardLog('bob');
  const [first, second] = [alice.begin(line([1, 1])), alice.draw([2, 2])];
  assert.equal(bob.take(second), 'gap');
  assert.equal(bob.take(first), 'new');
  assert.equal(bob.take(second), 'new');
  assert.equal(bob.take(second), 'known');
  assert.deepEqual(picture(bob), [[1, 1, 2, 2]]);
});

test('what no page of ours would send changes nothing', () => {
  const board = new BoardLog('bob');
  const good = { author: 'eve', n: 1, do: 'line', at: 1, colour: 0, width: 4, points: [1, 1] };
  const nonsense = [
    null, 7, 'act', {}, { ...good, n: 0 }, { ...good, author: '' }, { ...good, author: 'x'.repeat(65) }, { ...good, do: 'erase' }, { ...good, colour: 99 },
    { ...good, width: 5000 }, { ...good, points: [1] }, { ...good, points: Array(514).fill(1) }, { ...good, points: [1e9, 1] }, { ...good, points: [1.5, NaN] },
    { ...good, do: 'clear', seen: { eve: 'all' } }, { ...good, do: 'undo', line: -1 },
  ];
  for (const act of nonsense) assert.equal(board.take(act), 'bad', JSON.stringify(act));
  assert.deepEqual(picture(board), []);
  assert.equal(board.take(good), 'new', 'the sound one passes');
});

test('somebody who comes later is sent everything, also from people who left', async () => {
  const world = new World();
  const alice = await world.join('Alice');
  const bob = await world.join('Bob');
  await world.untilConnected(alice, bob);
  const boards = [new SharedBoard(alice.call), new SharedBoard(bob.call)];
  await world.clock.pass(500);
  for (let n = 0; n < 300; n += 1) {
    boards[0].begin(line([n, n]));
    boards[0].draw(Array.from({ length: 100 }, (_, index) => index));
  }
  boards[1].begin(line([7, 7]));
  await world.clock.pass(500);
  alice.call.leave();
  await world.clock.pass(500);
  const carol = await world.join('Carol');
  await world.untilConnected(bob, carol);
  const late = new SharedBoard(carol.call);
  await world.clock.pass(1000);
  assert.equal(late.log.lines.length, 301);
  assert.deepEqual(picture(late.log), picture(boards[1].log));
  assert.deepEqual(late.asked, []);
});

test('who opened the board after the others had begun catches up on what they missed', async () => {
  const world = new World();
  const alice = await world.join('Alice');
  const bob = await world.join('Bob');
  await world.untilConnected(alice, bob);
  const first = new SharedBoard(alice.call);
  first.begin(line([1, 1]));
  await world.clock.pass(500); // nobody listens at Bob's yet
  const second = new SharedBoard(bob.call);
  first.draw([2, 2]);
  await world.clock.pass(1000);
  assert.deepEqual(picture(second.log), [[1, 1, 2, 2]]);
});
