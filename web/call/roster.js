/**
 * Who is in the room: the hub's word on one side, living paths on the other. A person whom the hub lost stays as long as
 * they are seen and heard; one known by their page's instance stays the same person under another id.
 */

/** @typedef {import('./peer.js').Peer} Peer */
/** @typedef {import('./messages.js').PeerEntry} PeerEntry */

export class Roster {
  /**
   * @param {object} hooks
   * @param {(entry: PeerEntry) => Peer} hooks.make
   * @param {(peer: Peer) => void} hooks.onjoined
   * @param {(peer: Peer) => void} hooks.onchange     something the hub said about this person
   * @param {(peer: Peer) => void} hooks.onreloaded   their page is a new one
   * @param {(peer: Peer, reason: string) => void} hooks.onleft
   */
  constructor(hooks) {
    this.hooks = hooks;
    /** @type {Map<string, Peer>} in order of arrival */
    this.peers = new Map();
  }

  /** @returns {Peer[]} a copy: people may leave while it is gone through */
  get all() {
    return [...this.peers.values()];
  }

  /** The hub's complete list: whoever is not in it has no seat any more. @param {PeerEntry[]} entries */
  replace(entries) {
    const seated = new Set(entries.map(({ instance }) => instance));
    for (const peer of this.all) if (!seated.has(peer.instance)) this.#unseated(peer);
    for (const entry of entries) this.seated(entry);
  }

  /** Somebody sat down, or came back. @param {PeerEntry} entry */
  seated(entry) {
    const known = this.peers.get(entry.id) ?? this.all.find(({ instance }) => instance === entry.instance);
    if (!known) return this.#welcome(entry);
    if (known.id !== entry.id) this.#rename(known, entry.id);
    if (known.update(entry)) this.hooks.onreloaded(known);
    this.hooks.onchange(known);
  }

  /** Their socket dropped. @param {string} id */
  away(id) {
    const peer = this.peers.get(id);
    if (!peer) return;
    peer.away = true;
    this.hooks.onchange(peer);
  }

  /**
   * @param {string} id
   * @param {boolean} host
   */
  role(id, host) {
    const peer = this.peers.get(id);
    if (!peer) return;
    peer.host = host;
    this.hooks.onchange(peer);
  }

  /**
   * @param {string} id
   * @param {string} reason 'removed' by a host, 'left' of their own will, 'lost' when the hub waited in vain
   */
  left(id, reason) {
    const peer = this.peers.get(id);
    if (!peer) return;
    if (reason === 'lost') this.#unseated(peer);
    else this.remove(peer, reason);
  }

  /**
   * @param {Peer} peer
   * @param {string} reason
   */
  remove(peer, reason) {
    if (!this.peers.delete(peer.id)) return;
    peer.close();
    this.hooks.onleft(peer, reason);
  }

  /** Lets go of those who have neither a seat nor a path. */
  prune() {
    for (const peer of this.all) if (!peer.seated && peer.link === 'lost') this.remove(peer, 'lost');
  }

  /** @param {PeerEntry} entry */
  #welcome(entry) {
    const peer = this.hooks.make(entry);
    this.peers.set(entry.id, peer);
    this.hooks.onjoined(peer);
    peer.start();
  }

  /**
   * @param {Peer} peer
   * @param {string} id
   */
  #rename(peer, id) {
    const entries = [...this.peers].map(([key, value]) => /** @type {const} */ ([value === peer ? id : key, value]));
    this.peers.clear();
    for (const [key, value] of entries) this.peers.set(key, value);
  }

  /** Let the path decide. @param {Peer} peer */
  #unseated(peer) {
    if (peer.link === 'connecting' || peer.link === 'lost') return this.remove(peer, 'lost');
    Object.assign(peer, { away: true, seated: false });
    this.hooks.onchange(peer);
  }
}
