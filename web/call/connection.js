/**
 * One RTCPeerConnection of a pair, from its first offer to its end: negotiation, the control channel, and for a call the
 * four places for tracks. A pair may have several of these one after the other, told apart by their epoch (`line.js`).
 */
import { Negotiation } from './negotiation.js';
import { withStartBitrate } from './sdp.js';
import { Slots } from './slots.js';
import { read } from './stats.js';

/** @typedef {import('./negotiation.js').Word} Word */
/**
 * @typedef {object} Browser what the browser lends; tests lend their own
 * @property {typeof globalThis.RTCPeerConnection} RTCPeerConnection
 * @property {typeof globalThis.MediaStream} MediaStream
 */

/** Both sides make channel 0 themselves, so that nothing needs to be announced. */
const CONTROL = Object.freeze({ negotiated: true, id: 0 });

/** Bytes. Every browser takes at least 64 times as much; in messages of a byte a file would keep this page from all else. */
const LEAST_MESSAGE = 1_024;

export class Connection {
  /**
   * @param {object} options
   * @param {Browser} options.browser
   * @param {RTCConfiguration} options.config
   * @param {number} options.epoch
   * @param {boolean} options.offerer
   * @param {boolean} options.media          with the four places for tracks, or for data alone
   * @param {number} options.startKbit       where the bandwidth estimate begins
   * @param {import('./slots.js').Codecs} [options.codecs]
   * @param {(word: Word) => void} options.send
   * @param {() => void} options.onproblem   this connection cannot be saved
   */
  constructor({ browser, config, epoch, offerer, media, startKbit, codecs, send, onproblem }) {
    this.epoch = epoch;
    this.offerer = offerer;
    this.rtc = new browser.RTCPeerConnection({ ...config, bundlePolicy: 'max-bundle' });
    this.slots = media ? new Slots(this.rtc, browser.MediaStream, codecs) : null;
    if (offerer) this.slots?.offer();
    this.control = this.rtc.createDataChannel('control', CONTROL);
    this.resolvePlaced = () => {};
    /** Settled once tracks can be sent and found. @type {Promise<void>} */
    this.placed = new Promise((resolve) => { this.resolvePlaced = resolve; });
    if (offerer) this.resolvePlaced();
    this.negotiation = new Negotiation({
      connection: this.rtc, offerer, send, onproblem,
      tune: (sdp) => withStartBitrate(sdp, startKbit),
      prepareAnswer: () => this.#prepareAnswer(),
    });
  }

  get state() {
    return this.rtc.connectionState;
  }

  /** The largest message the other side takes, in bytes; to whoever says that it is next to nothing, nothing can be sent. */
  get maxMessageSize() {
    return Math.max(LEAST_MESSAGE, this.rtc.sctp?.maxMessageSize || 65_536);
  }

  /** @returns {Promise<import('./stats.js').Reading | null>} null: closed */
  async read() {
    if (this.state === 'closed') return null;
    try {
      return read(await this.rtc.getStats());
    } catch {
      return null;
    }
  }

  /** Fresh relay credentials, used from the next ICE restart on. @param {RTCConfiguration} config */
  configure(config) {
    try {
      this.rtc.setConfiguration({ ...config, bundlePolicy: 'max-bundle' });
    } catch {
      // Closed meanwhile.
    }
  }

  close() {
    this.control.onopen = this.control.onmessage = null;
    this.rtc.onicecandidate = null;
    this.rtc.close();
  }

  #prepareAnswer() {
    this.slots?.answer();
    this.resolvePlaced();
  }
}
