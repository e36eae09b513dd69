/** Who is shown large while people talk: one look a tenth of a second. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Speaker } from '../../web/ui/speaker.js';

/** @param {Speaker} speaker @param {string | null} key @param {number} looks */
function hear(speaker, key, looks) {
  let changes = 0;
  for (let look = 0; look < looks; look += 1) changes += Number(speaker.look(key));
  return changes;
}

test('somebody who speaks for half a second is shown large', () => {
  const speaker = new Speaker();
  hear(speaker, 'bob', 5);
  assert.equal(speaker.large, 'bob');
});

test('a cough does not take the stage from the one who speaks', () => {
  const speaker = new Speaker();
  hear(speaker, 'bob', 50);
  hear(speaker, 'carol', 3);
  hear(speaker, 'bob', 20);
  assert.equal(speaker.large, 'bob');
});

test('after a silence one word is enough', () => {
  const speaker = new Speaker();
  hear(speaker, 'bob', 50);
  hear(speaker, null, 200);
  hear(speaker, 'carol', 3);
  assert.equal(speaker.large, 'carol');
});

test('after a long speech the answer takes the stage within three seconds, and once', () => {
  const speaker = new Speaker();
  hear(speaker, 'bob', 600);
  assert.equal(hear(speaker, 'carol', 30), 1);
  assert.equal(speaker.large, 'carol');
});

test('silence changes nothing, and who left is not shown', () => {
  const speaker = new Speaker();
  hear(speaker, 'bob', 10);
  hear(speaker, null, 300);
  assert.equal(speaker.large, 'bob');
  speaker.forget('bob');
  assert.equal(speaker.large, null);
});
