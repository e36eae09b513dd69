/**
 * Which block of an outgoing file goes next, over which of several lanes: each once and in order, those of a lane that
 * broke again first, and never more than the receiver's memory was promised. Pure.
 */
import { BLOCK } from './frames.js';

/** Bytes sent and not yet written down by the receiver: what both sides' memory may hold of one file. */
export const CREDIT = 16 << 20;

export class Ledger {
  /**
   * @param {number} size of the file
   * @param {number} [at] what the receiver has already: the end of a block
   */
  constructor(size, at = 0) {
    this.size = size;
    this.next = at;
    this.acknowledged = at;
    /** @type {number[]} to be sent once more, in order */
    this.again = [];
    /** @type {Map<number, unknown>} blocks on their way, and the lane of each */
    this.underway = new Map();
  }

  /**
   * @param {unknown} lane
   * @returns {number | null} where the block begins that this lane sends next; null: nothing now
   */
  take(lane) {
    const at = this.again[0] ?? this.next;
    if (at >= this.size || at - this.acknowledged >= CREDIT) return null;
    if (this.again.length > 0) this.again.shift();
    else this.next += BLOCK;
    this.underway.set(at, lane);
    return at;
  }

  /** @param {number} at everything before it is written down at the receiver's */
  settle(at) {
    this.acknowledged = Math.max(this.acknowledged, at);
    for (const block of this.underway.keys()) if (block < this.acknowledged) this.underway.delete(block);
    this.again = this.again.filter((block) => block >= this.acknowledged);
  }

  /** The receiver found this block wrong. @param {number} at */
  repeat(at) {
    if (!this.underway.delete(at)) return;
    this.again = [...this.again, at].sort((a, b) => a - b);
  }

  /** What this lane had under way may never arrive. @param {unknown} lane */
  lost(lane) {
    for (const [block, over] of this.underway) if (over === lane) this.repeat(block);
  }
}
