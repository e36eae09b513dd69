/**
 * The wire between page and hub, as `tests/wire/*.json` documents it: types, and text ⇄ value. A message of an unknown
 * type is no error (a newer hub may know more); a malformed one of a known type is.
 *
 * @typedef {{ id: string, name: string, instance: string, offerer: boolean, away: boolean }} PeerEntry
 * @typedef {{ urls: string[], username?: string, credential?: string }} IceServer
 *
 * @typedef {object} SignalPayload  what two pages say to each other through the hub, which never reads it
 * @property {string} connection    'call', or 'files'
 * @property {number} epoch         which of the connections built one after the other for this pair
 * @property {number} [serial]      which offer of this connection a description belongs to
 * @property {{ type: RTCSdpType, sdp: string }} [description]
 * @property {RTCIceCandidateInit | null} [candidate]   null: there are no more
 * @property {'restart' | 'rebuild'} [request]          asked of the one who makes the offers
 *
 * @typedef {{ type: 'join', room: string, name: string, instance: string, seat?: string }} Join
 * @typedef {{ type: 'signal', to: string, payload: SignalPayload }} SignalOut
 * @typedef {Join | SignalOut | { type: 'leave' } | { type: 'ping' } | { type: 'ice-refresh' }} PageMessage
 *
 * @typedef {{ type: 'joined', room: string, you: string, seat: string, max_people: number, peers: PeerEntry[],
 *   ice_servers: IceServer[], ice_ttl: number }} Joined
 * @typedef {{ type: 'full', room: string, max_people: number }} Full
 * @typedef {{ type: 'left', room: string }} Left
 * @typedef {{ type: 'peer-joined', peer: PeerEntry }} PeerJoined
 * @typedef {{ type: 'peer-back', peer: PeerEntry }} PeerBack
 * @typedef {{ type: 'peer-away', id: string }} PeerAway
 * @typedef {{ type: 'peer-left', id: string, reason: string }} PeerLeft
 * @typedef {{ type: 'signal', from: string, payload: SignalPayload }} SignalIn
 * @typedef {{ type: 'ice-servers', ice_servers: IceServer[], ice_ttl: number }} IceServers
 * @typedef {{ type: 'error', code: string, message: string }} HubError
 * @typedef {{ type: 'pong' }} Pong
 * @typedef {Joined | Full | Left | PeerJoined | PeerBack | PeerAway | PeerLeft | SignalIn | IceServers | HubError | Pong} HubMessage
 */
import { Problem } from './problem.js';

/** @typedef {(value: any) => boolean} Check */

/** @type {Check} */
const text = (value) => typeof value === 'string';
/** @type {Check} */
const flag = (value) => typeof value === 'boolean';
/** @type {Check} */
const count = (value) => Number.isInteger(value) && value >= 0;
/** @type {(check: Check) => Check} */
const optional = (check) => (value) => value === undefined || check(value);
/** @type {(check: Check) => Check} */
const listOf = (check) => (value) => Array.isArray(value) && value.every(check);
/** @type {(fields: Record<string, Check>) => Check} */
const record = (fields) => (value) => value !== null && typeof value === 'object'
  && Object.entries(fields).every(([name, check]) => check(value[name]));

const peerEntry = record({ id: text, name: text, instance: text, offerer: flag, away: flag });
const iceServers = listOf(record({ urls: listOf(text), username: optional(text), credential: optional(text) }));
const payload = record({
  connection: text,
  epoch: count,
  serial: optional(count),
  description: optional(record({ type: text, sdp: text })),
  candidate: (value) => value === undefined || value === null || record({ candidate: text })(value),
  request: optional(text),
});

/** @type {Record<string, Check>} */
const FROM_HUB = {
  joined: record({
    room: text, you: text, seat: text, max_people: count, peers: listOf(peerEntry), ice_servers: iceServers, ice_ttl: count,
  }),
  full: record({ room: text, max_people: count }),
  left: record({ room: text }),
  'peer-joined': record({ peer: peerEntry }),
  'peer-back': record({ peer: peerEntry }),
  'peer-away': record({ id: text }),
  'peer-left': record({ id: text, reason: text }),
  signal: record({ from: text, payload }),
  'ice-servers': record({ ice_servers: iceServers, ice_ttl: count }),
  error: record({ code: text, message: text }),
  pong: () => true,
};

/**
 * @param {string} line one text frame from the hub
 * @returns {HubMessage | null} null: a type this page does not know
 * @throws {Problem} 'bad-answer' when the text is no message at all or one with missing or wrong fields
 */
export function decode(line) {
  const message = parse(line);
  if (!record({ type: text })(message)) throw new Problem('bad-answer', line);
  if (!Object.hasOwn(FROM_HUB, message.type)) return null;
  if (!FROM_HUB[message.type](message)) throw new Problem('bad-answer', line);
  return message;
}

/**
 * @param {PageMessage} message
 * @returns {string}
 */
export function encode(message) {
  return JSON.stringify(message);
}

/** @param {string} line */
function parse(line) {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new Problem('bad-answer', cause);
  }
}
