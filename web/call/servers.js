/**
 * The STUN and TURN servers of the moment. Their credentials end, so others are asked for in time, and when the relay does not
 * take them.
 */

/** @typedef {import('./messages.js').IceServer} IceServer */

/** Asked for when this much of their life is over. */
const REFRESH_AT = 0.75;
/** One gathering tells several times that credentials are refused: ask once. */
const REFUSED_ONCE = 5_000;

export class Servers {
  /** @param {{ clock: import('./clock.js').Clock, ask: () => void }} options `ask`: has the hub say others */
  constructor({ clock, ask }) {
    this.clock = clock;
    this.ask = ask;
    /** @type {IceServer[]} */
    this.all = [];
    this.lastRefused = -Infinity;
    this.stopRefresh = () => {};
  }

  /**
   * @param {IceServer[]} servers
   * @param {number} ttl seconds
   */
  take(servers, ttl) {
    this.all = servers;
    this.stopRefresh();
    this.stopRefresh = this.clock.after(ttl * REFRESH_AT * 1000, this.ask);
  }

  /** Credentials ended before their time, as when the server's clock was set: the next ICE restart needs others. */
  refused() {
    const now = this.clock.now();
    if (now - this.lastRefused < REFUSED_ONCE) return;
    this.lastRefused = now;
    this.ask();
  }

  stop() {
    this.stopRefresh();
  }
}
