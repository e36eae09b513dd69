// Waiting for what a page will do soon, without a word about when.

import assert from 'node:assert/strict';

/** How long anybody waits for something that should happen soon. Generous: it is only ever used up by a failure. */
export const PATIENCE_MS = 30_000;

/** @param {string} what is wrong otherwise @param {() => Promise<boolean> | boolean} check */
export async function until(what, check) {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline;) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(what);
}
