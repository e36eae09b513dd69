/**
 * Who may go now: a hundred accepted files are sent a few at a time, in the order they were accepted. Pure.
 */
export class Turns {
  /** @param {number} limit at a time */
  constructor(limit) {
    this.limit = limit;
    /** @type {Set<unknown>} */
    this.going = new Set();
    /** @type {Map<unknown, () => void>} in order */
    this.waiting = new Map();
  }

  /**
   * @param {unknown} who
   * @param {() => void} go called at once, or when it is their turn
   */
  enter(who, go) {
    this.leave(who);
    this.waiting.set(who, go);
    this.#next();
  }

  /** @param {unknown} who no longer waits or goes */
  leave(who) {
    this.waiting.delete(who);
    if (this.going.delete(who)) this.#next();
  }

  #next() {
    for (const [who, go] of this.waiting) {
      if (this.going.size >= this.limit) return;
      this.waiting.delete(who);
      this.going.add(who);
      go();
    }
  }
}
