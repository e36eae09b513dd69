// Two pictures of a page side by side, as coarse as it takes: the mean colours of cells of eight pixels, each with the best of its
// neighbourhood in the other picture. How a font is smoothed and where a letter begins stay below that, a control that is missing or
// stands elsewhere does not.

/** Of 255, in one colour: an icon's line in a cell of paper makes 40. */
const FAR = 14;
/** Cells; an icon covers nine. */
const FEW = 5;

/** @typedef {{ width: number, height: number, means: ArrayLike<number> }} Cells how many side by side and one below the other; three colours each */
/** @typedef {{ x: number, y: number, cells: number }} Spot a place where pictures differ: its middle in pixels, and how much of it */

/**
 * Stands for itself, without a name of this file: what runs in a page is this very text.
 * @param {import('./png.mjs').Pixels} pixels
 * @returns {{ width: number, height: number, means: number[] }}
 */
export function cellsOf({ width, height, samples, data }) {
  const [columns, rows] = [Math.floor(width / 8), Math.floor(height / 8)];
  const sums = new Uint32Array(columns * rows * 3);
  for (let y = 0; y < rows * 8; y += 1) {
    for (let x = 0; x < columns * 8; x += 1) {
      const cell = ((y >> 3) * columns + (x >> 3)) * 3;
      const at = (y * width + x) * samples;
      sums[cell] += data[at];
      sums[cell + 1] += data[at + 1];
      sums[cell + 2] += data[at + 2];
    }
  }
  return { width: columns, height: rows, means: Array.from(sums, (sum) => Math.round(sum / 64)) };
}

/** @param {Cells} one @param {Cells} other @returns {Spot[]} */
export function differences(one, other) {
  if (one.width !== other.width || one.height !== other.height) return [{ x: 0, y: 0, cells: one.width * one.height }];
  const different = new Set();
  for (let at = 0; at < one.width * one.height; at += 1) if (!found(one, other, at) || !found(other, one, at)) different.add(at);
  return spotsOf(different, one.width);
}

/** Whether a cell of `here` has its like at the same place of `there`, or one cell beside. @param {Cells} here @param {Cells} there @param {number} at */
function found(here, there, at) {
  if (far(here.means, at, there.means, at) <= FAR) return true;
  const column = at % here.width;
  const row = Math.floor(at / here.width);
  for (let y = Math.max(0, row - 1); y <= Math.min(here.height - 1, row + 1); y += 1) {
    for (let x = Math.max(0, column - 1); x <= Math.min(here.width - 1, column + 1); x += 1) {
      if (far(here.means, at, there.means, y * here.width + x) <= FAR) return true;
    }
  }
  return false;
}

/** @param {ArrayLike<number>} means @param {number} at @param {ArrayLike<number>} others @param {number} there */
function far(means, at, others, there) {
  let most = 0;
  for (let colour = 0; colour < 3; colour += 1) most = Math.max(most, Math.abs(means[at * 3 + colour] - others[there * 3 + colour]));
  return most;
}

/** Cells side by side are one spot; a few alone are none. @param {Set<number>} cellsLeft @param {number} width */
function spotsOf(cellsLeft, width) {
  const spots = [];
  for (const first of [...cellsLeft]) {
    if (!cellsLeft.delete(first)) continue;
    const spot = [first];
    for (const cell of spot) {
      for (const near of [-1, 1].flatMap((step) => [step, step * width, step * width - 1, step * width + 1])) {
        if (cellsLeft.delete(cell + near)) spot.push(cell + near);
      }
    }
    const middle = (/** @type {(cell: number) => number} */ of) => Math.round((spot.reduce((sum, cell) => sum + of(cell), 0) / spot.length + 0.5) * 8);
    if (spot.length >= FEW) spots.push({ x: middle((cell) => cell % width), y: middle((cell) => Math.floor(cell / width)), cells: spot.length });
  }
  return spots;
}
