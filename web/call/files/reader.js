/**
 * A file on its way out: read block by block, checked as it passes. Blocks are mostly asked for in order;
 * one that is asked for again is read again, its check is remembered.
 */
import { START, link } from './chain.js';
import { BLOCK } from './frames.js';
import { Problem } from '../problem.js';

/**
 * @typedef {{ size: number, bytes(from: number, to: number, whole?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> }} Source
 *   bytes in `whole`, or in memory of their own; fewer than asked for when there are no more
 */

export class Reader {
  /** @param {Source} source */
  constructor(source) {
    this.source = source;
    this.hashed = 0;
    /** Of each block, up to there. @type {string[]} */
    this.checks = [];
    /** One after the other: each check is made from the one before. @type {Promise<unknown>} */
    this.queue = Promise.resolve();
  }

  /**
   * @param {number} at where a block begins
   * @param {ArrayBuffer} [memory] of an earlier block
   * @returns {Promise<import('./frames.js').Block>}
   */
  read(at, memory) {
    return this.#step(async () => {
      await this.#hashUpTo(at);
      const bytes = await this.#block(at, memory);
      if (at === this.hashed) await this.#pass(bytes);
      return { at, bytes, check: this.checks[at / BLOCK] };
    });
  }

  /**
   * @param {number} at end of a block, or of the file
   * @returns {Promise<string>} the check of the file up to there
   */
  prefix(at) {
    return this.#step(async () => {
      await this.#hashUpTo(at);
      return this.checks[Math.ceil(at / BLOCK) - 1] ?? START;
    });
  }

  /** A file that somebody else has the beginning of already is still hashed from its beginning. @param {number} at */
  async #hashUpTo(at) {
    while (this.hashed < at) await this.#pass(await this.#block(this.hashed));
  }

  /** @param {Uint8Array} bytes of the first block that was not hashed yet */
  async #pass(bytes) {
    this.checks.push(await link(this.checks.at(-1) ?? START, bytes));
    this.hashed += bytes.length;
  }

  /**
   * @param {number} at
   * @param {ArrayBuffer} [memory]
   */
  async #block(at, memory) {
    const to = Math.min(at + BLOCK, this.source.size);
    const bytes = await this.source.bytes(at, to, placeFor(to - at, memory));
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

/**
 * @param {number} length
 * @param {ArrayBuffer} [memory] of an earlier block: what is fresh costs as much as the copying into it (measured)
 */
function placeFor(length, memory) {
  return memory && memory.byteLength >= length ? new Uint8Array(memory, 0, length) : new Uint8Array(length);
}
