/**
 * Who is really at the other end. The server that brings two pages together could, if it were somebody else's, put itself
 * between them. So each page proves to the other, through the encrypted channel itself, that it sees the same two
 * certificates (the fingerprints of RFC 8122) and that it holds the room's key, which is in the link behind `#` and never
 * reaches a server. Leaves out where the key comes from, and what is shown.
 */
import { Sha256 } from './files/sha256.js';
import { hex } from './hex.js';
import { WORDS } from './wordlist.js';

/**
 * @typedef {'unknown' | 'proven' | 'forged'} Standing
 *   'unknown': one of the two pages has no key of the room; the words can be compared by voice
 *   'proven': the other page holds the room's key and sees the same certificates
 *   'forged': somebody else's certificate is in between, or somebody with the key of another room
 */

export class Identity {
  /**
   * @param {object} options
   * @param {string} options.room
   * @param {string | undefined} options.secret   the room's key
   * @param {(message: import('./control.js').ControlMessage) => void} options.say  over the connection that is proven
   * @param {() => void} options.onchange
   */
  constructor({ room, secret, say, onchange }) {
    this.room = room;
    this.secret = secret;
    this.say = say;
    this.onchange = onchange;
    this.reset();
  }

  /** The other page is a new one, with a certificate of its own. */
  reset() {
    /** @type {Standing} */
    this.standing = 'unknown';
    /** @type {{ own: string, other: string } | null} the certificates of the first connection; the others have the same */
    this.pair = null;
    /** @type {unknown} a proof that came before this page knew the certificates */
    this.heardEarly = undefined;
  }

  /** Four words that are the same on both pages, and others if somebody is in between; [] before the first connection. */
  get words() {
    if (!this.pair) return [];
    const { own, other } = this.pair;
    const hash = digest(`callbox-words-1\0${[own, other].sort().join('\0')}`);
    return Array.from(hash.slice(0, 4), (byte) => WORDS[byte]);
  }

  /**
   * A connection is up.
   * @param {Pick<RTCPeerConnection, 'localDescription' | 'remoteDescription'>} connection
   */
  connected({ localDescription, remoteDescription }) {
    const own = fingerprint(localDescription);
    const other = fingerprint(remoteDescription);
    if (!own || !other) return;
    if (!this.pair) this.#meet({ own, other });
    else if (this.pair.own !== own || this.pair.other !== other) this.#become('forged');
  }

  /** @param {unknown} proof of the other page */
  hear(proof) {
    if (!this.secret) return;
    if (!this.pair) this.heardEarly = proof;
    else this.#become(proof === proofOf(this.secret, this.room, this.pair.other, this.pair.own) ? 'proven' : 'forged');
  }

  /** @param {{ own: string, other: string }} pair */
  #meet(pair) {
    this.pair = pair;
    if (this.secret) this.say({ type: 'proof', proof: proofOf(this.secret, this.room, pair.own, pair.other) });
    if (this.heardEarly !== undefined) this.hear(this.heardEarly);
    this.onchange();
  }

  /** What was forged once stays so: the next message may come from the same hand. @param {Standing} standing */
  #become(standing) {
    if (this.standing === 'forged' || this.standing === standing) return;
    this.standing = standing;
    this.onchange();
  }
}

/**
 * @param {{ sdp: string } | null} description
 * @returns {string | undefined} of the certificate, in capitals
 */
function fingerprint(description) {
  return /a=fingerprint:sha-256 ([0-9a-f:]+)/i.exec(description?.sdp ?? '')?.[1].toUpperCase();
}

/**
 * What only somebody with the room's key can say, and only about this pair of certificates in this direction.
 * @param {string} secret
 * @param {string} room
 * @param {string} from
 * @param {string} to
 */
function proofOf(secret, room, from, to) {
  return hex(hmac(new TextEncoder().encode(secret), `callbox-proof-1\0${from}\0${to}\0${room}`));
}

/** RFC 2104. @param {Uint8Array} key @param {string} text */
function hmac(key, text) {
  const block = new Uint8Array(64);
  block.set(key.length > block.length ? sha256(key) : key);
  const inner = sha256(block.map((byte) => byte ^ 0x36), new TextEncoder().encode(text));
  return sha256(block.map((byte) => byte ^ 0x5c), inner);
}

/** @param {string} text */
function digest(text) {
  return sha256(new TextEncoder().encode(text));
}

/** @param {Uint8Array[]} parts */
function sha256(...parts) {
  const hash = new Sha256();
  for (const bytes of parts) hash.update(bytes);
  return Uint8Array.from(hash.digest().match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
