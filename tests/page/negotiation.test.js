// Offers, answers and candidates between two pages, in every order a bad line can bring them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Negotiation } from '../../web/call/negotiation.js';
import { FakeClock, rest } from './fakes/clock.js';
import { FakeNetwork } from './fakes/network.js';

/** Two sides whose words wait until they are carried. */
function pair() {
  const network = new FakeNetwork(new FakeClock());
  const side = (offerer) => {
    const one = { said: [], problems: [], connection: new network.RTCPeerConnection({}) };
    one.negotiation = new Negotiation({
      connection: one.connection, offerer, send: (word) => one.said.push(structuredClone(word)), onproblem: (cause) => one.problems.push(cause),
    });
    return one;
  };
  const [alice, bob] = [side(true), side(false)];
  const carry = async (from, to, only = () => true) => {
    await rest();
    for (const word of from.said.splice(0).filter(only)) to.negotiation.receive(word);
    await rest();
  };
  return { alice, bob, carry };
}

test('one offer, one answer, candidates both ways', async () => {
  const { alice, bob, carry } = pair();
  alice.negotiation.start();
  await carry(alice, bob);
  await carry(bob, alice);
  assert.equal(alice.connection.signalingState, 'stable');
  assert.equal(bob.connection.remoteDescription.type, 'offer');
  assert.deepEqual([...alice.problems, ...bob.problems], []);
});

test('the other side never offers: to restart, it asks', async () => {
  const { bob } = pair();
  bob.negotiation.start();
  bob.negotiation.restart();
  await rest();
  assert.deepEqual(bob.said, [{ request: 'restart' }]);
});

test('an answer that was lost is replaced by a new offer, and a late one is not taken for the new one\'s', async () => {
  const { alice, bob, carry } = pair();
  alice.negotiation.start();
  await carry(alice, bob);
  const late = bob.said.find(({ description }) => description);
  bob.said.length = 0;
  alice.negotiation.restart();
  await rest();
  alice.negotiation.receive(late);
  await rest();
  assert.equal(alice.connection.signalingState, 'have-local-offer');
  await carry(alice, bob);
  await carry(bob, alice);
  assert.equal(alice.connection.signalingState, 'stable');
  assert.deepEqual(alice.problems, []);
});

test('an answer that comes twice is taken once', async () => {
  const { alice, bob, carry } = pair();
  alice.negotiation.start();
  await carry(alice, bob);
  const answer = bob.said.find(({ description }) => description);
  alice.negotiation.receive(answer);
  alice.negotiation.receive(answer);
  await rest();
  assert.deepEqual(alice.problems, []);
});

test('candidates that come before the description wait for it', async () => {
  const { alice, bob, carry } = pair();
  const added = [];
  bob.connection.addIceCandidate = async (candidate) => {
    assert.ok(bob.connection.remoteDescription);
    added.push(candidate?.candidate ?? null);
  };
  bob.negotiation.receive({ candidate: { candidate: 'early', sdpMid: '0' } });
  bob.negotiation.receive({ candidate: null });
  alice.negotiation.start();
  await carry(alice, bob, ({ description }) => description);
  assert.deepEqual(added, ['early', null]);
});

test('the end of candidates is said once, Firefox\' way and Chromium\'s', async () => {
  const { alice } = pair();
  alice.connection.onicecandidate({ candidate: { candidate: '', toJSON: () => ({}) } });
  alice.connection.onicecandidate({ candidate: null });
  assert.deepEqual(alice.said, [{ candidate: null }]);
});

test('a candidate of a kind the browser does not know is no problem, a description it refuses is', async () => {
  const { alice, bob, carry } = pair();
  alice.negotiation.start();
  await carry(alice, bob);
  bob.connection.addIceCandidate = async () => { throw new DOMException('what is that', 'OperationError'); };
  bob.negotiation.receive({ candidate: { candidate: 'martian' } });
  await rest();
  assert.equal(bob.problems.length, 0);
  bob.negotiation.receive({ serial: 2, description: { type: 'offer', sdp: 'nonsense' } });
  await rest();
  assert.equal(bob.problems.length, 1);
});

test('after the end of a connection nothing is tried on it', async () => {
  const { alice } = pair();
  alice.connection.close();
  alice.negotiation.start();
  alice.negotiation.restart();
  await rest();
  assert.deepEqual([alice.said, alice.problems], [[], []]);
});
