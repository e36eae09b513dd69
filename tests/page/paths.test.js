// What the hub is told of the way to each person, and how often.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Paths } from '../../web/call/paths.js';
import { FakeClock } from './fakes/clock.js';
import { World } from './fakes/world.js';

const RELAYED = { local: 'relay', remote: 'srflx', protocol: 'tls', relayed: true };
const DIRECT = { local: 'host', remote: 'host', protocol: 'udp', relayed: false };

function someone(path) {
  return { id: 'bob', link: 'good', path, line: { reading: { rtt: 0.0421, bytesIn: 7, bytesOut: 9 } } };
}

function begin() {
  const [clock, said] = [new FakeClock(), []];
  return { clock, said, paths: new Paths({ clock, relayOnly: false, send: (message) => said.push(message) }) };
}

test('a path is told as the wire has it, and again only when it is another one', async () => {
  const { clock, said, paths } = begin();
  const bob = someone(RELAYED);
  for (let times = 0; times < 20; times++) {
    paths.look([bob]);
    await clock.pass(500);
    bob.line.reading.bytesIn += 1000;
  }
  const pair = { local: 'relay', remote: 'srflx', relay: 'tls' };
  assert.deepEqual(said, [{ type: 'path', to: 'bob', pair, alive: true, relay_only: false, rtt: 42, bytes_in: 7, bytes_out: 9 }]);
  bob.path = DIRECT;
  paths.look([bob]);
  assert.deepEqual(said[1]?.pair, { local: 'host', remote: 'host' });
});

test('a path that comes and goes is told every three seconds at most', async () => {
  const { clock, said, paths } = begin();
  const bob = someone(DIRECT);
  for (let times = 0; times < 60; times++) {
    bob.link = times % 2 ? 'good' : 'weak';
    paths.look([bob]);
    await clock.pass(500);
  }
  assert.ok(said.length > 2 && said.length <= 10, `${said.length}`);
});

test('no path is told after ten seconds, and a new hub is told everything', async () => {
  const { clock, said, paths } = begin();
  const bob = { ...someone(null), link: 'connecting', line: { reading: null } };
  paths.look([bob]);
  await clock.pass(9_500);
  paths.look([bob]);
  assert.deepEqual(said, []);
  await clock.pass(500);
  paths.look([bob]);
  assert.deepEqual(said, [{ type: 'path', to: 'bob', alive: false, relay_only: false, bytes_in: 0, bytes_out: 0 }]);
  const alice = someone(DIRECT);
  paths.look([alice]);
  paths.forget();
  paths.look([alice]);
  assert.equal(said.length, 3);
});

test('both pages know why', async () => {
  const world = new World();
  const [alice, bob] = [await world.join('Alice'), await world.join('Bob')];
  await world.untilConnected(alice, bob);
  await world.clock.until(() => [alice, bob].every(({ peer }) => peer.why?.reason === 'direct'), 'the reason');
});
