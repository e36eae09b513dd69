// A file and a call on one path: the call comes first.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '../../web/call/files/pace.js';

const FRAME = 65_536;

const PATH = { rtt: 0.03, rttPictures: null, lossOut: 0, room: null, bitrateOut: 0 };

/** What a path says. */
function path(says) {
  return { ...PATH, ...says };
}

/** Sends all that it may in the second before `second`. */
function spend(pace, second) {
  for (let now = second * 1000 - 990; now <= second * 1000; now += 10) while (pace.take(now, 1000) === 0);
}

/** A link of `capacity` bytes/s that a call uses `call` of; a sender that always has more to send. */
class Link {
  now = 0;
  queue = 0;
  pace = new Pace();
  longestQueue = 0;

  /** @param {{ capacity: number, call: number, rtt: number, room?: number | null }} link  room: what the browser finds when all is quiet, bit/s */
  constructor({ capacity, call, rtt, room = null }) {
    Object.assign(this, { capacity, call, rtt, room, most: room });
    for (let second = 0; second < 5; second += 1) this.#second(0);
  }

  /** @returns {number} bytes of file per second, over these seconds */
  run(seconds) {
    let sent = 0;
    for (let second = 0; second < seconds; second += 1) sent += this.#second(Infinity);
    return sent / seconds;
  }

  /** @param {number} wanted bytes of file at most */
  #second(wanted) {
    let sent = 0;
    for (const end = this.now + 1000; this.now < end; this.now += 10) {
      for (let bytes = this.pace.payload; sent + bytes <= wanted && this.queue < 1e7 && this.pace.take(this.now, bytes) === 0; bytes = this.pace.payload) {
        this.queue += bytes;
        sent += bytes;
      }
      this.queue = Math.max(0, this.queue + (this.call - this.capacity) * 0.01);
      this.longestQueue = Math.max(this.longestQueue, this.queue / this.capacity);
    }
    const rtt = this.rtt + this.queue / this.capacity;
    // As the browser's estimate does: down to less than the picture had when a queue grows, and slowly up again.
    if (this.room !== null) this.room = rtt > this.rtt + 0.05 ? Math.min(this.room, this.call * 8) * 0.85 : Math.min(this.most, this.room * 1.08);
    this.pace.look(this.now, true, new Map([['bob', path({ rtt, room: this.room, bitrateOut: this.call * 8 })]]));
    return sent;
  }
}

for (const room of [null, 2_500_000]) {
  test(`on a narrow link the file takes what the call leaves, without a lasting queue, where the browser ${room ? 'says what room there is' : 'does not say it'}`, () => {
    const link = new Link({ capacity: 312_500, call: 200_000, rtt: 0.03, room }); // 2.5 Mbit/s, 1.6 of them the call's
    link.run(20);
    const rate = link.run(60);
    assert.ok(rate > 40_000 && rate < 115_000, `${rate} bytes/s of the 112500 that are free`);
    assert.ok(link.longestQueue < 0.4, `${link.longestQueue} s of queue`);
  });
}

test('where the browser knows what is free, a file does not find out by spoiling the picture', () => {
  const link = new Link({ capacity: 312_500, call: 112_000, rtt: 0.03, room: 2_500_000 });
  const rate = link.run(10);
  assert.ok(rate > 100_000, `${rate} bytes/s of the 200500 that are free`);
  assert.ok(link.longestQueue < 0.2, `${link.longestQueue} s of queue`);
});

test('on a local network it is at full speed within a few seconds', () => {
  const link = new Link({ capacity: 1e8, call: 250_000, rtt: 0.001 });
  link.run(5);
  assert.ok(link.run(5) > 2e7);
});

for (const room of [null, 2_500_000]) {
  test(`far away on a wide path it is fast in half a minute, though the browser ${room ? 'looks for no more room than the call needs' : 'says nothing'}`, () => {
    const link = new Link({ capacity: 12_500_000, call: 112_000, rtt: 0.05, room });
    link.run(20);
    assert.ok(link.run(10) > 5e6);
  });
}

