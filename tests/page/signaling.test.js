// The socket to the hub: how it notices that it is dead, and how it comes back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Signaling } from '../../web/call/signaling.js';
import { FakeClock } from './fakes/clock.js';
import { socketsTo } from './fakes/socket.js';

const JOINED = {
  type: 'joined', room: 'kitchen', you: 'alice', seat: 'alice.1.x', max_people: 8, host: false, open: true, door: { locked: false, lobby: false, password: false }, knocks: [], peers: [], ice_servers: [], ice_ttl: 3600,
};

async function page({ answer = true } = {}) {
  const world = { sockets: [], down: false, silent: false, deaf: false };
  world.onmessage = (socket, { type }) => {
    if (!answer) return;
    if (type === 'join') socket.hear(JOINED);
    if (type === 'ping') socket.hear({ type: 'pong' });
  };
  const clock = new FakeClock();
  const signaling = new Signaling({ url: 'wss://call.example.org/ws', WebSocket: socketsTo(world), clock });
  const heard = [];
  for (const type of ['message', 'down', 'problem']) signaling.addEventListener(type, ({ type, detail }) => heard.push(detail?.message?.type ?? type));
  signaling.open(() => ({ type: 'join', room: 'kitchen', name: 'Alice', instance: 'i1' }));
  await clock.pass(0);
  return { world, clock, signaling, heard, socket: () => world.sockets.at(-1) };
}

test('it greets first, and pings every five seconds', async () => {
  const { clock, socket } = await page();
  await clock.pass(15_000);
  assert.deepEqual(socket().sent.map(({ type }) => type), ['join', 'ping', 'ping', 'ping']);
});

test('a socket that says it is open but brings nothing for ten seconds is given up', async () => {
  const { world, clock, heard } = await page();
  world.deaf = true;
  await clock.pass(9_999);
  assert.equal(world.sockets.length, 1);
  world.deaf = false;
  await clock.pass(6_000);
  assert.equal(world.sockets.length, 2);
  assert.deepEqual(heard.filter((what) => what !== 'pong'), ['joined', 'down', 'joined']);
});

test('while the hub is away it tries again ever more slowly, but at least every eight seconds', async () => {
  const { world, clock, socket } = await page();
  world.down = true;
  socket().break();
  await clock.pass(60_000);
  const quick = world.sockets.length;
  assert.ok(quick >= 9 && quick <= 20, `${quick} tries in the first minute`);
  await clock.pass(60_000);
  assert.ok(world.sockets.length - quick >= 7, 'it goes on trying');
  assert.ok(world.sockets.length - quick <= 16, 'a restarted hub is not overrun');
});

test('after the hub came back, the next failure is answered quickly again', async () => {
  const { world, clock, socket } = await page();
  world.down = true;
  socket().break();
  await clock.pass(60_000);
  world.down = false;
  await clock.pass(8_000);
  socket().break();
  const before = world.sockets.length;
  await clock.pass(250);
  assert.equal(world.sockets.length, before + 1);
});

test('when somebody\'s path is dead it does not wait eight seconds for the next try', async () => {
  const { world, clock, signaling, socket } = await page();
  signaling.hurry(true);
  world.down = true;
  socket().break();
  await clock.pass(30_000);
  const before = world.sockets.length;
  await clock.pass(10_000);
  assert.ok(world.sockets.length - before >= 10);
});

test('what is said while the hub is away is said when it is back, after the greeting', async () => {
  const { world, clock, signaling, socket } = await page();
  world.down = true;
  socket().break();
  signaling.send({ type: 'ice-refresh' });
  world.down = false;
  await clock.pass(1_000);
  assert.deepEqual(socket().sent.map(({ type }) => type), ['join', 'ice-refresh']);
});

test('what waits is bounded, and the newest is kept', async () => {
  const { world, clock, signaling, socket } = await page();
  world.down = true;
  socket().break();
  for (let epoch = 0; epoch < 1_000; epoch += 1) signaling.send({ type: 'signal', to: 'bob', payload: { connection: 'call', epoch } });
  world.down = false;
  await clock.pass(1_000);
  const sent = socket().sent.filter(({ type }) => type === 'signal');
  assert.equal(sent.length, 256);
  assert.equal(sent.at(-1).payload.epoch, 999);
});

test('nothing but the greeting is sent before the hub has let us in', async () => {
  const { signaling, socket } = await page({ answer: false });
  signaling.send({ type: 'ice-refresh' });
  assert.deepEqual(socket().sent.map(({ type }) => type), ['join']);
});

test('on waking up, a dead socket is found out within two seconds', async () => {
  const { world, clock, signaling } = await page();
  world.deaf = true;
  signaling.probe();
  await clock.pass(1_999);
  assert.equal(world.sockets.length, 1);
  world.deaf = false;
  await clock.pass(1_000);
  assert.equal(world.sockets.length, 2);
});

test('on waking up, a waiting page does not wait on', async () => {
  const { world, clock, signaling, socket } = await page();
  world.down = true;
  socket().break();
  await clock.pass(60_000);
  world.down = false;
  const before = world.sockets.length;
  signaling.probe();
  await clock.pass(0);
  assert.equal(world.sockets.length, before + 1);
  assert.equal(signaling.ready, true);
});

test('a connect that hangs is given up too', async () => {
  const { world, clock, socket } = await page();
  world.silent = true;
  socket().break();
  await clock.pass(25_000);
  assert.ok(world.sockets.length >= 3);
});

test('garbage from the hub is reported and does no harm', async () => {
  const { heard, socket, clock, signaling } = await page();
  socket().hear('{');
  socket().hear('{"type":"peer-left"}');
  socket().hear('{"type":"from-the-future"}');
  assert.deepEqual(heard, ['joined', 'problem', 'problem']);
  await clock.pass(5_000);
  assert.equal(signaling.ready, true);
});

test('after the goodbye nothing comes back', async () => {
  const { world, clock, signaling, socket } = await page();
  const last = socket();
  signaling.close({ type: 'leave' });
  assert.equal(last.sent.at(-1).type, 'leave');
  await clock.pass(600_000);
  assert.equal(world.sockets.length, 1);
});
