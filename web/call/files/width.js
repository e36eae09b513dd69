/**
 * Over how many connections ("lanes") files to one person go. What one association carries falls with the round trip and
 * with loss: at 50 ms and 0.1 % one carried 7 Mbit/s, two 13, four 33; on a local network four are slower than one, because
 * there the processor is the limit (measured). So: more where the way is long, and back where that
 * is worse. Pure.
 */

/** Seconds; nearer than this one lane fills the path. */
const NEAR = 0.015;
const STEPS = [1, 2, 4];
/** Time for a new lane to be built and to carry something, ms. */
const STEP_EVERY = 1_000;
/** Time for all of them to find their speed. */
const JUDGE_AFTER = 10_000;
/** Lower than one lane alone by more than chance. */
const WORSE = 0.7;

export class Width {
  constructor() {
    this.step = 0;
    this.steppedAt = -Infinity;
    /** Bytes a second over one lane. */
    this.alone = 0;
    /** The shortest round trip seen: what a queue of our own adds is not distance. */
    this.floor = Infinity;
    /** All lanes were tried: they stay, or they went. */
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
   * @param {boolean} facts.free           nothing holds them back: no call is spared, nothing is paused
   * @returns {number} lanes
   */
  look({ now, rtt, rate, free }) {
    if (rtt !== null) this.floor = Math.min(this.floor, rtt);
    const far = this.floor > NEAR && this.floor < Infinity;
    if (far && free && rate > 0 && !this.settled) this.#step(now, rate);
    return this.lanes;
  }

  /**
   * @param {number} now
   * @param {number} rate
   */
  #step(now, rate) {
    const since = now - this.steppedAt;
    if (this.step < STEPS.length - 1 && since >= STEP_EVERY) {
      if (this.step === 0) this.alone = rate;
      this.step += 1;
      this.steppedAt = now;
    } else if (since >= JUDGE_AFTER) {
      this.settled = true;
      if (rate < this.alone * WORSE) this.step = 0;
    }
  }
}
