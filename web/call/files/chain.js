/**
 * What a file is checked by on its way: the check of each mebibyte is the SHA-256 of the one before and of the hashes of its
 * own bytes. So one check vouches for everything up to its block, and the last one for the whole file, while each hash is over
 * bytes that are in memory together: the browser computes it, seven times faster than a script can (measured).
 */
import { hex } from '../hex.js';
import { Sha256 } from './sha256.js';

/** The check of nothing. */
export const START = '0'.repeat(64);
/** A browser copies what it hashes; a whole block at once takes it more than twice as long as its quarters (measured). */
const PART = 1 << 18;

/**
 * @param {string} before the check of the block before, or `START`
 * @param {Uint8Array} block
 * @returns {Promise<string>} 64 hex digits
 */
export async function link(before, block) {
  const hashes = [];
  for (let at = 0; at < block.length; at += PART) hashes.push(sha256(block.subarray(at, at + PART)));
  return sha256(new TextEncoder().encode([before, ...await Promise.all(hashes)].join('')));
}

/** @param {Uint8Array} bytes @returns {Promise<string>} hex */
async function sha256(bytes) {
  // Only pages that came by HTTPS, or from this machine, have it.
  if (!globalThis.crypto?.subtle) return slowly(bytes);
  const digest = await crypto.subtle.digest('SHA-256', /** @type {Uint8Array<ArrayBuffer>} */ (bytes));
  return hex(new Uint8Array(digest));
}

/** @param {Uint8Array} bytes */
function slowly(bytes) {
  const hash = new Sha256();
  hash.update(bytes);
  return hash.digest();
}
