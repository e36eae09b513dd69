// Messages that survive the channel they travel on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Control } from '../../web/call/control.js';

/** Two ends of a data channel; what is sent waits until `deliver`, and is lost with `cut`. */
function wires() {
  const make = () => ({ readyState: 'open', bufferedAmount: 0, wire: [], send(text) { this.wire.push(text); } });
  const [left, right] = [make(), make()];
  const deliver = () => {
    for (let moved = true; moved;) {
      moved = false;
      for (const [from, to] of [[left, right], [right, left]]) for (const data of from.wire.splice(0)) { moved = true; to.onmessage?.({ data }); }
    }
  };
  const cut = () => { for (const end of [left, right]) { end.readyState = 'closed'; end.wire = []; } };
  return { left, right, deliver, cut };
}

function pair() {
  const heard = { alice: [], bob: [] };
  const alice = new Control(({ text }) => heard.alice.push(text));
  const bob = new Control(({ text }) => heard.bob.push(text));
  const connect = () => {
    const { left, right, deliver, cut } = wires();
    alice.attach(left);
    bob.attach(right);
    return { deliver, cut };
  };
  return { alice, bob, heard, connect };
}

test('messages arrive once and in order', () => {
  const { alice, heard, connect } = pair();
  const { deliver } = connect();
  for (const text of ['a', 'b', 'c']) alice.send({ type: 'chat', text });
  deliver();
  assert.deepEqual(heard.bob, ['a', 'b', 'c']);
});

test('what was said before there was a channel arrives with the first one', () => {
  const { alice, heard, connect } = pair();
  alice.send({ type: 'chat', text: 'early' });
  connect().deliver();
  assert.deepEqual(heard.bob, ['early']);
});

test('what was lost with a connection arrives over the next one, what arrived does not come twice', () => {
  const { alice, heard, connect } = pair();
  const first = connect();
  alice.send({ type: 'chat', text: 'before' });
  first.deliver();
  alice.send({ type: 'chat', text: 'lost at first' });
  first.cut();
  alice.send({ type: 'chat', text: 'said without a channel' });
  connect().deliver();
  assert.deepEqual(heard.bob, ['before', 'lost at first', 'said without a channel']);
});

test('while the next connection is not open yet, the old one goes on carrying', () => {
  const { alice, heard, connect } = pair();
  const { deliver } = connect();
  alice.attach({ readyState: 'connecting', bufferedAmount: 0, send() { throw new Error('not open'); } });
  alice.send({ type: 'chat', text: 'still here' });
  deliver();
  assert.deepEqual(heard.bob, ['still here']);
});

test('beats acknowledge, so that nothing is kept for ever', () => {
  const { alice, bob, connect } = pair();
  const { deliver } = connect();
  for (let n = 0; n < 100; n += 1) alice.send({ type: 'chat', text: String(n) });
  deliver();
  bob.beat();
  deliver();
  assert.equal(alice.outbox.length, 0);
});

test('what waits for a dead path is bounded', () => {
  const { alice } = pair();
  for (let n = 0; n < 5_000; n += 1) alice.send({ type: 'chat', text: String(n) });
  assert.equal(alice.outbox.length, 2_000);
});

test('a page that was reloaded is told nothing of what its former self missed', () => {
  const { alice, heard, connect } = pair();
  alice.send({ type: 'chat', text: 'for the former one' });
  alice.reset();
  const { deliver } = connect();
  alice.send({ type: 'chat', text: 'for the new one' });
  deliver();
  assert.deepEqual(heard.bob, ['for the new one']);
});

test('garbage on the channel does no harm', () => {
  const { alice, heard, connect } = pair();
  const { deliver } = connect();
  const [channel] = alice.channels;
  for (const data of ['', '{', 'null', '7', '{"a":"x"}', '{"a":0,"n":1}', '{"a":0,"n":1,"m":7}', '{"n":1.5,"a":0,"m":{"type":"chat"}}']) channel.onmessage({ data });
  assert.deepEqual(heard.alice, []);
  alice.send({ type: 'chat', text: 'fine' });
  deliver();
  assert.deepEqual(heard.bob, ['fine']);
});
