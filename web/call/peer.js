/**
 * One other person, as the page sees them. Owns everything between the two of you: the connection that carries pictures
 * and sound, its watchdog, what the other says they show. Leaves out: who is in the room at all (`call.js`).
 */

/** @typedef {'connecting' | 'good' | 'weak' | 'lost'} Link */
/** @typedef {{ local: string, remote: string, protocol: 'udp' | 'tcp' | 'tls', relayed: boolean }} Path */
/** @typedef {{ microphone: boolean, camera: boolean, screen: boolean }} Shows */
/**
 * @typedef {object} PeerStats
 * @property {number | null} rtt         seconds
 * @property {number | null} loss        share of packets that did not arrive here, 0..1, over the last seconds
 * @property {number | null} jitter      seconds
 * @property {number} bitrateIn          bit/s
 * @property {number} bitrateOut         bit/s
 * @property {number | null} width       of the picture that arrives
 * @property {number | null} height
 * @property {number | null} fps
 * @property {string | null} codec       of the picture that arrives: 'VP8'
 */

export class Peer {
  /**
   * @param {import('./messages.js').PeerEntry} entry
   * @param {{ MediaStream: typeof MediaStream }} browser
   */
  constructor(entry, browser) {
    this.id = entry.id;
    this.name = entry.name;
    this.away = entry.away;
    /** @type {Link} */
    this.link = 'connecting';
    /** @type {Path | null} */
    this.path = null;
    /** Microphone and camera; always the same object. */
    this.camera = new browser.MediaStream();
    /** The shared screen with its sound; always the same object. */
    this.screen = new browser.MediaStream();
    /** @type {Shows} what this person says they send */
    this.shows = { microphone: false, camera: false, screen: false };
    /** @type {PeerStats | null} */
    this.stats = null;
  }

  /** How loud this person is now, 0..1; poll it. */
  get speaking() {
    return 0;
  }
}
