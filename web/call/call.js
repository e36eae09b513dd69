/**
 * A room, as one person lives in it: who is there, one `Peer` for each, chat and files. The hub says who is in the room;
 * media and chat never pass through it.
 */
import { systemClock } from './clock.js';
import { Files } from './files.js';

/** @typedef {import('./peer.js').Peer} Peer */
/** @typedef {'idle' | 'joining' | 'joined' | 'reconnecting' | 'full' | 'left' | 'failed'} CallState */
/** @typedef {{ id: string, from: string, name: string, text: string, at: number }} ChatMessage `from`: a peer's id or 'you'; `at`: unix ms */
/**
 * @typedef {object} CallOptions
 * @property {string} url                    of the hub: `wss://…/ws`
 * @property {import('./settings.js').Settings} settings
 * @property {import('./media.js').Media} media
 * @property {boolean} [relayOnly]           only paths through the relay: the others never learn your address
 * @property {typeof RTCPeerConnection} [RTCPeerConnection]
 * @property {typeof WebSocket} [WebSocket]
 * @property {typeof MediaStream} [MediaStream]
 * @property {import('./clock.js').Clock} [clock]
 * @property {EventTarget} [wake]            fires 'wake' when the machine may be online or awake again
 * @property {{ read(room: string): string | null, write(room: string, seat: string | null): void }} [seats]
 *   where the seat of a room is kept, so that a reloaded tab comes back to it
 */

/**
 * Events: 'state' {state, problem}, 'peer-joined' {peer}, 'peer-left' {peer, reason}, 'peer' {peer} (anything about one
 * peer changed), 'chat' {message}, 'problem' {problem}.
 */
export class Call extends EventTarget {
  /** @param {CallOptions} options */
  constructor(options) {
    super();
    this.options = options;
    this.clock = options.clock ?? systemClock;
    /** @type {CallState} */
    this.state = 'idle';
    this.you = { id: '', name: '' };
    this.room = '';
    this.maxPeople = options.settings.max_people;
    /** @type {Map<string, Peer>} in order of arrival */
    this.peers = new Map();
    this.media = options.media;
    this.files = new Files();
    /** @type {ChatMessage[]} */
    this.chat = [];
  }

  /**
   * @param {{ room: string, name: string }} who
   * @returns {Promise<void>} resolves when in; rejects with a `Problem`
   */
  async join({ room, name }) {
    this.room = room;
    this.you.name = name;
  }

  /** Gets up: connections end, the seat is free. Devices stay open; closing them is `media.close()`. */
  leave() {}

  /** @param {string} text */
  sendChat(text) {
    void text;
  }
}
