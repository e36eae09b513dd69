/**
 * A file on its way out: read block by block, hashed as it passes, cut into frames. Blocks are mostly asked for in order;
 * one that is asked for again is read again, its check is remembered.
 */
import { BLOCK, check, cut } from './frames.js';
import { Sha256 } from './sha256.js';
import { Problem } from '../problem.js';

/** @typedef {{ size: number, bytes(from: number, to: number): Promise<Uint8Array> }} Source */

export class Reader {
  /** @param {Source} source */
  constructor(source) {
    this.source = source;
    this.hash = new Sha256();
    this.hashed = 0;
    /** SHA-256 of the file up to the end of each block. @type {string[]} */
    this.checks = [];
    /** One after the other: the hash needs every byte once, in order. @type {Promise<unknown>} */
    this.queue = Promise.resolve();
  }

  /**
   * @param {number} at where a block begins
   * @param {number} payload bytes in one frame
   * @returns {Promise<{ frames: ArrayBuffer[] }>}
   */
  read(at, payload) {
    return this.#step(async () => {
      await this.#hashUpTo(at);
      const bytes = await this.#block(at);
      if (at === this.hashed) this.#pass(bytes);
      return { frames: [...cut(bytes, at, payload), check(at, this.checks[at / BLOCK])] };
    });
  }

  /**
   * @param {number} at end of a block, or of the file
   * @returns {Promise<string>} SHA-256 of the file up to there
   */
  prefix(at) {
    return this.#step(async () => {
      await this.#hashUpTo(at);
      return at === 0 ? new Sha256().digest() : this.checks[Math.ceil(at / BLOCK) - 1];
    });
  }

  /** A file that somebody else has the beginning of already is still hashed from its beginning. @param {number} at */
  async #hashUpTo(at) {
    while (this.hashed < at) this.#pass(await this.#block(this.hashed));
  }

  /** @param {Uint8Array} bytes of the first block that was not hashed yet */
  #pass(bytes) {
    this.hash.update(bytes);
    this.hashed += bytes.length;
    this.checks.push(this.hash.peek());
  }

  /** @param {number} at */
  async #block(at) {
    const to = Math.min(at + BLOCK, this.source.size);
    const bytes = await this.source.bytes(at, to);
    if (bytes.length !== to - at) throw new Problem('file-unreadable');
    return bytes;
  }

  /**
   * @template T
   * @param {() => Promise<T>} run
   * @returns {Promise<T>}
   */
  #step(run) {
    const result = this.queue.then(run);
    this.queue = result.catch(() => {});
    return result;
  }
}
