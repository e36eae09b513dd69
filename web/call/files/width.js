/**
 * Over how many connections ("lanes") files to one person go. What one association carries falls with the round trip and
 * with loss: at 50 ms and 0.1 % one carried 7 Mbit/s, two 13, four 33; on a local network four are slower than one, because
 * there the processor is the limit (measured). So: more where the way is long, step by step, and back where it did not help.
 * Pure.
 */

/** Seconds; nearer than this one lane fills the path. */
const NEAR = 0.015;
const STEPS = [1, 2, 4];
/** A new lane needs a moment to find its speed, ms. */
const STEP_EVERY = 3_000;
/** Lower than before by more than chance. */
const WORSE = 0.7;

export class Width {
  constructor() {
    this.step = 0;
    this.steppedAt = -Infinity;
    /** Bytes a second before the last step. */
    this.before = 0;
    /** The shortest round trip seen: what a queue of our own adds is not distance. */
    this.floor = Infinity;
    /** More was tried and was worse. */
    this.settled = false;
  }

  get lanes() {
    return STEPS[this.step];
  }

  /**
   * Asked twice a second.
   * @param {object} facts
   * @param {number} facts.now             ms
   * @param {number | null} facts.rtt      seconds
   * @param {number} facts.rate            bytes a second that arrive, of all files to this person
   * @param {boolean} facts.free           files may go as fast as they can: no call is spared, nothing is paused
   * @returns {number} lanes
   */
  look({ now, rtt, rate, free }) {
    if (rtt !== null) this.floor = Math.min(this.floor, rtt);
    const due = free && rate > 0 && now - this.steppedAt >= STEP_EVERY;
    if (!due || this.settled || this.floor === Infinity || this.floor <= NEAR) return this.lanes;
    const worse = this.step > 0 && rate < this.before * WORSE;
    if (worse) this.settled = true;
    if (worse || this.step < STEPS.length - 1) {
      this.step += worse ? -1 : 1;
      this.before = rate;
    }
    this.steppedAt = now;
    return this.lanes;
  }
}
