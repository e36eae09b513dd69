/**
 * A file on its way to somebody: offered, sent block by block as the other side writes them down, begun again where
 * they are when the connection was built anew.
 */
import { Problem } from '../problem.js';
import { HEADER } from './frames.js';
import { Transfer } from './transfer.js';

/** @typedef {(label: string) => Promise<{ channel: RTCDataChannel, maxMessageSize: number }>} OpenChannel */

/** Enough in the browser's queue to keep the path busy, little enough that a cancel takes effect at once. */
const QUEUE_HIGH = 1 << 20;
const QUEUE_LOW = 1 << 18;
/** Bytes sent and not yet written down by the receiver: what both sides' memory may hold of one file. */
const CREDIT = 16 << 20;

export class Outgoing extends Transfer {
  /**
   * @param {import('./transfer.js').What} what
   * @param {File} file
   * @param {import('./transfer.js').Parts} parts
   * @param {OpenChannel} openChannel resolves when one is open, over whichever connection that may be
   */
  constructor(what, file, parts, openChannel) {
    super('out', what, parts);
    this.file = file;
    this.openChannel = openChannel;
    /** @type {RTCDataChannel | null} */
    this.channel = null;
    /** @type {string | null} of the whole file, once it was read to its end */
    this.sha256Sent = null;
    /** Of runs: only the newest one goes on. */
    this.turn = 0;
    /** Called when there may be room again. */
    this.wake = () => {};
  }

  offer() {
    const { id, name, size, file } = this;
    this.parts.disk.take(id, file).catch((cause) => this.fail(cause));
    this.parts.say({ type: 'file-offer', id, name, size, mime: file.type });
  }

  /** The connection it ran on is gone: ask where the other side is. */
  resume() {
    if (this.state === 'running') this.parts.say({ type: 'file-resume', id: this.id });
  }

  /** @param {import('../control.js').ControlMessage} message */
  heard(message) {
    super.heard(message);
    if (this.ended) return;
    const { type, at, sha256 } = message;
    if (type === 'file-decline') this.end('declined');
    if (type === 'file-accept') void this.#run(position(at, this.size));
    if (type === 'file-ack') this.#acknowledged(position(at, this.size));
    if (type === 'file-done') this.#done(sha256);
  }

  release() {
    this.turn += 1;
    this.wake();
    this.channel?.close();
    super.release();
  }

  /** @param {number} at */
  async #run(at) {
    this.turn += 1;
    const { turn } = this;
    this.wake();
    this.channel?.close();
    if (this.state !== 'running') this.become('running');
    try {
      const { channel, maxMessageSize } = await this.openChannel(this.id);
      if (turn !== this.turn) return channel.close();
      this.#use(channel, turn);
      await this.#send(channel, at, turn, maxMessageSize - HEADER);
    } catch (cause) {
      if (turn === this.turn) this.fail(cause);
    }
  }

  /**
   * @param {RTCDataChannel} channel
   * @param {number} turn
   */
  #use(channel, turn) {
    this.channel = channel;
    channel.bufferedAmountLowThreshold = QUEUE_LOW;
    channel.onbufferedamountlow = () => this.wake();
    channel.onclose = () => {
      if (turn === this.turn) this.resume();
    };
  }

  /**
   * @param {RTCDataChannel} channel
   * @param {number} at
   * @param {number} turn
   * @param {number} most bytes of file that a message may carry
   */
  async #send(channel, at, turn, most) {
    const { disk, pace, say } = this.parts;
    let ahead = disk.read(this.id, at, Math.min(most, pace.payload));
    for (;;) {
      const block = await ahead;
      if (turn !== this.turn) return;
      if (block.sha256 === null) {
        ahead = disk.read(this.id, block.next, Math.min(most, pace.payload));
        ahead.catch(() => {}); // reported when its turn comes
      }
      for (const frame of block.frames) {
        await this.#pace(frame.byteLength);
        if (!(await this.#room(channel, block.next, turn))) return;
        channel.send(frame);
      }
      if (block.sha256 === null) continue;
      this.sha256Sent = block.sha256;
      return say({ type: 'file-end', id: this.id, sha256: block.sha256 });
    }
  }

  /**
   * @param {RTCDataChannel} channel
   * @param {number} upTo bytes of the file sent after this block
   * @param {number} turn
   * @returns {Promise<boolean>} false: this run is over
   */
  async #room(channel, upTo, turn) {
    const full = () => channel.bufferedAmount > QUEUE_HIGH || upTo - this.sent > CREDIT;
    while (turn === this.turn && channel.readyState === 'open' && full()) await new Promise((wake) => { this.wake = () => wake(null); });
    return turn === this.turn && channel.readyState === 'open';
  }

  /** @param {number} bytes */
  async #pace(bytes) {
    const { pace, clock } = this.parts;
    for (let wait = pace.take(clock.now(), bytes); wait > 0; wait = pace.take(clock.now(), bytes)) {
      await new Promise((resume) => { clock.after(wait, () => resume(null)); });
    }
  }

  /** @param {number} at */
  #acknowledged(at) {
    this.progress(Math.max(this.sent, at));
    if (this.sent === this.size && this.state === 'running') this.become('checking');
    this.wake();
  }

  /** @param {unknown} sha256 as the receiver computed it */
  #done(sha256) {
    if (sha256 !== this.sha256Sent || this.sha256Sent === null) throw new Problem('file-hash');
    this.sent = this.size;
    this.sha256 = this.sha256Sent;
    this.end('done');
  }
}

/**
 * @param {unknown} at
 * @param {number} size
 * @returns {number} a place in the file, whatever the other side says
 */
function position(at, size) {
  if (!Number.isInteger(at) || Number(at) < 0 || Number(at) > size) throw new Problem('file-failed', at);
  return Number(at);
}
