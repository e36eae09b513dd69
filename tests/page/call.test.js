// Calls, as the people in them live through them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { twoPeople, World } from './fakes/world.js';

test('two people find each other, and the one who was there makes the offer', async () => {
  const { alice, bob } = await twoPeople();
  assert.equal(alice.peer.name, 'Bob');
  assert.equal(bob.peer.name, 'Alice');
  assert.equal(alice.peer.line.current.offerer, true);
  assert.equal(bob.peer.line.current.offerer, false);
});

test('each sees camera and microphone of the other, and what they show', async () => {
  const { alice, bob } = await twoPeople();
  for (const [me, other] of [[alice, bob], [bob, alice]]) {
    assert.deepEqual(me.peer.camera.getTracks().map(({ kind }) => kind), ['audio', 'video']);
    assert.deepEqual(me.peer.screen.getTracks().map(({ kind }) => kind), ['video', 'audio']);
    assert.deepEqual(me.peer.shows, { microphone: true, camera: true, screen: false, saving: false });
    const sent = me.connection.transceivers.map(({ sender }) => sender.track);
    assert.deepEqual(sent, [me.media.microphone.track, me.media.camera.track, null, null]);
    assert.ok(other);
  }
});

test('three people are three pairs', async () => {
  const world = new World();
  const people = [];
  for (const name of ['Alice', 'Bob', 'Carol']) people.push(await world.join(name));
  await world.untilConnected(...people);
  assert.equal(world.network.open.length, 6);
});

test('muting, switching the camera off and sharing a screen need no negotiation', async () => {
  const { world, alice, bob, clock } = await twoPeople();
  const before = alice.connection.localDescription;
  await alice.media.setMicrophone(false);
  await alice.media.setCamera(false);
  await alice.media.shareScreen();
  await clock.pass(500);
  assert.deepEqual(bob.peer.shows, { microphone: false, camera: false, screen: true, saving: false });
  assert.equal(alice.connection.transceivers[2].sender.track, alice.media.screen.track);
  assert.equal(alice.connection.localDescription, before);
  assert.equal(world.network.open.length, 2);
});

test('a picture that nobody looks at is not sent, and comes back when somebody does', async () => {
  const { alice, bob, clock } = await twoPeople();
  const [, camera] = bob.connection.transceivers;
  alice.peer.watch({ camera: 0, screen: 0 });
  await clock.pass(500);
  assert.equal(camera.sender.parameters.encodings[0].active, false);
  alice.peer.watch({ camera: 360, screen: 0 });
  await clock.pass(500);
  const [{ active, scaleResolutionDownBy }] = camera.sender.parameters.encodings;
  assert.deepEqual([active, scaleResolutionDownBy], [true, 2]);
});

test('when the relay runs dry, pictures through it become small and then stop, direct ones stay, and all come back', async () => {
  const { world, alice, bob, clock } = await twoPeople();
  const [, camera] = bob.connection.transceivers;
  const sends = () => { const [{ active, maxBitrate }] = camera.sender.parameters.encodings; return [active, maxBitrate]; };
  const hub = (left) => { for (const { socket } of world.hub.people) socket.hear({ type: 'relay-budget', left }); };
  hub('lower');
  await clock.pass(1_000);
  assert.deepEqual([...sends(), bob.call.sending.spared], [true, 1_800_000, 'nothing'], 'a direct path costs nothing');
  world.network.relayed = true;
  await clock.pass(2_000);
  assert.deepEqual([...sends(), bob.call.sending.spared], [true, 600_000, 'bits']);
  hub('audio-only');
  await clock.pass(500);
  assert.deepEqual([sends()[0], alice.call.sending.spared], [false, 'pictures']);
  hub('used-up');
  world.network.relayed = false;
  await clock.pass(2_000);
  assert.deepEqual([...sends(), bob.call.sending.spared], [true, 1_800_000, 'nothing']);
  world.network.relayed = true;
  hub('plenty');
  await clock.pass(2_000);
  assert.deepEqual([...sends(), bob.call.sending.spared], [true, 1_800_000, 'nothing']);
});

test('after a cut the encoders begin with a whole picture, but not for those who do not look', async () => {
  const { world, alice, bob, clock } = await twoPeople();
  const [, camera] = bob.connection.transceivers;
  alice.peer.watch({ camera: 0, screen: 0 });
  world.network.cut = true;
  await clock.pass(3_000);
  world.network.cut = false;
  await world.untilConnected(alice, bob);
  await clock.pass(1_000);
  assert.equal(camera.sender.parameters.encodings[0].active, false);
});

test('a person without any device is in the call', async () => {
  const world = new World();
  const alice = await world.join('Alice', { devices: false });
  const bob = await world.join('Bob', { devices: false });
  await world.untilConnected(alice, bob);
  await world.clock.pass(60_000);
  assert.equal(alice.peer.link, 'good');
  assert.deepEqual(bob.peer.shows, { microphone: false, camera: false, screen: false, saving: false });
});

test('chat reaches everybody and stands in everybody\'s list', async () => {
  const { alice, bob, clock } = await twoPeople();
  alice.call.talk.write('  hello  ');
  bob.call.talk.write('你好');
  bob.call.talk.write('   ');
  await clock.pass(500);
  assert.deepEqual(alice.call.talk.messages.map(({ from, name, text }) => [from === 'you', name, text]), [[true, 'Alice', 'hello'], [false, 'Bob', '你好']]);
  assert.equal(bob.call.talk.messages.length, 2);
});

