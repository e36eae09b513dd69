/**
 * What comes over one file channel (frames.js), put together for the disk: a whole block at a time, because each word to the
 * worker costs as much as the bytes it takes along; on a slow path what there is of one, so that both bars move.
 */
import { BLOCK } from './frames.js';

/** ms */
const PASS_ON_WITHIN = 300;

/** @typedef {import('./incoming.js').Incoming} Incoming */

export class Arrival {
  /**
   * @param {string} first the file that the channel is named for
   * @param {(id: string) => Incoming | null} find null: that file is none of theirs
   * @param {import('../clock.js').Clock} clock
   */
  constructor(first, find, clock) {
    this.find = find;
    this.clock = clock;
    this.incoming = find(first);
    this.passedAt = clock.now();
    this.block = 0;
    /** How much of it was passed on. */
    this.from = 0;
    /** What was not. @type {ArrayBuffer[]} */
    this.parts = [];
    this.length = 0;
  }

  /** @param {unknown} data one message */
  hear(data) {
    if (data instanceof ArrayBuffer) this.#add(data);
    else if (typeof data === 'string') this.#heed(data);
  }

  /** @param {string} text */
  #heed(text) {
    if (text.startsWith('#')) this.#pass(text.slice(1));
    // Without a check in between the sender thought better of the block, and all of it comes again.
    else if (text.startsWith('@')) this.#begin(Number(text.slice(1)));
    else this.incoming = this.find(text);
  }

  /** @param {number} block where it begins */
  #begin(block) {
    Object.assign(this, { block, from: 0, parts: [], length: 0 });
  }

  /** @param {ArrayBuffer} bytes */
  #add(bytes) {
    if (!this.incoming) return;
    this.parts.push(bytes);
    this.length += bytes.byteLength;
    if (this.length > BLOCK || this.clock.now() - this.passedAt >= PASS_ON_WITHIN) this.#pass(null);
  }

  /** @param {string | null} check */
  #pass(check) {
    const { block, from, parts, length } = this;
    Object.assign(this, { passedAt: this.clock.now(), from: from + length, parts: [], length: 0 });
    this.incoming?.take({ block, from, parts, check });
  }
}
