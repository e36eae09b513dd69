/**
 * Who is speaking, so that the stage can show them large: fast enough to follow a talk, slow enough that a cough, or two
 * people agreeing with each other, does not make it jump. Pure: one look after the other comes in, a tenth of a second apart.
 */

/** What one look is worth after the next one: a voice is forgotten within three seconds. */
const KEEPS = 0.97;
/** Ahead of whoever speaks: a cough of three looks is not, half a second of speech is. */
const LEAD = 4;
/** Ahead of a silence, one word is enough. */
const WORD = 1.5;

export class Speaker {
  constructor() {
    /** Who should be shown large. @type {string | null} */
    this.large = null;
    /** @type {Map<string, number>} how much each was heard lately */
    this.heard = new Map();
  }

  /**
   * @param {string | null} loudest  now; null: nobody speaks
   * @returns {boolean} whether `large` changed
   */
  look(loudest) {
    for (const [key, score] of this.heard) this.heard.set(key, score * KEEPS);
    if (loudest === null) return false;
    const score = (this.heard.get(loudest) ?? 0) + 1;
    this.heard.set(loudest, score);
    const held = this.large === null ? 0 : this.heard.get(this.large) ?? 0;
    if (loudest === this.large || score < held + Math.min(LEAD, held + WORD)) return false;
    this.large = loudest;
    return true;
  }

  /** @param {string} key of somebody who left */
  forget(key) {
    this.heard.delete(key);
    if (this.large === key) this.large = null;
  }
}
