// The page's own SHA-256 against node's: whatever the length and however it is cut up.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Sha256 } from '../../web/call/files/sha256.js';

const expected = (bytes) => createHash('sha256').update(bytes).digest('hex');

test('nothing, and the examples of FIPS 180-4', () => {
  assert.equal(new Sha256().digest(), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  const hash = new Sha256();
  hash.update(new TextEncoder().encode('abc'));
  assert.equal(hash.digest(), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('every length around the edges of a block', () => {
  for (let length = 0; length <= 200; length += 1) {
    const bytes = randomBytes(length);
    const hash = new Sha256();
    hash.update(bytes);
    assert.equal(hash.digest(), expected(bytes), `${length} bytes`);
  }
});

test('the same bytes in any pieces', () => {
  const bytes = randomBytes(70_001);
  for (const piece of [1, 3, 63, 64, 65, 1000, 65_536]) {
    const hash = new Sha256();
    for (let at = 0; at < bytes.length; at += piece) hash.update(bytes.subarray(at, at + piece));
    assert.equal(hash.digest(), expected(bytes), `in pieces of ${piece}`);
  }
});
