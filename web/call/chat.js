/**
 * What was written in this call, from when this page came in: nobody keeps it, so late joiners see nothing of before.
 */

/** @typedef {{ id: string, from: string, name: string, text: string, at: number }} ChatMessage `from`: a peer's id or 'you'; `at`: unix ms */

/** Characters of one message. */
const TEXT_LIMIT = 8_000;
const HISTORY = 1_000;

export class Chat {
  constructor() {
    /** @type {ChatMessage[]} */
    this.messages = [];
  }

  /**
   * @param {{ id: string, text: string, at: number }} message
   * @param {string} name
   * @returns {ChatMessage | null} null: there was nothing in it
   */
  say({ id, text, at }, name) {
    const said = text.trim().slice(0, TEXT_LIMIT);
    return said ? this.#add({ id, from: 'you', name, text: said, at }) : null;
  }

  /**
   * @param {import('./control.js').ControlMessage} message
   * @param {import('./peer.js').Peer} peer
   * @param {number} now unix ms
   * @returns {ChatMessage | null} null: no message of ours would look like this
   */
  hear({ id, text, at }, peer, now) {
    if (typeof text !== 'string' || typeof id !== 'string') return null;
    const when = typeof at === 'number' && Number.isFinite(at) ? at : now;
    return this.#add({ id, from: peer.id, name: peer.name, text: text.slice(0, TEXT_LIMIT), at: when });
  }

  /** @param {ChatMessage} message */
  #add(message) {
    this.messages.push(message);
    if (this.messages.length > HISTORY) this.messages.shift();
    return message;
  }
}