test('as long as the picture has less than it had, the file does not grow', () => {
  const pace = new Pace();
  const look = (second, room) => pace.look(second * 1000, true, new Map([['bob', path({ room, bitrateOut: Math.min(room, 900_000) })]]));
  for (let second = 1; second < 10; second += 1) look(second, 2_400_000);
  const before = pace.rate;
  look(10, 700_000);
  assert.ok(pace.rate <= before / 2, 'the estimate fell below what the picture takes');
  const after = pace.rate;
  for (let second = 11; second < 20; second += 1) {
    spend(pace, second);
    look(second, 700_000);
    assert.equal(pace.rate, after, `second ${second}: neither more nor, as it does not get worse, less`);
  }
  spend(pace, 20);
  look(20, 1_500_000);
  assert.ok(pace.rate > after);
});

test('the next file begins anew: not as slowly as the last one on a crowded path ended, nor as what was too much a moment ago', () => {
  const pace = new Pace();
  pace.look(1000, true, new Map([['bob', PATH]]));
  const first = pace.rate;
  for (let second = 2; second < 20; second += 1) {
    spend(pace, second);
    pace.look(second * 1000, true, new Map([['bob', path({ rtt: 0.5 })]]));
  }
  const last = pace.rate;
  pace.look(20_000, true, new Map([['bob', PATH]]));
  assert.ok(pace.rate > last && pace.rate < first);
  pace.look(80_000, true, new Map([['bob', PATH]]));
  assert.equal(pace.rate, first);
});

test('without pictures or sound nothing is held back', () => {
  const pace = new Pace();
  pace.look(0, false, new Map());
  for (let n = 0; n < 10_000; n += 1) assert.equal(pace.take(0, FRAME), 0);
});

test('it says whether it is what limits: more lanes are no use then', () => {
  const pace = new Pace();
  const look = (second) => pace.look(second * 1000, true, new Map([['bob', PATH]]));
  assert.equal(pace.limits, false, 'nobody talks');
  look(1);
  assert.equal(pace.limits, true, 'as far as is known');
  pace.take(1500, 4096);
  look(2);
  assert.equal(pace.limits, false, 'the path takes less');
  spend(pace, 3);
  look(3);
  assert.equal(pace.limits, true);
});

test('loss of what we send slows the file down, whatever the round trip says', () => {
  const pace = new Pace();
  const before = pace.rate;
  pace.look(1_000, true, new Map([['bob', path({ lossOut: 0.05 })]]));
  assert.ok(pace.rate < before);
});

test('what is told of the pictures, each second, counts before what the browser asks for less often', () => {
  const pace = new Pace();
  pace.look(1_000, true, new Map([['bob', path({ rttPictures: 0.04 })]]));
  const before = pace.rate;
  pace.look(2_000, true, new Map([['bob', path({ rttPictures: 0.2 })]]));
  assert.ok(pace.rate < before);
});

test('a crowded path to a third person counts too: the uplink is the same', () => {
  const pace = new Pace();
  pace.look(1_000, true, new Map([['bob', PATH], ['carol', PATH]]));
  const before = pace.rate;
  pace.look(2_000, true, new Map([['bob', PATH], ['carol', path({ rtt: 0.4 })]]));
  assert.ok(pace.rate < before);
});

test('somebody of whom nothing is known yet says nothing', () => {
  const pace = new Pace();
  pace.look(1_000, true, new Map([['bob', null]]));
  assert.ok(pace.rate > 0);
});

test('it never stops altogether, and a rate nobody used does not grow', () => {
  const pace = new Pace();
  for (let second = 1; second < 100; second += 1) pace.look(second * 1000, true, new Map([['bob', path({ lossOut: 0.5 })]]));
  assert.equal(pace.rate, 16_000);
  pace.look(100_000, true, new Map([['bob', PATH]]));
  const begins = pace.rate;
  for (let second = 101; second < 200; second += 1) pace.look(second * 1000, true, new Map([['bob', PATH]]));
  assert.equal(pace.rate, begins);
});
