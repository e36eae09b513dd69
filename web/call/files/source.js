/**
 * Where the bytes of an outgoing transfer come from: a file, or a folder as one archive. The same in the page, which needs
 * the size for the offer, and in the worker, which reads.
 */
import { Zip } from './zip.js';

/** @typedef {File | import('./folders.js').Folder} Thing */
/** @typedef {Blob | import('./folders.js').Folder} Readable */

/** @param {Readable} thing @returns {import('./reader.js').Source} */
export function sourceOf(thing) {
  if (!('files' in thing)) return new FromFront(thing);
  // In an order of its own: a folder that is chosen again may be listed in another one, and must be the same bytes.
  const files = thing.files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return new Zip(files.map(({ path, file }) => {
    const source = new FromFront(file);
    return { path, size: file.size, modified: file.lastModified, bytes: (/** @type {number} */ from, /** @type {number} */ to) => source.bytes(from, to) };
  }));
}

/**
 * A file that is mostly read from its front to its end: as one stream, which costs a third of a slice for each block (measured).
 * Whoever asks for another place than the next gets a stream from there.
 */
class FromFront {
  /** @param {Blob} file */
  constructor(file) {
    this.file = file;
    this.size = file.size;
    /** Where the stream is. */
    this.at = 0;
    /** @type {ReadableStreamDefaultReader<Uint8Array> | null} */
    this.stream = null;
    /** @type {Uint8Array} what the stream gave beyond what was asked for */
    this.rest = new Uint8Array(0);
  }

  /**
   * @param {number} from
   * @param {number} to
   * @param {Uint8Array<ArrayBuffer>} [whole] to put them into
   */
  async bytes(from, to, whole = new Uint8Array(to - from)) {
    if (from !== this.at || !this.stream) this.#seek(from);
    let filled = 0;
    while (filled < whole.length) {
      const piece = await this.#piece();
      if (!piece) break;
      const part = piece.subarray(0, whole.length - filled);
      whole.set(part, filled);
      filled += part.length;
      this.rest = piece.subarray(part.length);
    }
    this.at = from + filled;
    if (this.at === this.size) await this.#end();
    return whole.subarray(0, filled);
  }

  /** @param {number} at */
  #seek(at) {
    this.#leave();
    this.stream = this.file.slice(at).stream().getReader();
    this.at = at;
  }

  #leave() {
    this.stream?.cancel().catch(() => {}); // it failed, and said so to whoever read
    this.stream = null;
    this.rest = new Uint8Array(0);
  }

  /** Browsers look whether a file is still the one that was chosen when they open it, and not later. */
  async #end() {
    this.#leave();
    await this.file.slice(0, 1).arrayBuffer();
  }

  async #piece() {
    if (this.rest.length > 0) return this.rest;
    const { done, value } = await /** @type {ReadableStreamDefaultReader<Uint8Array>} */ (this.stream).read();
    return done ? null : value;
  }
}
