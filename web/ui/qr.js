/**
 * QR codes for links: byte mode, error correction M, versions 1 to 25 (up to 997 bytes). Pure.
 * ISO/IEC 18004:2015; section numbers below are of that text. Leaves out: other modes and levels, which a link never needs.
 */

/** @typedef {boolean[][]} Matrix  rows of modules, true is dark */

/**
 * Table 9, level M, by version: check bytes of each block, then blocks as [count, data bytes of each].
 * @type {readonly {check: number, blocks: [number, number][]}[]}
 */
const VERSIONS = [
  { check: 10, blocks: [[1, 16]] },
  { check: 16, blocks: [[1, 28]] },
  { check: 26, blocks: [[1, 44]] },
  { check: 18, blocks: [[2, 32]] },
  { check: 24, blocks: [[2, 43]] },
  { check: 16, blocks: [[4, 27]] },
  { check: 18, blocks: [[4, 31]] },
  { check: 22, blocks: [[2, 38], [2, 39]] },
  { check: 22, blocks: [[3, 36], [2, 37]] },
  { check: 26, blocks: [[4, 43], [1, 44]] },
  { check: 30, blocks: [[1, 50], [4, 51]] },
  { check: 22, blocks: [[6, 36], [2, 37]] },
  { check: 22, blocks: [[8, 37], [1, 38]] },
  { check: 24, blocks: [[4, 40], [5, 41]] },
  { check: 24, blocks: [[5, 41], [5, 42]] },
  { check: 28, blocks: [[7, 45], [3, 46]] },
  { check: 28, blocks: [[10, 46], [1, 47]] },
  { check: 26, blocks: [[9, 43], [4, 44]] },
  { check: 26, blocks: [[3, 44], [11, 45]] },
  { check: 26, blocks: [[3, 41], [13, 42]] },
  { check: 26, blocks: [[17, 42]] },
  { check: 28, blocks: [[17, 46]] },
  { check: 28, blocks: [[4, 47], [14, 48]] },
  { check: 28, blocks: [[6, 45], [14, 46]] },
  { check: 28, blocks: [[8, 47], [13, 48]] },
];

/** 7.8.2, table 10: the eight masks. @type {readonly ((x: number, y: number) => boolean)[]} */
const MASKS = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/**
 * The code of a text, or null when it is too long.
 * @param {string} text
 * @param {number} [mask]  0 to 7; the best by the standard's penalties when left out
 * @returns {Matrix | null}
 */
export function encode(text, mask) {
  const bytes = new TextEncoder().encode(text);
  const version = VERSIONS.findIndex((_, index) => bytes.length <= capacity(index + 1)) + 1;
  if (version === 0) return null;
  const bits = bitsOf(interleaved(codewords(bytes, version), version));
  const candidates = mask === undefined ? MASKS.keys() : [mask];
  /** @type {Matrix | null} */
  let best = null;
  for (const candidate of candidates) {
    const matrix = drawn(version, bits, candidate);
    if (!best || penalty(matrix) < penalty(best)) best = matrix;
  }
  return best;
}

/** @param {number} version */
function dataBytes(version) {
  return VERSIONS[version - 1].blocks.reduce((sum, [count, size]) => sum + count * size, 0);
}

/** Length field: 8 bits up to version 9, then 16 (table 3). @param {number} version */
function lengthBits(version) {
  return version < 10 ? 8 : 16;
}

/** @param {number} version */
function capacity(version) {
  return Math.floor((dataBytes(version) * 8 - 4 - lengthBits(version)) / 8);
}

/**
 * 7.4: mode, length, bytes, terminator, then the two pad bytes in turn.
 * @param {Uint8Array} bytes
 * @param {number} version
 */
function codewords(bytes, version) {
  const size = dataBytes(version);
  const bits = [...number(0b0100, 4), ...number(bytes.length, lengthBits(version)), ...bitsOf(bytes)];
  for (let zero = 0; zero < 4 && bits.length < size * 8; zero += 1) bits.push(false);
  while (bits.length % 8 !== 0) bits.push(false);
  for (let pad = 0xec; bits.length < size * 8; pad ^= 0xec ^ 0x11) bits.push(...number(pad, 8));
  return Uint8Array.from({ length: size }, (_, at) => bits.slice(at * 8, at * 8 + 8).reduce((sum, bit) => sum * 2 + Number(bit), 0));
}

