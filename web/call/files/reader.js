/**
 * A file on its way out: read block by block, hashed once however often a block is read again.
 */
import { cut } from './frames.js';
import { Sha256 } from './sha256.js';

/** One read: large enough to be quick, small enough to be forgotten. */
export const BLOCK = 1 << 20;

export class Reader {
  /** @param {Blob} file */
  constructor(file) {
    this.file = file;
    this.hash = new Sha256();
    this.hashed = 0;
    /** @type {string | null} */
    this.sha256 = null;
  }

  /**
   * @param {number} at not beyond what was read before: the hash needs every byte
   * @param {number} payload bytes in one frame
   * @returns {Promise<{ frames: ArrayBuffer[], next: number, sha256: string | null }>} `sha256` with the last block
   */
  async read(at, payload) {
    const bytes = new Uint8Array(await this.file.slice(at, at + BLOCK).arrayBuffer());
    const next = at + bytes.length;
    if (next > this.hashed) {
      this.hash.update(bytes.subarray(this.hashed - at));
      this.hashed = next;
    }
    if (next === this.file.size) this.sha256 ??= this.hash.digest();
    return { frames: cut(bytes, at, payload), next, sha256: this.sha256 };
  }
}
