/**
 * One file on its way to or from one person.
 */

/** @typedef {'offered' | 'waiting' | 'running' | 'checking' | 'done' | 'cancelled' | 'declined' | 'failed'} TransferState */

export class Transfer {
  /**
   * @param {{ id: string, peer: import('../peer.js').Peer, direction: 'out' | 'in', name: string, size: number }} what
   */
  constructor({ id, peer, direction, name, size }) {
    this.id = id;
    this.peer = peer;
    this.direction = direction;
    this.name = name;
    this.size = size;
    /** Bytes so far, both directions. */
    this.sent = 0;
    /** Bytes per second over the last seconds. */
    this.rate = 0;
    /** @type {TransferState} 'offered': an incoming one waits for your word; 'waiting': an outgoing one waits for theirs */
    this.state = direction === 'in' ? 'offered' : 'waiting';
    /** @type {'you' | 'peer' | null} who cancelled */
    this.by = null;
    /** @type {import('../problem.js').Problem | null} */
    this.problem = null;
    /** @type {string | null} hex, when done */
    this.sha256 = null;
    /** @type {string | null} `blob:` address of a finished incoming file */
    this.url = null;
  }

  /** Takes an offered file. */
  accept() {}

  /** Refuses an offered file. */
  decline() {}

  /** Calls the transfer off, from either side, and tells the other. */
  cancel() {}
}
