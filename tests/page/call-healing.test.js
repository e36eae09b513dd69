// What breaks while people call, and what becomes of the call: sockets, servers, paths, pages and seats.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { twoPeople } from './fakes/world.js';

test('sockets that break do not touch the call', async () => {
  const { world, alice, bob, clock } = await twoPeople();
  const connections = world.network.open;
  for (const socket of world.hub.sockets) socket.break();
  assert.equal(alice.call.state, 'reconnecting');
  await clock.pass(10_000);
  assert.equal(alice.call.state, 'joined');
  assert.deepEqual(world.network.open, connections);
  assert.deepEqual([alice, bob].flatMap(({ log }) => log.filter((line) => line.startsWith('peer-left'))), []);
});

test('a server that is restarted, and remembers nothing, does not touch the call', async () => {
  const { world, alice, bob, clock } = await twoPeople();
  const connections = world.network.open;
  const { peer } = alice;
  world.hub.crash();
  await clock.pass(60_000);
  assert.equal(alice.peer, peer, 'Bob stays while the server is away');
  world.hub.down = false;
  await clock.pass(10_000);
  assert.equal(alice.call.state, 'joined');
  assert.equal(alice.peer, peer);
  assert.equal(alice.call.peers.get(world.hub.people.find(({ name }) => name === 'Bob').id), peer, 'known by the new id');
  assert.deepEqual(world.network.open, connections);
  alice.call.talk.write('still here?');
  await clock.pass(500);
  assert.equal(bob.call.talk.messages.at(-1).text, 'still here?');
});

test('a server that says it restarts is believed: a notice, and what it relayed has another connection when it is back', async () => {
  for (const relayed of [false, true]) {
    const { world, alice, bob, clock } = await twoPeople();
    world.network.relayed = relayed;
    await clock.pass(2_000);
    const [before, log] = [alice.connection, []];
    alice.call.addEventListener('restarting', () => log.push(alice.call.restarting));
    for (const { socket } of world.hub.people) socket.hear({ type: 'restarting' });
    await clock.pass(500);
    assert.deepEqual([log, alice.connection], [[true], before], 'the call goes on');
    world.hub.crash();
    world.hub.down = false;
    await clock.pass(15_000);
    await world.untilConnected(alice, bob);
    assert.deepEqual([log, alice.call.restarting, alice.connection === before], [[true, false], false, !relayed]);
    assert.equal(world.network.open.length, 2, 'no connection is left over');
  }
});

test('after a restart that changed who makes the offers, a dead path is still mended', async () => {
  const { world, alice, bob, clock } = await twoPeople();
  world.hub.crash();
  bob.call.signaling.probe();
  world.hub.down = false;
  bob.call.signaling.probe();
  await clock.pass(15_000);
  assert.equal(bob.peer.line.offerer, true, 'Bob was back first');
  assert.equal(bob.peer.line.current.offerer, false, 'but the connection is the one Alice offered');
  world.network.cut = true;
  await clock.pass(25_000);
  world.network.cut = false;
  await world.untilConnected(alice, bob);
  await clock.pass(30_000);
  assert.equal(world.network.open.length, 2, 'no connection is left over');
});

test('a page that was reloaded comes back to its seat, and the connection is built anew', async () => {
  const { world, alice, bob, clock } = await twoPeople();
  const { peer } = alice;
  alice.call.talk.write('before the reload');
  await clock.pass(500);
  const { seat } = bob.call.greeting;
  bob.vanish();
  await clock.pass(1_000);
  assert.equal(alice.peer.away, true);
  const again = await world.join('Bob', { seats: { read: () => seat, write() {} } });
  await world.untilConnected(alice, again);
  assert.equal(alice.peer, peer, 'the same person to Alice');
  assert.equal(again.call.talk.messages.length, 0);
  alice.call.talk.write('welcome back');
  again.call.talk.write('thanks');
  await clock.pass(500);
  assert.deepEqual(again.call.talk.messages.filter(({ from }) => from !== 'you').map(({ text }) => text), ['welcome back']);
  assert.equal(alice.call.talk.messages.at(-1).text, 'thanks');
});

