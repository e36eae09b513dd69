/**
 * What one page has to tell the other before they are connected, as a text that people carry: compressed where the browser
 * can, in letters that no messenger changes. Pure, but for the browser's compression.
 */
import { Problem } from '../call/problem.js';
import { lengthened, shortened } from './short.js';

/**
 * @typedef {object} Letter
 * @property {'offer' | 'answer'} kind
 * @property {string} from      instance of the page that wrote it
 * @property {string} to        of an answer: the page whose offer it answers; '' of an offer
 * @property {string} name      of the person
 * @property {number} epoch     which of the connections that this page made
 * @property {number} serial    which of its offers
 * @property {string} sdp
 * @property {string[]} candidates  as in SDP
 */

/** Far more than the largest description with all candidates of a machine with many networks. */
const MOST_TEXT = 64 << 10;
const MOST_BYTES = 512 << 10;
/** As the hub's limit. */
const MOST_NAME = 64;

/**
 * @param {Letter} letter
 * @returns {Promise<string>} its first sign says how it was packed: 'z' deflated, 'j' not
 */
export async function write(letter) {
  const { kind, from, to, name, epoch, serial, sdp, candidates } = letter;
  const bytes = new TextEncoder().encode(JSON.stringify([kind, from, to, name, epoch, serial, shortened(sdp), ...candidates.map(bare)]));
  if (typeof CompressionStream === 'undefined') return `j${base64url(bytes)}`;
  return `z${base64url(await through(bytes, new CompressionStream('deflate-raw'), MOST_BYTES))}`;
}

/**
 * @param {string} text  as it was pasted: a link that ends in it will do
 * @returns {Promise<Letter>}
 * @throws {Problem} 'letter-unreadable'
 */
export async function read(text) {
  try {
    const [, packing, packed] = /^(?:[^#]*#)?([zj])([\w-]+)$/.exec(text.replace(/\s+/g, '')) ?? [];
    if (!packed || packed.length > MOST_TEXT) throw new Error('no letter');
    const bytes = fromBase64url(packed);
    const plain = packing === 'z' ? await through(bytes, new DecompressionStream('deflate-raw'), MOST_BYTES) : bytes;
    return letterFrom(JSON.parse(new TextDecoder().decode(plain)));
  } catch (cause) {
    throw new Problem('letter-unreadable', cause);
  }
}

/** @param {any} given @returns {Letter} */
function letterFrom([kind, from, to, name, epoch, serial, sdp, ...candidates]) {
  const texts = [from, to, name, sdp, ...candidates].every((text) => typeof text === 'string');
  const counts = [epoch, serial].every((count) => Number.isInteger(count) && count >= 0);
  if ((kind !== 'offer' && kind !== 'answer') || !texts || !counts) throw new Error('another kind of letter');
  return { kind, from, to, name: name.slice(0, MOST_NAME), epoch, serial, sdp: lengthened(sdp), candidates: candidates.map((/** @type {string} */ text) => `candidate:${text}`) };
}

/** What follows the type is about the network of the other machine, or said once for all. @param {string} candidate */
function bare(candidate) {
  return candidate.replace(/^candidate:/, '').replace(/ generation .*$/, '');
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {ReadableWritablePair<Uint8Array, BufferSource>} transform
 * @param {number} most  a few bytes may unpack to gigabytes
 */
async function through(bytes, transform, most) {
  const pieces = [];
  let length = 0;
  const reader = new Blob([bytes]).stream().pipeThrough(transform).getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    length += value?.length ?? 0;
    if (length > most || !value) {
      void reader.cancel();
      throw new Error('too much');
    }
    pieces.push(value);
  }
  const whole = new Uint8Array(length);
  pieces.reduce((at, piece) => { whole.set(piece, at); return at + piece.length; }, 0);
  return whole;
}

/** RFC 4648, section 5, without padding. @param {Uint8Array} bytes */
function base64url(bytes) {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @param {string} text */
function fromBase64url(text) {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (sign) => sign.charCodeAt(0));
}
