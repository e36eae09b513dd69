// Reads the PNGs that browsers make of their pages: eight bits a sample, RGB or RGBA, not interlaced (PNG, third edition, 5 to 9).

import { inflateSync } from 'node:zlib';

/** Bytes before the first chunk. */
const SIGNATURE = 8;
/** What a colour type has of samples, of those that screenshots use: truecolour, and truecolour with alpha. */
const SAMPLES = { 2: 3, 6: 4 };

/** @typedef {{ width: number, height: number, samples: number, data: Uint8Array | Uint8ClampedArray }} Pixels `samples` bytes a pixel, red first, row by row */

/** @param {Buffer} png @returns {Pixels} */
export function pixelsOf(png) {
  const packed = [];
  let [width, height, samples] = [0, 0, 0];
  for (let at = SIGNATURE; at < png.length;) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') {
      [width, height, samples] = [body.readUInt32BE(0), body.readUInt32BE(4), SAMPLES[body[9]]];
      if (body[8] !== 8 || !samples || body[12] !== 0) throw new Error(`a PNG of depth ${body[8]}, colour type ${body[9]}, interlace ${body[12]}`);
    }
    if (type === 'IDAT') packed.push(body);
    at += length + 12; // length, type, check sum
  }
  return { width, height, samples, data: unfiltered(inflateSync(Buffer.concat(packed)), width * samples, height, samples) };
}

/**
 * Each row says how it was told from its neighbours (section 9.2); the row above the first one is black.
 * @param {Buffer} rows @param {number} size of a row @param {number} height @param {number} step back to the pixel before
 */
function unfiltered(rows, size, height, step) {
  const data = new Uint8Array(size * height);
  let above = new Uint8Array(size);
  for (let row = 0; row < height; row += 1) {
    const start = row * (size + 1);
    const here = data.subarray(row * size, (row + 1) * size);
    here.set(rows.subarray(start + 1, start + 1 + size));
    const undo = FILTERS[rows[start]];
    if (!undo) throw new Error(`a PNG row of filter ${rows[start]}`);
    undo(here, above, step);
    above = here;
  }
  return data;
}

/** By their numbers: what each adds to the bytes of a row. @type {((here: Uint8Array, above: Uint8Array, step: number) => void)[]} */
const FILTERS = [
  () => {},
  (here, _, step) => {
    for (let x = step; x < here.length; x += 1) here[x] += here[x - step];
  },
  (here, above) => {
    for (let x = 0; x < here.length; x += 1) here[x] += above[x];
  },
  (here, above, step) => {
    for (let x = 0; x < here.length; x += 1) here[x] += ((x < step ? 0 : here[x - step]) + above[x]) >> 1;
  },
  (here, above, step) => {
    for (let x = 0; x < here.length; x += 1) {
      const left = x < step ? 0 : here[x - step];
      const before = x < step ? 0 : above[x - step];
      here[x] += nearest(left, above[x], before);
    }
  },
];

/** Paeth's predictor: whichever of the three is nearest to `left + up - before`. @param {number} left @param {number} up @param {number} before */
function nearest(left, up, before) {
  const toLeft = Math.abs(up - before);
  const toUp = Math.abs(left - before);
  const toBefore = Math.abs(left + up - 2 * before);
  if (toLeft <= toUp && toLeft <= toBefore) return left;
  return toUp <= toBefore ? up : before;
}
