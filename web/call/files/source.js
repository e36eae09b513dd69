/**
 * Where the bytes of an outgoing transfer come from: a file, or a folder as one archive. The same in the page, which needs
 * the size for the offer, and in the worker, which reads.
 */
import { Zip } from './zip.js';

/** @typedef {File | import('./folders.js').Folder} Thing */

/** @param {Thing} thing @returns {import('./reader.js').Source} */
export function sourceOf(thing) {
  if (!('files' in thing)) return { size: thing.size, bytes: (from, to) => slice(thing, from, to) };
  // In an order of its own: a folder that is chosen again may be listed in another one, and must be the same bytes.
  const files = thing.files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return new Zip(files.map(({ path, file }) => ({
    path, size: file.size, modified: file.lastModified, bytes: (/** @type {number} */ from, /** @type {number} */ to) => slice(file, from, to),
  })));
}

/**
 * @param {Blob} file
 * @param {number} from
 * @param {number} to
 */
async function slice(file, from, to) {
  return new Uint8Array(await file.slice(from, to).arrayBuffer());
}
