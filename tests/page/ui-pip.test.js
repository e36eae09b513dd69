/** The small window where a browser has only that for one picture (Safari): the picture goes on while the page is hidden. */
import assert from 'node:assert/strict';
import test, { afterEach, beforeEach } from 'node:test';

import { togglePip } from '../../web/ui/pip.js';

const { window, document } = globalThis;
beforeEach(() => Object.assign(globalThis, { window: {}, document: { pictureInPictureElement: null } }));
afterEach(() => Object.assign(globalThis, { window, document }));

class FakePicture extends EventTarget {
  async requestPictureInPicture() {
    if (this.refuses) throw new DOMException('no picture yet', 'InvalidStateError');
    this.floats = true;
  }
}

function stageOf(picture) {
  const watched = [];
  return { main: 'bob', tiles: new Map([['bob', { picture }]]), watched, watchElsewhere: (yes) => watched.push(yes) };
}

test('a picture in a window of its own is looked at until that is closed', async () => {
  const picture = new FakePicture();
  const stage = stageOf(picture);
  await togglePip({ stage });
  assert.equal(picture.floats, true);
  assert.deepEqual(stage.watched, [true]);
  picture.dispatchEvent(new Event('leavepictureinpicture'));
  assert.deepEqual(stage.watched, [true, false]);
});

test('a window that did not open watches nothing', async () => {
  const stage = stageOf(Object.assign(new FakePicture(), { refuses: true }));
  await assert.rejects(togglePip({ stage }), /no picture yet/);
  assert.deepEqual(stage.watched, []);
});
