// A raised hand, signs that pass, an open whiteboard: said without words, and seen by everybody.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SIGNS, gesturesFrom, signFrom } from '../../web/call/gestures.js';
import { World } from './fakes/world.js';

async function two() {
  const world = new World();
  const alice = await world.join('Alice');
  const bob = await world.join('Bob');
  await world.untilConnected(alice, bob);
  const seen = [];
  bob.call.addEventListener('reaction', ({ detail }) => seen.push([detail.sign, detail.peer?.name]));
  return { world, alice, bob, seen };
}

test('a raised hand is seen by who is here, and by who comes later', async () => {
  const { world, alice, bob } = await two();
  alice.call.gesture({ hand: true });
  await world.clock.pass(500);
  assert.equal(bob.peer.gestures.hand, true);
  const carol = await world.join('Carol');
  await world.untilConnected(alice, bob, carol);
  assert.deepEqual([...carol.call.peers.values()].map(({ name, gestures }) => [name, gestures.hand]), [['Alice', true], ['Bob', false]]);
  alice.call.gesture({ hand: false });
  await world.clock.pass(500);
  assert.equal([...bob.call.peers.values()].some(({ gestures }) => gestures.hand), false);
});

test('a sign reaches the others once, with the name of who gave it', async () => {
  const { world, alice, seen } = await two();
  alice.call.talk.react(SIGNS[0]);
  await world.clock.pass(500);
  assert.deepEqual(seen, [[SIGNS[0], 'Alice']]);
});

test('what no page of ours would send is not shown', async () => {
  const { world, alice, seen } = await two();
  for (const sign of ['<b>', 'x'.repeat(9000), 7, undefined]) alice.peer.say({ type: 'reaction', sign });
  await world.clock.pass(500);
  assert.deepEqual(seen, []);
  assert.deepEqual(gesturesFrom({ type: 'state', hand: 'yes', board: 1 }), { hand: false, board: false });
  assert.equal(signFrom({ type: 'reaction', sign: ['👍'] }), null);
});

test('a message that the room does not know is handed on with who said it', async () => {
  const { world, alice, bob } = await two();
  const heard = [];
  bob.call.addEventListener('said', ({ detail }) => heard.push([detail.peer.name, detail.message.type]));
  alice.call.sayAll({ type: 'board-op', n: 1 });
  await world.clock.pass(500);
  assert.deepEqual(heard, [['Alice', 'board-op']]);
});
