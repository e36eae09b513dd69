/**
 * The SHA-256 of a whole file, as `sha256sum` prints it: for somebody who wants to compare it with what another program or
 * person says. What goes from page to page is checked without it (chain.js).
 */
import { BLOCK } from './frames.js';
import { Sha256 } from './sha256.js';

/** @param {import('./reader.js').Source} source @returns {Promise<string>} hex */
export async function sumOf(source) {
  const { size } = source;
  const hash = new Sha256();
  const place = new Uint8Array(BLOCK);
  for (let at = 0; at < size; at += BLOCK) hash.update(await source.bytes(at, Math.min(at + BLOCK, size), place.subarray(0, size - at)));
  return hash.digest();
}
