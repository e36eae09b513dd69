/**
 * The QR encoder against codes that an independent encoder (npm qrcode-generator 2.0.4) made of the same texts, and
 * against its own rules. The large codes are compared by the SHA-256 of their rows.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';

import { encode } from '../../web/ui/qr.js';

const SMALL = [
  '#######....##.#######',
  '#.....#..##.#.#.....#',
  '#.###.#....#..#.###.#',
  '#.###.#....#..#.###.#',
  '#.###.#.....#.#.###.#',
  '#.....#.#.#...#.....#',
  '#######.#.#.#.#######',
  '.........#..#........',
  '#..#.##.###..#.#.....',
  '#..#...#.####.###...#',
  '...#####.#..#.....#.#',
  '#.#.#..#..#.#.#.##.##',
  '##.######.#.#..#.#...',
  '........#.#.#..#....#',
  '#######...#.##..####.',
  '#.....#.###.##.##..##',
  '#.###.#..#.#.#..##...',
  '#.###.#.#.#.#...#..##',
  '#.###.#...#.#...#.#.#',
  '#.....#...####.......',
  '#######.#.###.#.#..#.',
];

test('a short link makes the smallest code, module for module', () => {
  assert.deepEqual(rows('https://a.b/r/', 7), SMALL);
});

const LARGER = [
  { version: 4, mask: 7, text: 'https://call.example.org:8443/r/amber-otter-7kx2m?relay', sha256: 'e5776d57c61150611f3b615864194d039aeefbf92fccd2b4af53a59d1e72da2c' },
  { version: 8, mask: 2, text: `https://call.example.org:8443/r/${'kitchen-'.repeat(14)}`, sha256: 'b5f7126e99c4b32bba380a33ac48314103f89b8f201acdccbb42e3fc5be4a281' },
  { version: 10, mask: 6, text: `https://call.example.org:8443/r/${'kitchen-'.repeat(20)}`, sha256: 'e555c30815b1403aa6d5000be22a9443fc1f09f1c53feb851a8be4a2272167cf' },
  ...[
    { version: 15, mask: 5, length: 364, sha256: '7d1a9023f2e291f1577f8967326728208517cce352b9998a429b5c830eede513' },
    { version: 20, mask: 1, length: 626, sha256: '8511fa6cc5c3240fb2d2abaf64118c3a8158224406f9ba7165aec7a146c5da8c' },
    { version: 25, mask: 3, length: 997, sha256: '916cce0b7c0d45d8e12d8a4eea88201d113469c3adb1c0a744b5e8f3ce3ce394' },
  ].map((code) => ({ ...code, text: 'https://call.example.org/manual#z'.padEnd(code.length, 'aB3_-xYz') })),
];
for (const { version, mask, text, sha256 } of LARGER) {
  test(`a link of ${text.length} characters makes version ${version}`, () => {
    const code = rows(text, mask);
    assert.equal(code.length, version * 4 + 17);
    assert.equal(createHash('sha256').update(code.join('\n')).digest('hex'), sha256);
  });
}

test('left to itself it takes one of the eight masks', () => {
  const chosen = rows('https://a.b/r/').join();
  assert.ok([0, 1, 2, 3, 4, 5, 6, 7].some((mask) => rows('https://a.b/r/', mask).join() === chosen));
});

test('997 bytes fit, one more does not, and a foreign letter counts its bytes', () => {
  assert.equal(encode('x'.repeat(997))?.length, 117);
  assert.equal(encode('x'.repeat(998)), null);
  assert.equal(encode('会'.repeat(333)), null);
});

/**
 * @param {string} text
 * @param {number} [mask]
 */
function rows(text, mask) {
  return (encode(text, mask) ?? []).map((row) => row.map((dark) => (dark ? '#' : '.')).join(''));
}