test('the one who makes the offers is reloaded: likewise', async () => {
  const { world, alice, bob, clock } = await twoPeople();
  const { seat } = alice.call.greeting;
  alice.vanish();
  await clock.pass(1_000);
  const again = await world.join('Alice', { seats: { read: () => seat, write() {} } });
  await world.untilConnected(again, bob);
  assert.equal(again.peer.line.current.offerer, true);
});

test('a cut of three seconds heals by itself', async () => {
  const { world, alice, bob, clock } = await twoPeople();
  const connections = world.network.open;
  world.network.cut = true;
  await clock.pass(2_000);
  assert.equal(alice.peer.link, 'weak');
  await clock.pass(1_000);
  world.network.cut = false;
  const healed = await world.untilConnected(alice, bob);
  assert.ok(healed <= 1_000, `${healed} ms`);
  assert.deepEqual(world.network.open, connections);
});

for (const seconds of [8, 14, 20, 45, 120]) {
  test(`a cut of ${seconds} seconds heals within a second of its end`, async () => {
    const { world, alice, bob, clock } = await twoPeople();
    world.network.cut = true;
    await clock.pass(seconds * 1000);
    assert.notEqual(alice.peer.link, 'good');
    world.network.cut = false;
    const healed = await world.untilConnected(alice, bob);
    assert.ok(healed <= 1_000, `${healed} ms`);
    await clock.pass(30_000);
    assert.equal(world.network.open.length, 2, 'no connection is left over');
    assert.equal(alice.peer.camera.getTracks().length, 2);
  });
}

test('another address in mid-call is mended as soon as the hub is found again, whatever was said into the dead socket', async () => {
  const { world, alice, bob, clock } = await twoPeople();
  await clock.pass(7_000);
  world.network.readdress();
  bob.call.signaling.socket.cut = true;
  await clock.pass(1_500);
  assert.notEqual(bob.peer.link, 'good');
  const healed = await world.untilConnected(alice, bob);
  assert.ok(healed <= 3_500, `${healed} ms`);
  assert.equal(world.network.open.length, 2, 'the same connections');
});

test('after 45 seconds without a path the person is told, and it still goes on trying', async () => {
  const { world, alice, bob, clock } = await twoPeople();
  world.network.cut = true;
  await clock.pass(46_000);
  assert.ok(alice.log.includes('problem Bob peer-unreachable'));
  assert.equal(alice.peer.link, 'lost');
  world.network.cut = false;
  await world.untilConnected(alice, bob);
});

test('the path and the server are away together: whichever returns first, the call heals', async () => {
  for (const first of ['path', 'server']) {
    const { world, alice, bob, clock } = await twoPeople();
    world.network.cut = true;
    world.hub.down = true;
    for (const socket of world.hub.sockets) socket.break();
    await clock.pass(20_000);
    if (first === 'path') world.network.cut = false;
    else world.hub.down = false;
    await clock.pass(5_000);
    world.network.cut = false;
    world.hub.down = false;
    const healed = await world.untilConnected(alice, bob);
    assert.ok(healed <= 3_000, `${first} first: ${healed} ms`);
  }
});

test('what was written during a cut is read after it, once', async () => {
  const { world, alice, bob, clock } = await twoPeople();
  world.network.cut = true;
  await clock.pass(5_000);
  alice.call.talk.write('one');
  await clock.pass(20_000);
  alice.call.talk.write('two');
  world.network.cut = false;
  await clock.pass(5_000);
  assert.deepEqual(bob.call.talk.messages.map(({ text }) => text), ['one', 'two']);
});

test('somebody whose computer dies is away at first, and gone when the seat is given up', async () => {
  const { alice, bob, clock } = await twoPeople();
  bob.vanish();
  await clock.pass(2_000);
  assert.equal(alice.peer.away, true);
  await clock.pass(60_000);
  assert.equal(alice.call.peers.size, 0);
  assert.ok(alice.log.includes('peer-left Bob lost'));
});

test('somebody whom the server lost, but who is still seen and heard, stays', async () => {
  const { world, alice, bob, clock } = await twoPeople();
  world.hub.down = true; // for new sockets: Alice's stays
  bob.call.signaling.socket.break();
  await clock.pass(60_000);
  assert.equal(world.hub.people.length, 1);
  assert.equal(alice.peer.link, 'good');
  world.network.cut = true;
  await clock.pass(15_000);
  assert.equal(alice.call.peers.size, 0);
});
