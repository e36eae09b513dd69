// What a file is checked by on its way: the same with and without the browser's own hash, and different for whatever differs.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { START, link } from '../../web/call/files/chain.js';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

test('each check is made of the one before and of the hashes of the block\'s quarters, as written down', async () => {
  const blocks = [randomBytes(1 << 20), randomBytes((1 << 18) + 1), randomBytes(17)];
  let [own, expected] = [START, '0'.repeat(64)];
  for (const block of blocks) {
    own = await link(own, block);
    expected = sha256(expected + [0, 1, 2, 3].map((n) => block.subarray(n << 18, (n + 1) << 18)).filter((part) => part.length > 0).map(sha256).join(''));
    assert.equal(own, expected);
  }
});

test('a page that has no hash of the browser\'s, as without HTTPS, says the same', async (t) => {
  const block = randomBytes(100_003);
  const own = await link(START, block);
  t.mock.getter(globalThis, 'crypto', () => ({}));
  assert.equal(crypto.subtle, undefined);
  assert.equal(await link(START, block), own);
});

test('blocks in another order, or one less, are another file', async () => {
  const [one, two] = [randomBytes(100), randomBytes(100)];
  const chain = async (...blocks) => {
    let check = START;
    for (const block of blocks) check = await link(check, block);
    return check;
  };
  const all = await Promise.all([chain(one, two), chain(two, one), chain(one), chain(two), chain(Buffer.concat([one, two])), chain()]);
  assert.equal(new Set(all).size, all.length);
});
