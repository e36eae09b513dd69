/**
 * Decides from arriving bytes whether a path lives, and what to do when it does not. Events come too late for that: a
 * 3 s cut raises none, `disconnected` comes after 5.5 s, `failed` after 15.5 s, and Chromium's `iceConnectionState`
 * never fails (measured). Pure: facts in, a verdict out; it is asked twice a second.
 *
 * @typedef {object} Facts
 * @property {number} now              monotonic ms
 * @property {number} bytesIn          counted by the connection in use; another value than last time means life
 * @property {RTCPeerConnectionState} state
 * @property {boolean} canSignal       both pages hear the hub: an offer can be delivered
 *
 * @typedef {'restart' | 'rebuild' | 'rebuild-relayed' | 'give-word'} Action 'give-word': tell the person, go on trying
 * @typedef {{ link: import('./peer.js').Link, action: Action | null }} Verdict
 */

/** Two looks without a byte: a cut is seen within two seconds of its beginning. */
const WEAK_AFTER = 950;
const WEAK_LOOKS = 2;
const LOST_AFTER = 10_000;
/** An ICE restart on a live path makes Firefox deaf for good, so no sooner than this (measured). */
const RESTART_AFTER = 3_000;
const RESTART_AFTER_DISCONNECTED = 1_000;
/** A path that came back by itself carries its first bytes well within this; to restart it meanwhile would harm it. */
const CAME_BACK = 1_000;
/** A restart that works does so within one round of checks; Firefox often needs a new connection instead. */
const REBUILD_AFTER_RESTART = 6_000;
const REBUILD_EVERY = 10_000;
/** Eight people on two busy cores took 9.9 s to connect (measured): before this a first connection is only slow. */
const FIRST_CONNECT = 15_000;
const WORDS_AFTER = 45_000;
/** This attempt goes through the relay alone: perhaps a pair that looks alive carries nothing. */
const RELAYED_ATTEMPT = 3;
/** Asked twice a second; a longer gap means this machine slept, and its silence says nothing about the path. */
const SLEPT = 4_000;

export class Watchdog {
  /** @param {number} now */
  constructor(now) {
    this.asked = now;
    this.bytesIn = 0;
    this.everHeard = false;
    this.heard = now;
    /** Looks since then; a page in the background looks less often. */
    this.looks = 0;
    this.attempts = 0;
    this.gaveWord = false;
    /** @type {number | null} */
    this.disconnected = null;
    /** When the connection called itself connected again. */
    this.reconnected = -Infinity;
    /** @type {RTCPeerConnectionState} */
    this.state = 'new';
    /** @type {number | null} */
    this.restartedAt = null;
    /** @type {number | null} */
    this.rebuiltAt = null;
  }

  /** @param {number} now @returns {number} ms since the last byte */
  silence(now) {
    return now - this.heard;
  }

  /**
   * @param {Facts} facts
   * @returns {Verdict}
   */
  step({ now, bytesIn, state, canSignal }) {
    if (now - this.asked > SLEPT) this.#slept(now - this.asked);
    this.asked = now;
    this.looks += 1;
    if (bytesIn !== this.bytesIn && bytesIn > 0) {
      this.everHeard = true;
      this.#alive(now);
    }
    this.bytesIn = bytesIn;
    this.#heed(state, now);
    const action = this.#words(now) ?? (canSignal ? this.#action(now, state) : null);
    return { link: this.#link(now), action };
  }

  /** The hub is heard again: whatever was tried meanwhile went nowhere, so begin with the first remedy at once. */
  hurry() {
    this.restartedAt = null;
    this.rebuiltAt = null;
  }

  /** A new connection was built, by whichever side: give it its time. @param {number} now */
  rebuilt(now) {
    this.rebuiltAt = now;
    this.disconnected = null;
  }

  /**
   * @param {RTCPeerConnectionState} state
   * @param {number} now
   */
  #heed(state, now) {
    if (state !== 'disconnected') this.disconnected = null;
    else this.disconnected ??= now;
    if (state === 'connected' && (this.state === 'disconnected' || this.state === 'failed')) this.reconnected = now;
    this.state = state;
  }

  /** @param {number} now */
  #alive(now) {
    this.heard = now;
    this.looks = 0;
    this.attempts = 0;
    this.gaveWord = false;
    this.disconnected = this.restartedAt = this.rebuiltAt = null;
  }

  /** @param {number} gap */
  #slept(gap) {
    this.heard += gap;
    if (this.restartedAt !== null) this.restartedAt += gap;
    if (this.rebuiltAt !== null) this.rebuiltAt += gap;
  }

  /** @param {number} now @returns {import('./peer.js').Link} */
  #link(now) {
    const silence = this.silence(now);
    if (!this.everHeard) return silence < WORDS_AFTER ? 'connecting' : 'lost';
    if (silence < WEAK_AFTER || this.looks < WEAK_LOOKS) return 'good';
    return silence < LOST_AFTER ? 'weak' : 'lost';
  }

  /** @param {number} now @returns {Action | null} */
  #words(now) {
    if (this.gaveWord || this.silence(now) < WORDS_AFTER) return null;
    this.gaveWord = true;
    return 'give-word';
  }

  /**
   * @param {number} now
   * @param {RTCPeerConnectionState} state
   * @returns {Action | null}
   */
  #action(now, state) {
    if (this.rebuiltAt !== null) return now - this.rebuiltAt >= REBUILD_EVERY ? this.#rebuild(now) : null;
    if (!this.everHeard) return this.silence(now) >= FIRST_CONNECT || state === 'failed' ? this.#rebuild(now) : null;
    if (this.restartedAt !== null) return now - this.restartedAt >= REBUILD_AFTER_RESTART ? this.#rebuild(now) : null;
    if (!this.#dead(now, state)) return null;
    this.restartedAt = now;
    return 'restart';
  }

  /**
   * @param {number} now
   * @param {RTCPeerConnectionState} state
   */
  #dead(now, state) {
    const silence = this.silence(now);
    if (now - this.reconnected < CAME_BACK) return false;
    if (silence >= RESTART_AFTER || state === 'failed') return true;
    return this.disconnected !== null && now - this.disconnected >= RESTART_AFTER_DISCONNECTED && silence >= WEAK_AFTER;
  }

  /** @param {number} now @returns {Action} */
  #rebuild(now) {
    this.attempts += 1;
    this.rebuiltAt = now;
    return this.attempts === RELAYED_ATTEMPT ? 'rebuild-relayed' : 'rebuild';
  }
}
