/** The sound by which somebody finds the right speaker, in browsers that choose it in different ways. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { playTone } from '../../web/ui/tone.js';

/** A sound card's door that keeps what is connected to it. */
class FakeContext {
  currentTime = 0;
  destination = { heard: [] };

  createGain() { return new FakeNode(); }
  createOscillator() { return Object.assign(new FakeNode(), { frequency: { value: 0 }, start() {}, stop() {} }); }
  createMediaStreamDestination() { return (this.way = { heard: [], stream: {} }); }
  async close() {}
}

class FakeNode {
  gain = { value: 1, setTargetAtTime() {} };
  connect(to) {
    to.heard?.push(this);
    return to;
  }
}

/** @param {object} [abilities] of its contexts */
function browser(abilities = {}) {
  const made = { contexts: [], players: [] };
  return {
    made,
    AudioContext: class extends FakeContext {
      constructor() {
        super();
        Object.assign(this, abilities);
        made.contexts.push(this);
      }
    },
    Audio: class {
      constructor() { made.players.push(this); }
      async setSinkId(id) { this.sinkId = id; }
      async play() { this.playing = true; }
    },
  };
}

test('where a context chooses its speaker, the notes go straight to it', async () => {
  const chromium = browser({ async setSinkId(id) { this.sinkId = id; } });
  await playTone('headset', chromium);
  const [context] = chromium.made.contexts;
  assert.equal(context.sinkId, 'headset');
  assert.equal(context.destination.heard.length, 2);
  assert.deepEqual(chromium.made.players, []);
});

test('where only an element chooses, as in Firefox and Safari, the notes go through one', async () => {
  const firefox = browser();
  await playTone('headset', firefox);
  const [context] = firefox.made.contexts;
  const [player] = firefox.made.players;
  assert.deepEqual([player.sinkId, player.playing, player.srcObject], ['headset', true, context.way.stream]);
  assert.deepEqual([context.way.heard.length, context.destination.heard.length], [2, 0]);
});

test('the usual speaker needs no detour', async () => {
  const firefox = browser();
  await playTone('', firefox);
  assert.equal(firefox.made.contexts[0].destination.heard.length, 2);
  assert.deepEqual(firefox.made.players, []);
});