/**
 * 7.6: blocks side by side, first all data columns, then all check columns.
 * @param {Uint8Array} data
 * @param {number} version
 */
function interleaved(data, version) {
  const { check, blocks } = VERSIONS[version - 1];
  const sizes = blocks.flatMap(([count, size]) => Array(count).fill(size));
  let start = 0;
  const parts = sizes.map((size) => data.slice(start, (start += size)));
  const checks = parts.map((part) => checkBytes(part, check));
  return Uint8Array.from([...columns(parts), ...columns(checks)]);
}

/** @param {Uint8Array[]} rows */
function columns(rows) {
  const length = Math.max(...rows.map((row) => row.length));
  return Array.from({ length }, (_, at) => rows.filter((row) => at < row.length).map((row) => row[at])).flat();
}

/**
 * 7.5.2: the remainder of the data divided by the generator polynomial, over GF(256).
 * @param {Uint8Array} data
 * @param {number} count
 */
function checkBytes(data, count) {
  const generator = generatorOf(count);
  const rest = new Uint8Array(count);
  for (const byte of data) {
    const factor = byte ^ rest[0];
    rest.copyWithin(0, 1);
    rest[count - 1] = 0;
    for (let at = 0; at < count; at += 1) rest[at] ^= times(generator[at], factor);
  }
  return rest;
}

/** (x - 1)(x - 2)(x - 4)...: coefficients below the highest, highest first. @param {number} degree */
function generatorOf(degree) {
  const coefficients = new Uint8Array(degree);
  coefficients[degree - 1] = 1;
  let root = 1;
  for (let step = 0; step < degree; step += 1) {
    for (let at = 0; at < degree; at += 1) {
      coefficients[at] = times(coefficients[at], root) ^ (coefficients[at + 1] ?? 0);
    }
    root = times(root, 2);
  }
  return coefficients;
}

/** In GF(256) with x^8 + x^4 + x^3 + x^2 + 1. @param {number} a @param {number} b */
function times(a, b) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((b >> bit) & 1) * a;
  }
  return product;
}

/**
 * @param {number} version
 * @param {boolean[]} bits
 * @param {number} mask
 * @returns {Matrix}
 */
function drawn(version, bits, mask) {
  const size = version * 4 + 17;
  /** @type {(boolean | undefined)[][]} undefined: free for data */
  const grid = Array.from({ length: size }, () => Array(size).fill(undefined));
  drawTiming(grid);
  drawAlignment(grid, version);
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) drawFinder(grid, x, y);
  drawFormat(grid, mask);
  if (version >= 7) drawVersion(grid, version);
  drawData(grid, bits, MASKS[mask]);
  return grid.map((row) => row.map((module) => module === true));
}

/** @typedef {(boolean | undefined)[][]} Grid */

/** @param {Grid} grid */
function drawTiming(grid) {
  for (let at = 0; at < grid.length; at += 1) grid[6][at] = grid[at][6] = at % 2 === 0;
}

/** A finder pattern and the light line around it, 6.3.3. @param {Grid} grid @param {number} cx @param {number} cy */
function drawFinder(grid, cx, cy) {
  for (let dy = -4; dy <= 4; dy += 1) {
    for (let dx = -4; dx <= 4; dx += 1) {
      const ring = Math.max(Math.abs(dx), Math.abs(dy));
      const row = grid[cy + dy];
      if (row && cx + dx >= 0 && cx + dx < grid.length) row[cx + dx] = ring !== 2 && ring !== 4;
    }
  }
}

/** Annex E: from the far edge inwards in equal, even steps; the rest is between the first two. @param {Grid} grid @param {number} version */
function drawAlignment(grid, version) {
  if (version === 1) return;
  const last = grid.length - 7;
  const gaps = Math.floor(version / 7) + 1;
  const step = Math.ceil((last - 6) / gaps / 2) * 2;
  const centres = [6, ...Array.from({ length: gaps }, (_, at) => last - (gaps - 1 - at) * step)];
  for (const cy of centres) {
    for (const cx of centres) {
      const underFinder = (cx === 6 && cy === 6) || (cx === 6 && cy === last) || (cx === last && cy === 6);
      if (!underFinder) drawRings(grid, cx, cy);
    }
  }
}

