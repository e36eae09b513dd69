// The room's door: hosts, people who knock, passwords.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from './fakes/world.js';

async function hostAndGuest() {
  const world = new World();
  const alice = await world.join('Alice');
  const bob = await world.join('Bob');
  await world.untilConnected(alice, bob);
  return { world, alice, bob, clock: world.clock };
}

/** Opens a page and asks to come in, without waiting for the answer. */
async function knocks(world, name, more = {}) {
  const person = await world.open(name);
  person.joining = person.call.join({ room: 'kitchen', name, ...more });
  person.joining.catch(() => {});
  await world.clock.pass(0);
  return person;
}

test('everybody sees who the host is, and the host alone is one', async () => {
  const { alice, bob } = await hostAndGuest();
  assert.deepEqual([alice.call.door.host, bob.call.door.host], [true, false]);
  assert.deepEqual([alice.peer.host, bob.peer.host], [false, true]);
});

test('whoever knocks waits as long as it takes, and is in when a host opens', async () => {
  const { world, alice, clock } = await hostAndGuest();
  alice.call.door.set({ lobby: true });
  await clock.pass(0);
  const carol = await knocks(world, 'Carol');
  await clock.pass(60_000);
  assert.equal(carol.call.state, 'waiting');
  const [[id, { name }]] = alice.call.door.knocks;
  assert.equal(name, 'Carol');
  alice.call.door.command('admit', id);
  await clock.pass(0);
  await carol.joining;
  assert.equal(carol.call.state, 'joined');
  assert.equal(alice.call.door.knocks.size, 0);
});

test('whoever is not let in hears it', async () => {
  const { world, alice, clock } = await hostAndGuest();
  alice.call.door.set({ lobby: true });
  await clock.pass(0);
  const carol = await knocks(world, 'Carol');
  alice.call.door.command('decline', [...alice.call.door.knocks.keys()][0]);
  await clock.pass(0);
  await assert.rejects(carol.joining, { code: 'declined' });
});

test('whoever waits no longer is gone from the host’s list', async () => {
  const { world, alice, clock } = await hostAndGuest();
  alice.call.door.set({ lobby: true });
  await clock.pass(0);
  const carol = await knocks(world, 'Carol');
  carol.call.leave();
  await clock.pass(0);
  assert.equal(alice.call.door.knocks.size, 0);
});

test('a password is asked for, and opens', async () => {
  const { world, alice, clock } = await hostAndGuest();
  alice.call.door.set({ password: 'open sesame' });
  await clock.pass(0);
  await assert.rejects((await knocks(world, 'Carol')).joining, { code: 'password-needed' });
  await assert.rejects((await knocks(world, 'Carol', { password: 'guess' })).joining, { code: 'password-wrong' });
  const carol = await knocks(world, 'Carol', { password: 'open sesame' });
  assert.equal(carol.call.state, 'joined');
  assert.equal(alice.call.door.signs.password, true);
});

test('a host asks for quiet, and only the person speaks again', async () => {
  const { alice, bob, clock } = await hostAndGuest();
  const asked = [];
  bob.call.addEventListener('mute-asked', ({ detail }) => asked.push(detail.peer.name));
  alice.call.door.command('mute', alice.peer.id);
  await clock.pass(0);
  assert.equal(bob.media.microphone.on, false);
  assert.deepEqual(asked, ['Alice']);
  await bob.media.setMicrophone(true);
  assert.equal(bob.media.microphone.on, true);
});

test('whoever is sent out is out at once, and does not come back by themselves', async () => {
  const { world, alice, bob, clock } = await hostAndGuest();
  alice.call.door.command('remove', alice.peer.id);
  await clock.pass(60_000);
  assert.equal(bob.call.state, 'failed');
  assert.equal(bob.call.greeting.seat, undefined);
  assert.equal(alice.call.peers.size, 0);
  assert.equal(world.hub.people.length, 1);
});

test('the host hands over, and everybody sees it', async () => {
  const { alice, bob, clock } = await hostAndGuest();
  alice.call.door.command('hand-over', alice.peer.id);
  await clock.pass(0);
  assert.deepEqual([alice.call.door.host, bob.call.door.host], [false, true]);
  assert.deepEqual([alice.peer.host, bob.peer.host], [true, false]);
  bob.call.door.set({ locked: true });
  await clock.pass(0);
  assert.equal(alice.call.door.signs.locked, true);
});
