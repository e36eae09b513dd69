/**
 * A file on its way from somebody: accepted or not, written down as it comes, checked block by block. Outlives a reload of
 * either page: what is written stays on the shelf, and whoever still has the other half says so.
 */
import { Problem } from '../problem.js';
import { choosePlace } from './place.js';
import { Transfer } from './transfer.js';

/** Tell the sender after each block, so that it can go on; on a slow path sooner, so that its bar moves. */
const ACKNOWLEDGE_WITHIN = 300;
/** A sender keeps to 16 MiB beyond what was acknowledged; one that does not would fill our memory. */
const PENDING_LIMIT = 32 << 20;
/** What a piece takes beside its bytes: without end, empty ones would fill it too. */
const PIECE = 1 << 10;

export class Incoming extends Transfer {
  /**
   * @param {import('./transfer.js').What} what
   * @param {import('./transfer.js').Parts} parts
   */
  constructor(what, parts) {
    super('in', what, parts);
    /** Bytes on their way to the disk. */
    this.pending = 0;
    /** Bytes written and checked. */
    this.written = 0;
    this.acknowledgedAt = 0;
    /** The shelf is ready for bytes. */
    this.open = false;
    /** @type {string | null} of the whole, once it is there */
    this.check = null;
    /** @type {import('./download.js').Download | null} where it goes, when not on any shelf */
    this.download = null;
  }

  /** @param {(what: { name: string, size: number }) => Promise<import('./place.js').Place | null>} [choose] where to keep it */
  async accept(choose = choosePlace) {
    if (this.state !== 'offered') return;
    try {
      const place = await choose(this);
      if (!place || this.state !== 'offered') return;
      this.become('running');
      await this.#takeUp(place);
    } catch (cause) {
      this.fail(cause);
    }
  }

  decline() {
    if (this.state !== 'offered') return;
    this.parts.say({ type: 'file-decline', id: this.id });
    this.end('declined');
  }

  /** As an earlier page in this seat left it. @param {import('./shelf.js').Kept} kept */
  restore({ at, check, file }) {
    this.sent = at;
    if (file) {
      this.#arrived(check, file);
      this.sent = this.size;
    }
    this.state = file ? 'done' : 'interrupted';
    if (!file) this.ask();
  }

  /** The sender's page is a new one: what was not accepted is forgotten, the rest needs the file chosen again. */
  orphaned() {
    if (this.ended) return;
    if (this.state === 'offered') return this.lost();
    Object.assign(this, { rate: 0, paused: { you: false, peer: false } });
    this.become('interrupted');
    this.ask();
  }

  /** Asks a sender whose page was reloaded for the rest. */
  ask() {
    const { id, name, size, modified, count, sent } = this;
    this.parts.say({ type: 'file-wanted', id, name, size, modified, count, at: sent });
  }

  /** @param {import('../control.js').ControlMessage} message */
  heard(message) {
    super.heard(message);
    if (message.type !== 'file-offer') return;
    if (this.state === 'done') this.parts.say({ type: 'file-done', id: this.id, check: this.check });
    if (this.state !== 'interrupted') return;
    if (message.size !== this.size) return this.fail(new Problem('file-changed'));
    this.become('running');
    this.#takeUp({ kind: 'shelf' }).catch((cause) => this.fail(cause));
  }

  /** What comes too late for it is nobody's. @param {import('./frames.js').Piece} piece */
  async take(piece) {
    if (!this.open || this.ended) return;
    const length = piece.parts.reduce((sum, { byteLength }) => sum + byteLength, PIECE + (piece.check?.length ?? 0));
    this.pending += length;
    if (this.pending > PENDING_LIMIT) return this.fail(new Problem('file-failed', 'the sender does not wait'));
    try {
      const report = await this.parts.disk.write(this.id, piece);
      this.pending -= length;
      if (!this.ended) this.#wrote(report);
    } catch (cause) {
      this.fail(cause);
    }
  }

  /**
   * @param {string | null} check
   * @param {Blob | null} file null: it went where the page cannot read
   */
  #arrived(check, file) {
    this.check = check;
    if (!file) return;
    this.thing = file;
    this.url = URL.createObjectURL(file);
  }

  release() {
    this.download?.end();
    if (this.state !== 'done') super.release();
  }

  /**
   * Opens the shelf, says from where on bytes are wanted.
   * @param {import('./place.js').Place} place
   */
  async #takeUp(place) {
    const { id, name, size, modified, count, peer } = this;
    const opening = this.parts.disk.open({ id, from: peer.id, name, size, modified, count }, place);
    if (place.kind === 'downloads') this.#begin(place.download);
    const { at, prefix } = await opening;
    if (this.ended) return super.release();
    Object.assign(this, { open: true, written: at, sent: at });
    this.parts.say({ type: 'file-accept', id, at, prefix });
    if (at === size) await this.#finish();
  }

  /** The browser asks for it, as if it came from the server. @param {import('./download.js').Download} download */
  #begin(download) {
    this.download = download;
    download.hold();
    this.parts.fetch(download.address);
  }

  /** @param {import('./writer.js').Report} report */
  #wrote({ at, held, again }) {
    if (again !== null) this.parts.say({ type: 'file-again', id: this.id, at: again });
    const now = this.parts.clock.now();
    if (at === this.written && now - this.acknowledgedAt < ACKNOWLEDGE_WITHIN) return;
    const whole = at === this.size && at !== this.written;
    this.written = at;
    this.acknowledgedAt = now;
    this.progress(held);
    this.parts.say({ type: 'file-ack', id: this.id, at, held });
    if (whole) this.#finish().catch((cause) => this.fail(cause));
  }

  async #finish() {
    this.become('checking');
    const { check, file } = await this.parts.disk.finish(this.id);
    if (this.ended) return;
    this.#arrived(check, file);
    this.parts.say({ type: 'file-done', id: this.id, check });
    this.end('done');
  }
}
