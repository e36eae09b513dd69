/**
 * Stands in for the hub where there is none: two pages hear of each other by letters that people carry, one there and one
 * back, and from then on over their own channel. A call uses it like any `Signaling`. What it cannot do is mend a path that
 * died: then there is no way left to tell the other page.
 */
import { Problem } from '../call/problem.js';
import { decode } from '../call/messages.js';
import { read, write } from './letter.js';

/** @typedef {import('../call/messages.js').HubMessage} HubMessage */
/** @typedef {import('../call/messages.js').SignalPayload} SignalPayload */
/** @typedef {import('./letter.js').Letter} Letter */

/** Candidates of this machine alone come at once; a browser that never says that it is through is not waited for, ms. */
const PATIENCE = 5_000;
/** There is one other person, and no hub that gives out ids. */
const THEM = 'them';

/** Events: 'message' {message}, as of a hub. */
export class Post extends EventTarget {
  /** @param {import('../call/clock.js').Clock} clock */
  constructor(clock) {
    super();
    this.clock = clock;
    /** Nobody passes on what would mend a path. */
    this.ready = false;
    /** @type {SignalPayload[]} for the letter that is being written */
    this.signals = [];
    this.onsignal = () => {};
    /** Set once the pages are connected. @type {((payload: SignalPayload) => void) | null} */
    this.carry = null;
    /** @type {{ name: string, instance: string }} */
    this.own = { name: '', instance: '' };
  }

  /** @param {() => import('../call/messages.js').PageMessage} greeting */
  open(greeting) {
    const words = greeting();
    if (words.type !== 'join') return;
    this.own = { name: words.name, instance: words.instance };
    this.#deliver({
      type: 'joined', room: words.room, you: 'you', seat: '', max_people: 2, host: false, open: false, knocks: [],
      door: { locked: false, lobby: false, password: false }, peers: [], ice_servers: [], ice_ttl: NEVER,
    });
  }

  /** @returns {Promise<string>} the letter that begins a call */
  offer() {
    this.#meet('', true);
    return this.#letter('offer', '');
  }

  /**
   * @param {string} text  the letter that somebody began a call with
   * @returns {Promise<string>} the letter to give back
   * @throws {Problem} 'letter-unreadable', 'letter-own', 'letter-answer'
   */
  async answer(text) {
    const letter = await this.#read(text);
    if (letter.kind === 'answer') throw new Problem('letter-answer');
    this.#meet(letter.name, false);
    this.#hear(letter);
    return this.#letter('answer', letter.from);
  }

  /**
   * @param {string} text  the letter that came back
   * @throws {Problem} 'letter-unreadable', 'letter-own', 'letter-other'
   */
  async accept(text) {
    const letter = await this.#read(text);
    if (letter.kind !== 'answer' || letter.to !== this.own.instance) throw new Problem('letter-other');
    this.#deliver({ type: 'peer-back', peer: entry(letter.name, true) });
    this.#hear(letter);
  }

  /** What came over the pages' own channel. @param {unknown} payload */
  arrived(payload) {
    try {
      const message = decode(JSON.stringify({ type: 'signal', from: THEM, payload }));
      if (message) this.#deliver(message);
    } catch {
      // No page of ours would send this.
    }
  }

  /** @param {import('../call/messages.js').PageMessage} message */
  send(message) {
    if (message.type !== 'signal') return;
    if (this.carry) return this.carry(message.payload);
    this.signals.push(message.payload);
    this.onsignal();
  }

  greet() {}
  probe() {}
  hurry() {}
  close() {}

  /** @param {string} text */
  async #read(text) {
    const letter = await read(text);
    if (letter.from === this.own.instance) throw new Problem('letter-own');
    return letter;
  }

  /** @param {Letter} letter */
  #hear({ kind, epoch, serial, sdp, candidates }) {
    const hear = (/** @type {Partial<SignalPayload>} */ word) => this.#deliver({ type: 'signal', from: THEM, payload: { connection: 'call', epoch, ...word } });
    hear({ serial, description: { type: kind, sdp } });
    // All of one bundle: whatever place a candidate was found for, it leads to the first.
    for (const candidate of candidates) hear({ candidate: { candidate, sdpMid: '0', sdpMLineIndex: 0 } });
    hear({ candidate: null });
  }

  /**
   * @param {string} name
   * @param {boolean} offerer  whether this page makes the offers
   */
  #meet(name, offerer) {
    this.#deliver({ type: 'peer-joined', peer: entry(name, offerer) });
  }

  /**
   * @param {Letter['kind']} kind
   * @param {string} to
   */
  async #letter(kind, to) {
    await this.#gathered();
    const signals = this.signals.splice(0);
    const { epoch, serial = 1, description } = signals.find((signal) => signal.description) ?? { epoch: 0 };
    if (!description) throw new Problem('letter-failed');
    const candidates = signals.flatMap(({ candidate }) => candidate?.candidate ?? []).filter(isUseful);
    return write({ kind, from: this.own.instance, to, name: this.own.name, epoch, serial, sdp: description.sdp, candidates });
  }

  /** @returns {Promise<void>} settled when the browser has named every candidate */
  #gathered() {
    return new Promise((resolve) => {
      const stopWaiting = this.clock.after(PATIENCE, resolve);
      this.onsignal = () => {
        if (!this.signals.some(({ candidate }) => candidate === null)) return;
        stopWaiting();
        resolve();
      };
      this.onsignal();
    });
  }

  /** @param {HubMessage} message */
  #deliver(message) {
    this.dispatchEvent(new CustomEvent('message', { detail: { message } }));
  }
}

/** Seconds; as long as any call lasts: there are no credentials to refresh. */
const NEVER = 1_000_000;

/**
 * @param {string} name
 * @param {boolean} offerer
 * @returns {import('../call/messages.js').PeerEntry}
 */
function entry(name, offerer) {
  return { id: THEM, name, instance: THEM, offerer, away: false, host: false };
}

/** Of two browsers: their TCP candidates are active ones and never meet (RFC 6544), and RTCP has no place of its own. @param {string} candidate */
function isUseful(candidate) {
  return /^candidate:\S+ 1 udp /i.test(candidate);
}
