// A file and a call on one path: the call comes first.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '../../web/call/files/pace.js';

const FRAME = 65_536;

/** A link of `capacity` bytes/s that a call uses `call` of; a sender that always has more to send. */
class Link {
  now = 0;
  queue = 0;
  pace = new Pace();
  longestQueue = 0;

  constructor({ capacity, call, rtt }) {
    Object.assign(this, { capacity, call, rtt });
  }

  /** @returns {number} bytes of file per second, over these seconds */
  run(seconds, { talking = true } = {}) {
    let sent = 0;
    this.pace.look(this.now, talking, new Map());
    for (const end = this.now + seconds * 1000; this.now < end; this.now += 10) {
      for (let bytes = this.pace.payload; this.queue < 1e7 && this.pace.take(this.now, bytes) === 0; bytes = this.pace.payload) {
        this.queue += bytes;
        sent += bytes;
      }
      this.queue = Math.max(0, this.queue + (this.call - this.capacity) * 0.01);
      if (this.now % 1000 === 990) {
        const rtt = this.rtt + this.queue / this.capacity;
        if (this.now > 20_000) this.longestQueue = Math.max(this.longestQueue, rtt - this.rtt);
        this.pace.look(this.now, talking, new Map([['bob', { rtt, lossOut: 0 }]]));
      }
    }
    return sent / seconds;
  }
}

test('on a narrow link the file takes what the call leaves, without a lasting queue', () => {
  const link = new Link({ capacity: 312_500, call: 200_000, rtt: 0.03 }); // 2.5 Mbit/s, 1.6 of them the call's
  link.run(20);
  const rate = link.run(60);
  assert.ok(rate > 40_000 && rate < 115_000, `${rate} bytes/s of the 112500 that are free`);
  assert.ok(link.longestQueue < 0.6, `${link.longestQueue} s of queue`);
});

test('on a local network it is at full speed within a few seconds', () => {
  const link = new Link({ capacity: 1e8, call: 250_000, rtt: 0.001 });
  link.run(5);
  assert.ok(link.run(5) > 2e7);
});

test('without pictures or sound nothing is held back', () => {
  const pace = new Pace();
  pace.look(0, false, new Map());
  for (let n = 0; n < 10_000; n += 1) assert.equal(pace.take(0, FRAME), 0);
});

test('it says whether it is what limits', () => {
  const pace = new Pace();
  assert.equal(pace.limits(1e8), false, 'nobody talks');
  pace.look(0, true, new Map());
  assert.deepEqual([pace.limits(pace.rate), pace.limits(pace.rate / 2)], [true, false]);
});

test('loss of what we send slows the file down, whatever the round trip says', () => {
  const pace = new Pace();
  const before = pace.rate;
  pace.look(1_000, true, new Map([['bob', { rtt: 0.03, lossOut: 0.05 }]]));
  assert.ok(pace.rate < before);
});

test('a crowded path to a third person counts too: the uplink is the same', () => {
  const pace = new Pace();
  const before = pace.rate;
  pace.look(1_000, true, new Map([['bob', { rtt: 0.03, lossOut: 0 }], ['carol', { rtt: 0.03, lossOut: 0 }]]));
  pace.look(2_000, true, new Map([['bob', { rtt: 0.03, lossOut: 0 }], ['carol', { rtt: 0.4, lossOut: 0 }]]));
  assert.ok(pace.rate < before);
});

test('it never stops altogether, and a rate nobody used does not grow', () => {
  const pace = new Pace();
  for (let second = 1; second < 100; second += 1) pace.look(second * 1000, true, new Map([['bob', { rtt: 0.03, lossOut: 0.5 }]]));
  assert.equal(pace.rate, 16_000);
  for (let second = 100; second < 200; second += 1) pace.look(second * 1000, true, new Map([['bob', { rtt: 0.03, lossOut: 0 }]]));
  assert.equal(pace.rate, 16_000);
});
