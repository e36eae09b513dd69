// Waiting for what a page will do soon, without a word about when.

import assert from 'node:assert/strict';
import { PATIENCE_MS } from './person.mjs';

/** @param {string} what is wrong otherwise @param {() => Promise<boolean> | boolean} check */
export async function until(what, check) {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline;) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(what);
}
