// Whether it is really their page at the other end: proofs with the room's key, and words to compare by voice.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { Identity } from '../../web/call/identity.js';
import { World } from './fakes/world.js';

async function twoPeople(...secrets) {
  const world = new World();
  const alice = await world.join('Alice', { secret: secrets[0] });
  const bob = await world.join('Bob', { secret: secrets[1] });
  await world.untilConnected(alice, bob);
  await world.clock.pass(1000);
  return { world, alice, bob };
}

const standings = (...people) => people.map(({ peer }) => peer.identity.standing);

test('two who opened the same link are proven to each other', async () => {
  const { alice, bob } = await twoPeople('key', 'key');
  assert.deepEqual(standings(alice, bob), ['proven', 'proven']);
});

test('somebody without the key stays unknown, and is no alarm', async () => {
  const { alice, bob } = await twoPeople('key', undefined);
  assert.deepEqual(standings(alice, bob), ['unknown', 'unknown']);
});

test('somebody with another key is an alarm on both sides', async () => {
  const { alice, bob } = await twoPeople('key', 'another');
  assert.deepEqual(standings(alice, bob), ['forged', 'forged']);
});

test('both read the same four words aloud, and another pair other words', async () => {
  const { world, alice, bob } = await twoPeople();
  assert.equal(alice.peer.identity.words.length, 4);
  assert.deepEqual(alice.peer.identity.words, bob.peer.identity.words);
  const carol = await world.join('Carol');
  await world.untilConnected(alice, bob, carol);
  const words = [...alice.call.peers.values()].map(({ identity }) => identity.words.join(' '));
  assert.equal(new Set(words).size, 2);
});

test('a connection that is built anew is known by its certificate, one by somebody else is an alarm', async () => {
  const { world, alice, bob } = await twoPeople('key', 'key');
  world.network.cut = true;
  await world.clock.pass(20_000);
  world.network.cut = false;
  await world.untilConnected(alice, bob);
  assert.deepEqual(standings(alice, bob), ['proven', 'proven']);
  const seal = (own) => ({ sdp: `a=fingerprint:sha-256 ${own}` });
  alice.peer.identity.connected({ localDescription: alice.connection.localDescription, remoteDescription: seal('EE:EE') });
  assert.equal(alice.peer.identity.standing, 'forged');
  alice.peer.identity.hear('anything');
  assert.equal(alice.peer.identity.standing, 'forged', 'and it stays one');
});

test('somebody in between cannot pass the proof on', () => {
  const said = [];
  const identity = (secret) => new Identity({ room: 'kitchen', secret, say: (message) => said.push(message), onchange() {} });
  const sees = (one, own, other) => one.connected({ localDescription: { sdp: `a=fingerprint:sha-256 ${own}` }, remoteDescription: { sdp: `a=fingerprint:sha-256 ${other}` } });
  const [alice, bob] = [identity('key'), identity('key')];
  sees(alice, 'AA', '0A'); // Mallory has a certificate for each side
  sees(bob, 'BB', '0B');
  assert.equal(said.length, 2);
  alice.hear(said[1].proof);
  bob.hear(said[0].proof);
  assert.deepEqual([alice.standing, bob.standing], ['forged', 'forged']);
  assert.notDeepEqual(alice.words, bob.words);
});

test('the proof is the HMAC of RFC 2104, whatever the length of the key', () => {
  for (const secret of ['key', 'x'.repeat(100)]) {
    const said = [];
    const alice = new Identity({ room: 'küche', secret, say: (message) => said.push(message), onchange() {} });
    alice.connected({ localDescription: { sdp: 'a=fingerprint:sha-256 aa' }, remoteDescription: { sdp: 'a=fingerprint:sha-256 BB' } });
    const expected = createHmac('sha256', secret).update('callbox-proof-1\0AA\0BB\0küche').digest('hex');
    assert.deepEqual(said, [{ type: 'proof', proof: expected }]);
  }
});
