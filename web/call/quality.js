/**
 * How good a picture one person gets from here, step by step down to none at all ("video off to save the call": the sound
 * stays), and back up by itself. The browser fits the bit rate to the path; this looks at what it cannot mend, lost
 * packets and a growing queue, and gives way before the voices suffer. Pure: figures of the path in, a step out.
 */

/**
 * @typedef {object} Step
 * @property {number} height    of the camera's picture at most, pixels; 0: none
 * @property {number} fps       pictures a second at most
 * @property {number} bitrate   bit/s at most
 */

/** The first one asks for nothing: as good as the number of people allows. @type {readonly Step[]} */
export const STEPS = Object.freeze([
  { height: Infinity, fps: 30, bitrate: Infinity },
  { height: 540, fps: 30, bitrate: 900_000 },
  { height: 360, fps: 30, bitrate: 500_000 },
  { height: 360, fps: 15, bitrate: 300_000 },
  { height: 180, fps: 15, bitrate: 120_000 },
  { height: 0, fps: 0, bitrate: 0 },
]);
const OFF = STEPS.length - 1;

/** Share of packets lost. */
const LOSS = 0.08;
const CLEAR_LOSS = 0.02;
/** Seconds above the shortest round trip: people begin to talk over each other. */
const QUEUE = 0.3;
const CLEAR_QUEUE = 0.1;
/** Bit/s that the browser finds room for; below this a picture costs the voice its place. */
const ROOM = 90_000;
/** ms of trouble before a step down; one burst is none. */
const PATIENCE = 3_000;
/** ms of quiet before a step up; doubled each time it was too early. */
const QUIET = 15_000;
const QUIET_MOST = 120_000;
/** A new connection finds its speed first, ms. */
const BEGINNING = 8_000;

export class Quality {
  /** @param {number} now */
  constructor(now) {
    this.index = 0;
    this.begun = now;
    this.changed = now;
    /** Since when it has been bad, and since when quiet. @type {number | null} */
    this.badSince = null;
    /** @type {number | null} */
    this.quietSince = null;
    this.quiet = QUIET;
    this.floor = Infinity;
    this.triedUp = false;
  }

  get step() {
    return STEPS[this.index];
  }

  /** The picture is held back altogether. */
  get off() {
    return this.index === OFF;
  }

  /**
   * Once a second.
   * @param {object} path
   * @param {number} path.now               ms
   * @param {number | null} path.rtt        seconds
   * @param {number | null} path.lossOut    0..1
   * @param {number | null} path.room       bit/s the browser finds room for; null where it does not say
   * @param {boolean} path.sending          there is a picture to send
   * @returns {boolean} the step is another one
   */
  look({ now, rtt, lossOut, room, sending }) {
    if (rtt !== null) this.floor = Math.min(this.floor, rtt);
    const queue = rtt === null ? 0 : rtt - this.floor;
    const bad = (lossOut ?? 0) > LOSS || queue > QUEUE || (room !== null && room < ROOM && !this.off);
    const clear = !bad && (lossOut ?? 0) < CLEAR_LOSS && queue < CLEAR_QUEUE;
    this.badSince = bad ? this.badSince ?? now : null;
    this.quietSince = clear ? this.quietSince ?? now : null;
    if (!sending || now - this.begun < BEGINNING) return false;
    if (this.badSince !== null && now - Math.max(this.badSince, this.changed) >= PATIENCE) return this.#down(now);
    if (this.quietSince !== null && now - Math.max(this.quietSince, this.changed) >= this.quiet) return this.#up(now);
    return false;
  }

  /** @param {number} now */
  #down(now) {
    if (this.off) return false;
    if (this.triedUp) this.quiet = Math.min(QUIET_MOST, this.quiet * 2);
    return this.#to(this.index + 1, now, false);
  }

  /** @param {number} now */
  #up(now) {
    if (this.index === 0) {
      this.quiet = QUIET;
      return false;
    }
    return this.#to(this.index - 1, now, true);
  }

  /**
   * @param {number} index
   * @param {number} now
   * @param {boolean} up
   */
  #to(index, now, up) {
    Object.assign(this, { index, changed: now, triedUp: up });
    return true;
  }
}
