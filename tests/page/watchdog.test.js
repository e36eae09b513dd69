// When a path counts as weak, as dead, and what is done about it: the ladder, second by second.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Watchdog } from '../../web/call/watchdog.js';

/** A connection watched twice a second. `flows` tells whether bytes arrive. */
class Path {
  now = 0;
  bytes = 0;
  flows = true;
  state = 'connected';
  canSignal = true;
  links = [];
  actions = [];
  dog = new Watchdog(0);

  watch(seconds) {
    for (const end = this.now + seconds * 1000; this.now < end;) {
      this.now += 500;
      if (this.flows) this.bytes += 1000;
      const { link, action } = this.dog.step({ now: this.now, bytesIn: this.bytes, state: this.state, canSignal: this.canSignal });
      if (this.links.at(-1)?.link !== link) this.links.push({ link, at: this.now / 1000 });
      if (action) this.actions.push(`${action} at ${this.now / 1000} s`);
    }
    return this;
  }
}

function cutAfter10s() {
  const path = new Path().watch(10);
  path.flows = false;
  return path;
}

test('a living path is left alone for an hour', () => {
  const path = new Path().watch(3600);
  assert.deepEqual(path.links, [{ link: 'good', at: 0.5 }]);
  assert.deepEqual(path.actions, []);
});

test('a cut is called weak within two seconds, lost after ten', () => {
  assert.deepEqual(cutAfter10s().watch(20).links.slice(1), [{ link: 'weak', at: 11 }, { link: 'lost', at: 20 }]);
});

test('restart at three seconds, a new connection six later, then every ten, the third through the relay, words at 45', () => {
  assert.deepEqual(cutAfter10s().watch(50).actions, [
    'restart at 13 s', 'rebuild at 19 s', 'rebuild at 29 s', 'rebuild-relayed at 39 s', 'rebuild at 49 s', 'give-word at 55 s', 'rebuild at 59 s',
  ]);
});

test('a cut of two and a half seconds leads to nothing but "weak"', () => {
  const path = cutAfter10s().watch(2.5);
  path.flows = true;
  path.watch(10);
  assert.deepEqual(path.links.map(({ link }) => link), ['good', 'weak', 'good']);
  assert.deepEqual(path.actions, []);
});

test('after a recovery the ladder begins at its foot again', () => {
  const path = cutAfter10s().watch(12);
  path.flows = true;
  path.watch(5);
  path.flows = false;
  path.actions = [];
  path.watch(9);
  assert.deepEqual(path.actions, ['restart at 30 s', 'rebuild at 36 s']);
});

test('a path that has just come back by itself is not restarted before its first byte', () => {
  const path = cutAfter10s();
  path.canSignal = false;
  path.state = 'disconnected';
  path.watch(10);
  path.canSignal = true;
  path.state = 'connected';
  path.watch(0.5);
  path.flows = true;
  assert.deepEqual(path.watch(10).actions, []);
});

test('one that came back and carries nothing is', () => {
  const path = cutAfter10s();
  path.state = 'disconnected';
  path.canSignal = false;
  path.watch(10);
  path.canSignal = true;
  path.state = 'connected';
  assert.deepEqual(path.watch(2).actions, ['restart at 21.5 s']);
});

test('"disconnected" while nothing arrives brings the restart forward', () => {
  const path = cutAfter10s();
  path.state = 'disconnected';
  assert.deepEqual(path.watch(2).actions, ['restart at 11.5 s']);
});

test('"disconnected" while bytes arrive is no reason: a restart on a live path makes Firefox deaf', () => {
  const path = new Path().watch(10);
  path.state = 'disconnected';
  assert.deepEqual(path.watch(30).actions, []);
});

test('while the hub cannot be reached nothing is tried, and the moment it can, the restart goes out', () => {
  const path = cutAfter10s();
  path.canSignal = false;
  assert.deepEqual(path.watch(20).actions, []);
  path.canSignal = true;
  assert.deepEqual(path.watch(1).actions, ['restart at 30.5 s']);
});

test('what was tried just before the hub went away is tried again at once when it is back', () => {
  const path = cutAfter10s().watch(9.5);
  path.dog.hurry();
  path.actions = [];
  assert.deepEqual(path.watch(1).actions, ['restart at 20 s']);
});

test('a first connection gets fifteen seconds, and is then built anew', () => {
  const path = new Path();
  path.flows = false;
  path.state = 'connecting';
  path.watch(50);
  assert.deepEqual(path.links, [{ link: 'connecting', at: 0.5 }, { link: 'lost', at: 45 }]);
  assert.deepEqual(path.actions, ['rebuild at 15 s', 'rebuild at 25 s', 'rebuild-relayed at 35 s', 'give-word at 45 s', 'rebuild at 45.5 s']);
});

test('a new connection that the other side built counts as a try of ours', () => {
  const path = cutAfter10s().watch(8.5);
  path.dog.rebuilt(path.now);
  path.actions = [];
  path.watch(9.5);
  assert.deepEqual(path.actions, []);
});

test('a laptop that slept for an hour does not blame the path', () => {
  const path = new Path().watch(10);
  path.now += 3_600_000;
  path.flows = false;
  path.watch(0.5);
  assert.equal(path.links.at(-1).link, 'good');
  assert.deepEqual(path.actions, []);
});
