/**
 * Tells the hub how each person is reached, whenever that changes: it joins both sides with what the relay sees and answers why.
 * Types of candidates and counts, never an address.
 */

/** @typedef {import('./peer.js').Peer} Peer */
/** @typedef {import('./messages.js').PathOut} PathOut */
/** @typedef {{ since: number, at: number, said: string }} Note */

/** Of one person the hub hears no more often. */
const APART = 3_000;
/** After this without a connection that is what there is to tell. */
const PATIENCE = 10_000;

export class Paths {
  /**
   * @param {object} parts
   * @param {import('./clock.js').Clock} parts.clock
   * @param {boolean} parts.relayOnly
   * @param {(message: PathOut) => void} parts.send
   */
  constructor({ clock, relayOnly, send }) {
    this.clock = clock;
    this.relayOnly = relayOnly;
    this.send = send;
    this.forget();
  }

  /** Another hub knows nothing yet. */
  forget() {
    /** @type {WeakMap<Peer, Note>} */
    this.notes = new WeakMap();
  }

  /** @param {Peer[]} peers */
  look(peers) {
    const now = this.clock.now();
    for (const peer of peers) {
      const note = this.notes.get(peer) ?? { since: now, at: -Infinity, said: '' };
      this.notes.set(peer, note);
      if (now - note.at < APART || (!peer.path && now - note.since < PATIENCE)) continue;
      const news = this.#about(peer);
      const said = JSON.stringify([news.pair, news.alive]);
      if (said === note.said) continue;
      Object.assign(note, { at: now, said });
      this.send(news);
    }
  }

  /** @param {Peer} peer @returns {PathOut} */
  #about({ id, link, path, line: { reading } }) {
    const rtt = reading?.rtt ?? null;
    return {
      type: 'path',
      to: id,
      ...(path && { pair: { local: path.local, remote: path.remote, ...(path.local === 'relay' && { relay: path.protocol }) } }),
      alive: link === 'good',
      relay_only: this.relayOnly,
      ...(rtt !== null && { rtt: Math.round(rtt * 1000) }),
      bytes_in: reading?.bytesIn ?? 0,
      bytes_out: reading?.bytesOut ?? 0,
    };
  }
}
