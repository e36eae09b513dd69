/** Where tiles stand, for every size of window and number of people that somebody may have. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { CORNERS, GAP, arrange, grid } from '../../web/ui/grid.js';

/** @typedef {import('../../web/ui/grid.js').Rect} Rect */
const STAGES = [[320, 420], [366, 730], [820, 300], [820, 1000], [1400, 760], [1400, 500], [3800, 2000]];

test('from one to twelve people, on any screen, tiles stay on the stage and never overlap', () => {
  for (const [width, height] of STAGES) {
    for (let count = 1; count <= 12; count += 1) {
      const rects = [...grid({ width, height }, people(count)).values()];
      assert.equal(rects.length, count);
      for (const rect of rects) assert.ok(inside(rect, width, height), `${count} on ${width}x${height}: ${JSON.stringify(rect)}`);
      rects.forEach((one, at) => rects.slice(at + 1).forEach((other) => assert.ok(!overlap(one, other))));
    }
  }
});

test('all tiles of a grid have one size, and no other number of columns makes them larger', () => {
  for (const [width, height] of STAGES) {
    for (let count = 1; count <= 12; count += 1) {
      const rects = [...grid({ width, height }, people(count)).values()];
      const area = rects[0].width * rects[0].height;
      for (const rect of rects) assert.deepEqual([rect.width, rect.height], [rects[0].width, rects[0].height]);
      for (let columns = 1; columns <= count; columns += 1) {
        assert.ok(area + 1e-6 >= largestTile(width, height, count, columns), `${count} on ${width}x${height} with ${columns} columns`);
      }
    }
  }
});

test('the last row is centred', () => {
  const rects = [...grid({ width: 1400, height: 760 }, people(5)).values()];
  const [first, last] = [rects[3], rects[4]];
  assert.equal(first.y, last.y);
  assert.ok(Math.abs((first.x + last.x + last.width) / 2 - 700) < 0.01);
});

test('with one other person, that person fills the stage and you float inside it', () => {
  const rects = arrange({ width: 366, height: 730 }, { tiles: ['bob', 'you'], you: 'you', focus: null });
  assert.deepEqual(rects.get('bob'), { x: 0, y: 0, width: 366, height: 730 });
  const you = /** @type {Rect} */ (rects.get('you'));
  assert.ok(inside(you, 366, 730) && you.width < 366 / 3);
});

test('wherever you float, the buttons and the name of the other person stay free', () => {
  for (const [width, height] of STAGES) {
    const [buttons, name] = [{ x: 0, y: 0, width, height: 44 }, { x: 0, y: height - 40, width: width / 2, height: 40 }];
    for (const corner of CORNERS) {
      const you = /** @type {Rect} */ (arrange({ width, height }, { tiles: ['bob', 'you'], you: 'you', focus: null, corner }).get('you'));
      assert.ok(inside(you, width, height), `${corner} of ${width}x${height}`);
      for (const kept of [buttons, name]) assert.ok(!overlap(you, kept), `${corner} of ${width}x${height} covers ${JSON.stringify(kept)}`);
    }
  }
});

test('alone, you float and leave the middle to the invitation', () => {
  const rects = arrange({ width: 1400, height: 760 }, { tiles: ['you'], you: 'you', focus: null });
  const you = /** @type {Rect} */ (rects.get('you'));
  assert.ok(you.x > 1000 && you.y > 500);
});

test('a shared screen gets most of the stage, everybody stays visible beside it', () => {
  for (const [width, height] of STAGES) {
    for (let count = 1; count <= 8; count += 1) {
      const tiles = ['bob/screen', ...people(count)];
      const rects = arrange({ width, height }, { tiles, you: 'p1', focus: 'bob/screen' });
      assert.equal(rects.size, tiles.length);
      const screen = /** @type {Rect} */ (rects.get('bob/screen'));
      assert.ok(screen.width * screen.height > 0.55 * width * height, `${count} on ${width}x${height}`);
      const all = [...rects.values()];
      for (const rect of all) assert.ok(inside(rect, width, height));
      all.forEach((one, at) => all.slice(at + 1).forEach((other) => assert.ok(!overlap(one, other))));
    }
  }
});

test('a focus on somebody who is gone falls back to the grid', () => {
  const rects = arrange({ width: 1400, height: 760 }, { tiles: ['bob', 'carol', 'you'], you: 'you', focus: 'dave' });
  assert.equal(rects.size, 3);
  assert.equal(new Set([...rects.values()].map(({ width }) => width)).size, 1);
});

/** @param {number} count */
function people(count) {
  return Array.from({ length: count }, (_, at) => `p${at + 1}`);
}

/**
 * The area a tile may have with so many columns, within the shapes a face survives.
 * @param {number} width
 * @param {number} height
 * @param {number} count
 * @param {number} columns
 */
function largestTile(width, height, count, columns) {
  const rows = Math.ceil(count / columns);
  const cell = { width: Math.max(0, (width - (columns - 1) * GAP) / columns), height: Math.max(0, (height - (rows - 1) * GAP) / rows) };
  const least = width >= height ? 4 / 3 : 3 / 4;
  const tile = { width: Math.min(cell.width, (cell.height * 16) / 9), height: Math.min(cell.height, cell.width / least) };
  return tile.width * tile.height;
}

/**
 * @param {Rect} rect
 * @param {number} width
 * @param {number} height
 */
function inside(rect, width, height) {
  const slack = 0.01;
  return rect.x >= -slack && rect.y >= -slack && rect.x + rect.width <= width + slack && rect.y + rect.height <= height + slack;
}

/**
 * @param {Rect} one
 * @param {Rect} other
 */
function overlap(one, other) {
  return one.x < other.x + other.width - 0.01 && other.x < one.x + one.width - 0.01
    && one.y < other.y + other.height - 0.01 && other.y < one.y + one.height - 0.01;
}
