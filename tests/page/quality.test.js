// How good a picture the path to one person bears.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Quality, STEPS } from '../../web/call/quality.js';

const GOOD = { rtt: 0.03, lossOut: 0, room: 2_000_000 };
const OFF = STEPS.length - 1;

class Path {
  now = 0;
  quality = new Quality(0);

  /** @returns {number} the step after these seconds of this */
  for(seconds, path, { sending = true } = {}) {
    for (const end = this.now + seconds * 1000; this.now < end;) {
      this.now += 1000;
      this.quality.look({ ...GOOD, ...path, now: this.now, sending });
    }
    return this.quality.index;
  }
}

/** A minute of quiet, so that the beginning is over. */
function quietPath() {
  const path = new Path();
  path.for(60, {});
  return path;
}

test('a good path gets everything, and goes on getting it', () => {
  assert.equal(quietPath().for(600, {}), 0);
});

for (const [what, trouble] of Object.entries({ 'lost packets': { lossOut: 0.15 }, 'a growing queue': { rtt: 0.5 }, 'no room': { room: 50_000 } })) {
  test(`${what}: the picture gives way step by step until it is off, in less than half a minute`, () => {
    const path = quietPath();
    assert.equal(path.for(2, trouble), 0, 'one burst is nothing');
    assert.equal(path.for(3, trouble), 1);
    assert.equal(path.for(20, trouble), OFF);
    assert.ok(path.quality.off);
  });
}

test('it comes back by itself, one step after fifteen quiet seconds each', () => {
  const path = quietPath();
  path.for(30, { lossOut: 0.15 });
  assert.equal(path.for(14, {}), OFF);
  assert.equal(path.for(4, {}), OFF - 1);
  assert.equal(path.for(80, {}), 0);
});

test('where it comes back too early it waits longer each time, and never bounces', () => {
  const path = quietPath();
  let changes = 0;
  for (let second = 0, before = 0; second < 600; second += 1) {
    // A path that carries the smallest picture and nothing above.
    const index = path.for(1, path.quality.index < OFF - 1 ? { lossOut: 0.2 } : {});
    if (index !== before) changes += 1;
    before = index;
  }
  assert.ok(changes < 20, `${changes} changes in ten minutes`);
});

test('nothing is decided while the first seconds find the speed, or while there is no picture', () => {
  assert.equal(new Path().for(7, { lossOut: 0.5 }), 0);
  assert.equal(quietPath().for(60, { lossOut: 0.5 }, { sending: false }), 0);
});

test('a browser that says less than others is still heeded', () => {
  const path = quietPath();
  assert.equal(path.for(60, { room: null, rtt: null, lossOut: null }), 0);
  assert.ok(path.for(5, { room: null, rtt: null, lossOut: 0.2 }) > 0);
});
