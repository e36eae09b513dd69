// A tab that comes back to its seat.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TabSeats } from '../../web/call/seats.js';

/** The storage of one tab, over any number of its pages. */
function tab() {
  const values = new Map();
  const storage = { getItem: (key) => values.get(key) ?? null, setItem: (key, value) => values.set(key, value), removeItem: (key) => values.delete(key) };
  const open = () => {
    const page = new EventTarget();
    return { seats: new TabSeats(storage, page), goAway: () => page.dispatchEvent(new Event('pagehide')) };
  };
  return { values, open };
}

test('a reloaded page knows its seat, in that room only', () => {
  const { open } = tab();
  const before = open();
  before.seats.write('kitchen', 'token');
  before.goAway();
  const { seats } = open();
  assert.equal(seats.read('kitchen'), 'token');
  assert.equal(seats.read('garden'), undefined);
});

test('a duplicated tab gets no copy of the seat', () => {
  const { values, open } = tab();
  open().seats.write('kitchen', 'token');
  assert.equal(values.size, 0, 'nothing to copy while the page is there');
});

test('who got up has no seat to come back to', () => {
  const { open } = tab();
  const before = open();
  before.seats.write('kitchen', 'token');
  before.seats.write('kitchen', undefined);
  before.goAway();
  assert.equal(open().seats.read('kitchen'), undefined);
});

test('a storage that refuses, or holds nonsense, is no reason to fail', () => {
  const refusing = { getItem() { throw new Error('no'); }, setItem() { throw new Error('no'); }, removeItem() {} };
  const page = new EventTarget();
  const seats = new TabSeats(refusing, page);
  seats.write('kitchen', 'token');
  page.dispatchEvent(new Event('pagehide'));
  const nonsense = { getItem: () => '[7', setItem() {}, removeItem() {} };
  assert.equal(new TabSeats(nonsense, page).read('kitchen'), undefined);
});