test('who leaves is gone at once, and may come again', async () => {
  const { world, alice, bob, clock } = await twoPeople();
  bob.call.leave();
  await clock.pass(100);
  assert.equal(alice.call.peers.size, 0);
  assert.equal(bob.call.state, 'left');
  const again = await world.join('Bob');
  await world.untilConnected(alice, again);
});

test('a full room says so', async () => {
  const world = new World();
  world.hub.maxPeople = 2;
  const alice = await world.join('Alice');
  const bob = await world.join('Bob');
  const carol = await world.open('Carol');
  await assert.rejects(Promise.all([carol.call.join({ room: 'kitchen', name: 'Carol' }), world.clock.pass(100)]), { code: 'room-full' });
  assert.equal(carol.call.state, 'full');
  await world.untilConnected(alice, bob);
});

test('a server that cannot be reached is said after ten seconds', async () => {
  const world = new World();
  world.hub.down = true;
  const alice = await world.open('Alice');
  await assert.rejects(Promise.all([alice.call.join({ room: 'kitchen', name: 'Alice' }), world.clock.pass(10_000)]), { code: 'no-connection' });
  assert.equal(alice.call.state, 'failed');
});

test('coming in by another tab ends this one with words', async () => {
  const { world, alice, clock } = await twoPeople();
  alice.call.signaling.socket.hear({ type: 'error', code: 'replaced', message: 'you came in by another tab' });
  await clock.pass(60_000);
  assert.equal(alice.call.state, 'failed');
  assert.ok(alice.log.includes('state failed replaced'));
  assert.equal(world.hub.sockets.filter(({ readyState }) => readyState === 1).length, 1);
});

test('relay credentials are renewed before they end, and reach every connection', async () => {
  const { world, alice, clock } = await twoPeople();
  const { socket } = alice.call.signaling;
  await clock.pass(2_701_000);
  assert.ok(socket.sent.some(({ type }) => type === 'ice-refresh'));
  socket.hear({ type: 'ice-servers', ice_servers: [{ urls: ['turn:fresh'] }], ice_ttl: 3600 });
  assert.deepEqual(alice.connection.config.iceServers, [{ urls: ['turn:fresh'] }]);
  assert.ok(world);
});

test('nothing that a peer says through the hub can hurt', async () => {
  const { alice, bob, clock, world } = await twoPeople();
  const junk = [
    { connection: 'call', epoch: 9_999_999_999, description: { type: 'offer', sdp: 'nonsense' } },
    { connection: 'call', epoch: 1, description: { type: 'answer', sdp: '{}' } },
    { connection: 'call', epoch: alice.peer.line.epoch, candidate: { candidate: 'nonsense' } },
    { connection: 'call', epoch: alice.peer.line.epoch, description: { type: 'answer', sdp: '{}' } },
    { connection: 'weather', epoch: 1, request: 'rain' },
    { connection: 'call', epoch: 0, request: 'unknown' },
  ];
  for (const payload of junk) alice.call.signaling.socket.hear({ type: 'signal', from: bob.call.you.id, payload });
  await clock.pass(60_000);
  assert.equal(alice.peer.link, 'good');
  assert.ok(world);
});

/** What Alice's connection to Bob may send of her camera. */
const cameraLimits = (person) => person.connection.transceivers[1].sender.parameters.encodings[0];

async function inACall() {
  const world = new World();
  const alice = await world.join('Alice');
  const bob = await world.join('Bob');
  await world.untilConnected(alice, bob);
  await world.clock.pass(1_000);
  return { world, alice, bob };
}

test('the other page shows a picture small: it is sent small', async () => {
  const { world, alice, bob } = await inACall();
  bob.peer.watch({ camera: 240, screen: 0 });
  await world.clock.pass(500);
  assert.deepEqual([cameraLimits(alice).scaleResolutionDownBy, cameraLimits(alice).active], [3, true]);
  bob.peer.watch({ camera: 0, screen: 0 });
  await world.clock.pass(500);
  assert.equal(cameraLimits(alice).active, false);
});

test('who wants only voices sends no picture and gets none, and everything returns with another choice', async () => {
  const { world, alice, bob } = await inACall();
  bob.peer.watch({ camera: 720, screen: 0 });
  bob.call.sending.usePreset('audio');
  await world.clock.pass(500);
  assert.deepEqual([cameraLimits(alice).active, cameraLimits(bob).active, alice.peer.shows.camera], [false, false, false]);
  bob.call.sending.usePreset('saver');
  await world.clock.pass(500);
  assert.deepEqual([cameraLimits(alice).active, cameraLimits(bob).active, alice.peer.shows.camera], [true, true, true]);
  assert.ok(cameraLimits(bob).maxBitrate <= 300_000);
  assert.equal(cameraLimits(bob).scaleResolutionDownBy, 2);
});

test('a path that loses what is sent: the picture goes so that the voice stays, both sides know, and it returns', async () => {
  const { world, alice, bob } = await inACall();
  alice.connection.lossOut = 0.3;
  await world.clock.until(() => alice.peer.saving, 'the picture is held back', 60_000);
  await world.clock.pass(500);
  assert.equal(cameraLimits(alice).active, false);
  assert.deepEqual([bob.peer.shows.camera, bob.peer.shows.saving, bob.peer.shows.microphone], [false, true, true]);
  alice.connection.lossOut = 0;
  await world.clock.until(() => !alice.peer.saving, 'its return', 60_000);
  await world.clock.pass(500);
  assert.deepEqual([cameraLimits(alice).active, bob.peer.shows.camera, bob.peer.shows.saving], [true, true, false]);
});
