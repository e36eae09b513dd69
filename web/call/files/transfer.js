/**
 * One file on its way to or from one person: what both directions have in common, and what the page shows.
 */
import { Problem } from '../problem.js';

/**
 * @typedef {'offered' | 'waiting' | 'queued' | 'running' | 'paused' | 'interrupted' | 'checking' | 'done' | 'cancelled' | 'declined'
 *   | 'failed'} TransferState  'interrupted': the sender's page was reloaded and needs the file chosen again
 */
/** @typedef {import('../control.js').ControlMessage} ControlMessage */
/**
 * @typedef {object} Parts what a transfer needs from the call
 * @property {import('./disk.js').Disk} disk
 * @property {import('./pace.js').Pace} pace
 * @property {import('../clock.js').Clock} clock
 * @property {import('./turns.js').Turns} turns        of the files to this person
 * @property {(message: ControlMessage) => void} say   to the person at the other end
 * @property {(transfer: Transfer) => void} changed
 * @property {(address: string) => void} fetch   has the browser download what is there
 */
/**
 * @typedef {object} What
 * @property {string} id
 * @property {import('../peer.js').Peer} peer
 * @property {string} name
 * @property {number} size       bytes
 * @property {number} modified   ms since 1970
 * @property {number} count      files in it, when it is a folder; else 0
 */

const ENDED = new Set(['done', 'cancelled', 'declined', 'failed']);
/** The rate shown is that of the last few seconds. */
const RATE_OVER = 3_000;
const RATE_SAMPLE = 250;

export class Transfer {
  /**
   * @param {'out' | 'in'} direction
   * @param {What} what
   * @param {Parts} parts
   */
  constructor(direction, { id, peer, name, size, modified, count }, parts) {
    this.id = id;
    this.peer = peer;
    this.direction = direction;
    this.name = name;
    this.size = size;
    this.modified = modified;
    this.count = count;
    /** Bytes that are safely at the receiver's, whichever side asks. */
    this.sent = 0;
    /** Bytes per second over the last seconds. */
    this.rate = 0;
    /** @type {TransferState} 'offered': an incoming one waits for your word; 'waiting': an outgoing one waits for theirs */
    this.state = direction === 'in' ? 'offered' : 'waiting';
    /** Who holds it; either may, and both must let go. */
    this.paused = { you: false, peer: false };
    /** @type {'you' | 'peer' | null} who cancelled */
    this.by = null;
    /** @type {Problem | null} */
    this.problem = null;
    /** @type {import('./source.js').Readable | null} where all of it can be read here */
    this.thing = null;
    /** @type {string | null} of the whole, hex, once somebody asked */
    this.sha256 = null;
    /** It is being computed. */
    this.adding = false;
    /** @type {string | null} `blob:` address of a finished incoming file */
    this.url = null;
    this.parts = parts;
    /** @type {{ at: number, sent: number }[]} */
    this.samples = [];
  }

  get ended() {
    return ENDED.has(this.state);
  }

  /** Takes an offered file. */
  accept() {}

  /** Refuses an offered file. */
  decline() {}

  /** Whether it can be paused, or taken up again. */
  get underway() {
    return this.state === 'queued' || this.state === 'running' || this.state === 'paused';
  }

  get held() {
    return this.paused.you || this.paused.peer;
  }

  /** Holds the transfer, or lets it go on, from either side. @param {boolean} on */
  pause(on) {
    if (!this.underway || this.paused.you === on) return;
    this.paused.you = on;
    this.parts.say({ type: 'file-pause', id: this.id, on });
    this.go();
  }

  /** Goes on, or stands still, as both sides wish. */
  go() {
    this.samples.length = 0;
    this.rate = 0;
    this.become(this.held ? 'paused' : 'running');
  }

  /** Calls the transfer off, from either side, and tells the other. */
  cancel() {
    if (this.ended) return;
    this.parts.say({ type: 'file-cancel', id: this.id });
    this.end('cancelled', { by: 'you' });
  }

  /** Their page is a new one. */
  orphaned() {}

  /** The person is gone, and with them the other half of this. */
  lost() {
    if (!this.ended) this.end('failed', { problem: new Problem('peer-gone') });
  }

  /** @param {ControlMessage} message about this transfer, from the other side */
  heard({ type, code, on }) {
    if (this.ended) return;
    if (type === 'file-pause' && this.underway) {
      this.paused.peer = on === true;
      this.go();
    }
    if (type === 'file-cancel') this.end('cancelled', { by: 'peer' });
    if (type === 'file-failed') this.end('failed', { problem: new Problem(String(code)) });
  }

  /**
   * @param {TransferState} state
   * @param {{ by?: 'you' | 'peer', problem?: Problem }} [how]
   */
  end(state, how = {}) {
    Object.assign(this, how, { rate: 0 });
    this.become(state);
    this.release();
  }

  /** Tells the other side why this cannot go on. @param {unknown} cause */
  fail(cause) {
    if (this.ended) return;
    const problem = cause instanceof Problem ? cause : new Problem('file-failed', cause);
    this.parts.say({ type: 'file-failed', id: this.id, code: problem.code });
    this.end('failed', { problem });
  }

  /** Lets go of what was written. */
  release() {
    this.parts.disk.drop(this.id);
  }

  /** Reads all of it once more, to say its SHA-256. */
  async addUp() {
    if (this.state !== 'done' || !this.thing || this.adding) return;
    Object.assign(this, { adding: true, problem: null });
    this.parts.changed(this);
    try {
      this.sha256 = await this.parts.disk.sum(this.thing);
    } catch (cause) {
      this.problem = cause instanceof Problem ? cause : new Problem('file-unreadable', cause);
    }
    this.adding = false;
    this.parts.changed(this);
  }

  /** @param {TransferState} state */
  become(state) {
    this.state = state;
    this.parts.changed(this);
  }

  /** @param {number} sent */
  progress(sent) {
    this.sent = sent;
    const at = this.parts.clock.now();
    const last = this.samples.at(-1);
    if (!last || at - last.at >= RATE_SAMPLE) this.samples.push({ at, sent });
    while (this.samples.length > 2 && at - this.samples[0].at > RATE_OVER) this.samples.shift();
    const [first] = this.samples;
    if (at > first.at) this.rate = Math.round(((sent - first.sent) * 1000) / (at - first.at));
    this.parts.changed(this);
  }
}
