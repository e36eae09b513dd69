/**
 * The wire between page and hub, as `tests/wire/*.json` documents it: types, and text ⇄ value. A message of an unknown
 * type is no error (a newer hub may know more); a malformed one of a known type is.
 *
 * @typedef {{ id: string, name: string, instance: string, offerer: boolean, away: boolean, host: boolean }} PeerEntry
 * @typedef {{ id: string, name: string }} Knock
 * @typedef {{ locked: boolean, lobby: boolean, password: boolean }} Door  who may come in: nobody new, who is let in, who knows it
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
 * @typedef {{ type: 'join', room: string, name: string, instance: string, seat?: string, invitation?: string, password?: string }} Join
 * @typedef {{ type: 'signal', to: string, payload: SignalPayload }} SignalOut
 * @typedef {{ type: 'admit' | 'decline' | 'mute' | 'remove' | 'hand-over', id: string }} HostWish
 * @typedef {{ type: 'set-door', locked?: boolean, lobby?: boolean, password?: string }} SetDoor
 * @typedef {{ type: 'invite', role: 'guest' | 'host', seconds?: number, uses?: number }} Invite
 * @typedef {{ type: 'revoke', invitation: string }} Revoke
 * @typedef {object} PathOut  how a peer is reached; without a pair there has been no connection for a while
 * @property {'path'} type
 * @property {string} to
 * @property {{ local: string, remote: string, relay?: string }} [pair]
 * @property {boolean} alive
 * @property {boolean} relay_only
 * @property {number} [rtt]          milliseconds
 * @property {number} bytes_in
 * @property {number} bytes_out
 * @typedef {Join | SignalOut | PathOut | HostWish | SetDoor | Invite | Revoke | { type: 'leave' } | { type: 'ping' } | { type: 'ice-refresh' }} PageMessage
 *
 * @typedef {{ type: 'joined', room: string, you: string, seat: string, max_people: number, host: boolean, open: boolean, door: Door,
 *   knocks: Knock[], peers: PeerEntry[], ice_servers: IceServer[], ice_ttl: number }} Joined
 * @typedef {{ type: 'full', room: string, max_people: number }} Full
 * @typedef {{ type: 'left', room: string }} Left
 * @typedef {{ type: 'waiting', room: string }} Waiting
 * @typedef {{ type: 'knock', id: string, name: string }} KnockIn
 * @typedef {{ type: 'knock-over', id: string }} KnockOver
 * @typedef {{ type: 'invited', invitation: string, role: 'guest' | 'host', ends?: number, uses?: number }} Invited  ends in unix seconds
 * @typedef {{ type: 'revoked', invitation: string }} Revoked
 * @typedef {{ type: 'door', door: Door }} DoorIn
 * @typedef {{ type: 'role', host: boolean, seat: string }} Role
 * @typedef {{ type: 'peer-role', id: string, host: boolean }} PeerRole
 * @typedef {{ type: 'mute-asked', by: string }} MuteAsked
 * @typedef {{ type: 'peer-joined', peer: PeerEntry }} PeerJoined
 * @typedef {{ type: 'peer-back', peer: PeerEntry }} PeerBack
 * @typedef {{ type: 'peer-away', id: string }} PeerAway
 * @typedef {{ type: 'peer-left', id: string, reason: string }} PeerLeft
 * @typedef {{ type: 'signal', from: string, payload: SignalPayload }} SignalIn
 * @typedef {{ type: 'ice-servers', ice_servers: IceServer[], ice_ttl: number }} IceServers
 * @typedef {'plenty' | 'lower' | 'audio-only' | 'used-up'} RelayLeft  what the relay may still carry in this month
 * @typedef {{ type: 'relay-budget', left: string }} RelayBudget
 * @typedef {{ type: 'restarting' }} Restarting  the server stops soon, and will be there again
 * @typedef {{ type: 'why', peer: string, reason: string, who: string[], over?: string }} Why  why the call with that peer goes the way it goes
 * @typedef {{ type: 'error', code: string, message: string }} HubError
 * @typedef {{ type: 'pong' }} Pong
 * @typedef {Waiting | KnockIn | KnockOver | Invited | Revoked | DoorIn | Role | PeerRole | MuteAsked} FromTheDoor
 * @typedef {Joined | Full | Left | FromTheDoor | PeerJoined | PeerBack | PeerAway | PeerLeft | SignalIn | IceServers | RelayBudget | Restarting | Why | HubError | Pong} HubMessage
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

const peerEntry = record({ id: text, name: text, instance: text, offerer: flag, away: flag, host: flag });
const knock = record({ id: text, name: text });
const door = record({ locked: flag, lobby: flag, password: flag });
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
    room: text, you: text, seat: text, max_people: count, host: flag, open: flag, door, knocks: listOf(knock),
    peers: listOf(peerEntry), ice_servers: iceServers, ice_ttl: count,
  }),
  full: record({ room: text, max_people: count }),
  left: record({ room: text }),
  waiting: record({ room: text }),
  knock,
  'knock-over': record({ id: text }),
  invited: record({ invitation: text, role: text, ends: optional(count), uses: optional(count) }),
  revoked: record({ invitation: text }),
  door: record({ door }),
  role: record({ host: flag, seat: text }),
  'peer-role': record({ id: text, host: flag }),
  'mute-asked': record({ by: text }),
  'peer-joined': record({ peer: peerEntry }),
  'peer-back': record({ peer: peerEntry }),
  'peer-away': record({ id: text }),
  'peer-left': record({ id: text, reason: text }),
  signal: record({ from: text, payload }),
  'ice-servers': record({ ice_servers: iceServers, ice_ttl: count }),
  'relay-budget': record({ left: text }),
  restarting: () => true,
  why: record({ peer: text, reason: text, who: listOf(text), over: optional(text) }),
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
