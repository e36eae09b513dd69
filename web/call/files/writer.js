/**
 * A file on its way in: pieces from several lanes, in any order and repetition; whole blocks in order to the sink, each
 * checked before it is written. Holds no more than a sender may send before it waits.
 */
import { Problem } from '../problem.js';
import { START, link } from './chain.js';
import { BLOCK } from './frames.js';

/**
 * @typedef {object} Sink
 * @property {(bytes: Uint8Array, at: number) => void | Promise<void>} write  always in order, without a gap
 * @property {boolean} keeps                    the bytes that were written: their memory is not used again
 * @property {(how: Progress) => void} [note]   how far it is, for a page that is reloaded
 * @property {(check: string) => Promise<Blob | null>} finish   null: it is saved where the person wanted it
 * @property {() => Promise<void>} drop
 *
 * @typedef {{ at: number, check: string }} Progress  `check`: of all that is written
 * @typedef {{ at: number, held: number, again: number | null }} Report  `at`: written and checked; `held`: arrived without a
 *   gap; `again`: the block that begins here came wrong
 */

/** Twice what a sender of ours sends before it waits. */
const MOST_BLOCKS = 32;
const TRIES = 3;

export class Writer {
  /**
   * @param {Sink} sink
   * @param {number} size of the whole file
   * @param {Progress | null} [progress] what an earlier page wrote of it
   */
  constructor(sink, size, progress = null) {
    this.sink = sink;
    this.size = size;
    /** Bytes written, without a gap. */
    this.at = progress?.at ?? 0;
    /** Of that. */
    this.check = progress?.check ?? START;
    /** @type {Map<number, { bytes: Uint8Array, filled: number, check: string }>} begun blocks, by their offset */
    this.blocks = new Map();
    /** What a written block was in. @type {ArrayBuffer | null} */
    this.spare = null;
    this.tries = 0;
    /** @type {Promise<unknown>} */
    this.queue = Promise.resolve();
  }

  /**
   * @param {import('./frames.js').Piece} piece
   * @returns {Promise<Report>}
   */
  write(piece) {
    const report = this.queue.then(() => this.#take(piece));
    this.queue = report;
    return report;
  }

  /** @returns {Promise<{ check: string, file: Blob | null }>} */
  async finish() {
    const { check } = this;
    return { check, file: await this.sink.finish(check) };
  }

  drop() {
    this.blocks.clear();
    return this.sink.drop();
  }

  /** @param {import('./frames.js').Piece} piece @returns {Promise<Report>} */
  async #take(piece) {
    this.#keep(piece);
    let again = null;
    for (let next = this.#ready; next && again === null; next = this.#ready) again = await this.#settle(next);
    return { at: this.at, held: this.at + (this.blocks.get(this.at)?.filled ?? 0), again };
  }

  /** What comes twice after a change of connection is skipped. @param {import('./frames.js').Piece} piece */
  #keep({ block: start, from, parts, check }) {
    if (!(start >= this.at && start < this.size) || start % BLOCK !== 0) return;
    if (start >= this.at + MOST_BLOCKS * BLOCK) throw new Problem('file-failed', 'the sender does not wait');
    const block = this.#block(start);
    let at = from;
    for (const part of parts) {
      append(block, at, new Uint8Array(part));
      at += part.byteLength;
    }
    // Only what can be one is kept: a stranger's could be as long as a message.
    if (check?.length === START.length) block.check = check;
  }

  /** @param {number} start */
  #block(start) {
    let block = this.blocks.get(start);
    if (!block) this.blocks.set(start, block = { bytes: this.#memory(Math.min(BLOCK, this.size - start)), filled: 0, check: '' });
    return block;
  }

  /** @param {number} length */
  #memory(length) {
    const { spare } = this;
    this.spare = null;
    return spare ? new Uint8Array(spare, 0, length) : new Uint8Array(length);
  }

  get #ready() {
    const next = this.blocks.get(this.at);
    return next && next.filled === next.bytes.length && next.check ? next : null;
  }

  /**
   * @param {{ bytes: Uint8Array, check: string }} block the next one
   * @returns {Promise<number | null>} where it begins, when it is not what was sent
   */
  async #settle({ bytes, check }) {
    this.blocks.delete(this.at);
    const own = await link(this.check, bytes);
    if (own !== check) {
      this.tries += 1;
      if (this.tries >= TRIES) throw new Problem('file-hash');
      return this.at;
    }
    const { length } = bytes;
    await this.sink.write(bytes, this.at);
    // Fresh memory for each block would cost as much as copying it (measured).
    if (!this.sink.keeps) this.spare = /** @type {ArrayBuffer} */ (bytes.buffer);
    this.at += length;
    this.check = own;
    this.tries = 0;
    this.sink.note?.({ at: this.at, check: own });
    return null;
  }
}

/**
 * @param {{ bytes: Uint8Array, filled: number }} block
 * @param {number} at
 * @param {Uint8Array} bytes
 */
function append(block, at, bytes) {
  if (at > block.filled) return; // comes again, from its beginning
  const fresh = bytes.subarray(block.filled - at, block.bytes.length - at);
  block.bytes.set(fresh, block.filled);
  block.filled += fresh.length;
}
