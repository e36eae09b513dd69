/**
 * The room's door, as one person sees it: who may come in, who waits outside, and what hosts may do about both.
 */

/** @typedef {import('./messages.js').Knock} Knock */
/** @typedef {import('./messages.js').HubMessage} HubMessage */

export class Door {
  /** @param {(message: import('./messages.js').PageMessage) => void} say to the hub */
  constructor(say) {
    this.say = say;
    /** Whether this person is a host: lets people in, sends them out, changes the door. */
    this.host = false;
    /** Whether the room's name is enough to come in; otherwise hosts make invitations. */
    this.open = true;
    /** @type {import('./messages.js').Door} */
    this.signs = { locked: false, lobby: false, password: false };
    /** @type {Map<string, Knock>} who waits to be let in, in the order they came; hosts alone know */
    this.knocks = new Map();
  }

  /**
   * @param {HubMessage} message
   * @returns {boolean} whether it was about the door
   */
  hear(message) {
    switch (message.type) {
      case 'joined':
        this.host = message.host;
        this.open = message.open;
        this.signs = message.door;
        this.knocks = new Map(message.knocks.map((knock) => [knock.id, knock]));
        return true;
      case 'door': this.signs = message.door; return true;
      case 'role': this.#become(message.host); return true;
      case 'knock': this.knocks.set(message.id, { id: message.id, name: message.name }); return true;
      case 'knock-over': this.knocks.delete(message.id); return true;
      default: return false;
    }
  }

  /**
   * For hosts: lets somebody in who knocked or sends them away, asks for quiet, sends somebody out, hands over.
   * @param {'admit' | 'decline' | 'mute' | 'remove' | 'hand-over'} wish
   * @param {string} id of a peer, or of somebody who knocked
   */
  command(wish, id) {
    this.say({ type: wish, id });
  }

  /**
   * For hosts: changes who may come in.
   * @param {{ locked?: boolean, lobby?: boolean, password?: string }} change '' takes the password away
   */
  set(change) {
    this.say({ type: 'set-door', ...change });
  }

  /**
   * For hosts: has an invitation made. The answer comes as the call's 'invited' event.
   * @param {{ role: 'guest' | 'host', seconds?: number, uses?: number }} wish
   */
  invite(wish) {
    this.say({ type: 'invite', ...wish });
  }

  /** For hosts: lets nobody in with this invitation any more; 'revoked' answers. @param {string} invitation */
  revoke(invitation) {
    this.say({ type: 'revoke', invitation });
  }

  /** A new host hears of everybody who waits, one by one. @param {boolean} host */
  #become(host) {
    this.host = host;
    this.knocks.clear();
  }
}
