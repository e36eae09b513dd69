/**
 * What people in a call say beside their voices: written messages, a raised hand, signs that pass. It goes from page to
 * page; the hub never sees it.
 */
import { Chat } from './chat.js';
import { signFrom } from './gestures.js';

/** @typedef {import('./peer.js').Peer} Peer */
/** @typedef {import('./control.js').ControlMessage} ControlMessage */

export class Talk {
  /**
   * @param {object} parts
   * @param {import('./clock.js').Clock} parts.clock
   * @param {() => string} parts.you          this person's name
   * @param {() => Peer[]} parts.everybody
   * @param {() => string} parts.newId        of a message
   * @param {(type: 'chat' | 'reaction', what: object) => void} parts.tell
   */
  constructor({ clock, you, everybody, newId, tell }) {
    this.clock = clock;
    this.you = you;
    this.everybody = everybody;
    this.newId = newId;
    this.tell = tell;
    this.chat = new Chat();
    /** What the others are told beside the devices. @type {import('./gestures.js').Gestures} */
    this.gestures = { hand: false, board: false };
  }

  /** In the order they came. @returns {import('./chat.js').ChatMessage[]} */
  get messages() {
    return this.chat.messages;
  }

  /** @param {string} text to everybody in the room */
  write(text) {
    const message = this.chat.say({ id: this.newId(), text, at: this.clock.unix() }, this.you());
    if (!message) return;
    this.#sayAll({ type: 'chat', id: message.id, text: message.text, at: message.at });
    this.tell('chat', { message });
  }

  /** A sign that passes: seen by whoever is here now. @param {string} sign one of `SIGNS` */
  react(sign) {
    this.#sayAll({ type: 'reaction', sign });
    this.tell('reaction', { sign });
  }

  /**
   * @param {Peer} peer
   * @param {ControlMessage} said
   * @returns {boolean} whether it was talk
   */
  heard(peer, said) {
    if (said.type === 'chat') {
      const message = this.chat.hear(said, peer, this.clock.unix());
      if (message) this.tell('chat', { message });
    } else if (said.type === 'reaction') {
      const sign = signFrom(said);
      if (sign) this.tell('reaction', { sign, peer });
    } else {
      return false;
    }
    return true;
  }

  /** @param {ControlMessage} message */
  #sayAll(message) {
    for (const peer of this.everybody()) peer.say(message);
  }
}