/** @param {Grid} grid @param {number} cx @param {number} cy */
function drawRings(grid, cx, cy) {
  for (let dy = -2; dy <= 2; dy += 1) {
    for (let dx = -2; dx <= 2; dx += 1) grid[cy + dy][cx + dx] = Math.max(Math.abs(dx), Math.abs(dy)) !== 1;
  }
}

/** 7.9: level M is 00, then the mask, then 10 check bits, twice. @param {Grid} grid @param {number} mask */
function drawFormat(grid, mask) {
  const size = grid.length;
  const word = ((mask << 10) | remainder(mask << 10, 0x537, 10)) ^ 0x5412;
  /** @param {number} at */
  const bit = (at) => ((word >> at) & 1) === 1;
  for (let at = 0; at <= 5; at += 1) grid[at][8] = bit(at);
  grid[7][8] = bit(6);
  grid[8][8] = bit(7);
  grid[8][7] = bit(8);
  for (let at = 9; at < 15; at += 1) grid[8][14 - at] = bit(at);
  for (let at = 0; at < 8; at += 1) grid[8][size - 1 - at] = bit(at);
  for (let at = 8; at < 15; at += 1) grid[size - 15 + at][8] = bit(at);
  grid[size - 8][8] = true;
}

/** 7.10: the version with 12 check bits, twice. @param {Grid} grid @param {number} version */
function drawVersion(grid, version) {
  const word = (version << 12) | remainder(version << 12, 0x1f25, 12);
  for (let at = 0; at < 18; at += 1) {
    const far = grid.length - 11 + (at % 3);
    const near = Math.floor(at / 3);
    grid[far][near] = grid[near][far] = ((word >> at) & 1) === 1;
  }
}

/** Of a division of polynomials over GF(2). @param {number} value @param {number} divisor @param {number} degree */
function remainder(value, divisor, degree) {
  let rest = value;
  for (let at = 31; at >= degree; at -= 1) {
    if ((rest >>> at) & 1) rest ^= divisor << (at - degree);
  }
  return rest;
}

/**
 * 7.7.3: two columns at a time from the right, up and down in turn, the timing column left out.
 * @param {Grid} grid
 * @param {boolean[]} bits
 * @param {(x: number, y: number) => boolean} mask
 */
function drawData(grid, bits, mask) {
  const size = grid.length;
  let next = 0;
  for (let pair = 0, right = size - 1; right > 0; pair += 1, right -= right === 8 ? 3 : 2) {
    for (let step = 0; step < size; step += 1) {
      const y = pair % 2 === 0 ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (grid[y][x] !== undefined) continue;
        grid[y][x] = (bits[next] ?? false) !== mask(x, y);
        next += 1;
      }
    }
  }
}

/** 7.8.3: runs, squares, patterns like a finder, and the balance of dark and light. @param {Matrix} matrix */
function penalty(matrix) {
  const size = matrix.length;
  const turned = matrix.map((_, x) => matrix.map((row) => row[x]));
  let points = 0;
  for (const line of [...matrix, ...turned]) points += runs(line) + finders(line);
  let dark = 0;
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      dark += Number(matrix[y][x]);
      const square = x > 0 && y > 0 && [matrix[y - 1][x - 1], matrix[y - 1][x], matrix[y][x - 1]].every((one) => one === matrix[y][x]);
      if (square) points += 3;
    }
  }
  return points + Math.floor(Math.abs((dark / size ** 2) * 100 - 50) / 5) * 10;
}

/** @param {boolean[]} line */
function runs(line) {
  let points = 0;
  let length = 0;
  line.forEach((module, at) => {
    length = at > 0 && line[at - 1] === module ? length + 1 : 1;
    if (length === 5) points += 3;
    else if (length > 5) points += 1;
  });
  return points;
}

/** Dark 1:1:3:1:1 with four light modules before or behind. @param {boolean[]} line */
function finders(line) {
  const signs = line.map((module) => (module ? '1' : '0')).join('');
  return [...signs.matchAll(/(?=00001011101|10111010000)/g)].length * 40;
}

/** @param {Iterable<number>} bytes */
function bitsOf(bytes) {
  return [...bytes].flatMap((byte) => number(byte, 8));
}

/** @param {number} value @param {number} width  in bits, highest first */
function number(value, width) {
  return Array.from({ length: width }, (_, at) => ((value >> (width - 1 - at)) & 1) === 1);
}
