/**
 * A file on its way from somebody: accepted or not, written down as it comes, checked at the end.
 */
import { Problem } from '../problem.js';
import { Transfer } from './transfer.js';

/** Tell the sender after each MiB, so that it can go on; on a slow path sooner, so that its bar moves. */
const ACKNOWLEDGE_EVERY = 1 << 20;
const ACKNOWLEDGE_WITHIN = 300;
/** A sender keeps to 16 MiB beyond what was acknowledged; one that does not would fill our memory. */
const PENDING_LIMIT = 32 << 20;

export class Incoming extends Transfer {
  /**
   * @param {import('./transfer.js').What} what
   * @param {import('./transfer.js').Parts} parts
   */
  constructor(what, parts) {
    super('in', what, parts);
    /** @type {RTCDataChannel | null} */
    this.channel = null;
    /** Bytes on their way to the disk. */
    this.pending = 0;
    this.acknowledged = 0;
    this.acknowledgedAt = 0;
    /** @type {string | null} what the sender says the whole file hashes to */
    this.expected = null;
  }

  async accept() {
    if (this.state !== 'offered') return;
    this.become('running');
    try {
      await this.parts.disk.open(this.id, this.size);
      this.#ask();
    } catch (cause) {
      this.fail(cause);
    }
  }

  decline() {
    if (this.state !== 'offered') return;
    this.parts.say({ type: 'file-decline', id: this.id });
    this.end('declined');
  }

  /** @param {import('../control.js').ControlMessage} message */
  heard(message) {
    super.heard(message);
    if (this.ended || this.state === 'offered') return;
    if (message.type === 'file-resume') this.#ask();
    if (message.type === 'file-end') {
      this.expected = String(message.sha256);
      void this.#check();
    }
  }

  /** @param {RTCDataChannel} channel brings the bytes */
  attach(channel) {
    if (this.ended || this.state === 'offered') return channel.close();
    this.channel = channel;
    channel.binaryType = 'arraybuffer';
    channel.onmessage = ({ data }) => void this.#write(data);
  }

  release() {
    this.channel?.close();
    if (this.state !== 'done') super.release();
  }

  /** Says from where on bytes are wanted. */
  #ask() {
    this.parts.say({ type: 'file-accept', id: this.id, at: this.sent });
  }

  /** @param {ArrayBuffer} frame */
  async #write(frame) {
    const { byteLength } = frame;
    this.pending += byteLength;
    if (this.pending > PENDING_LIMIT) return this.fail(new Problem('file-failed', 'the sender does not wait'));
    try {
      const written = await this.parts.disk.write(this.id, frame);
      this.pending -= byteLength;
      if (!this.ended) this.#written(written);
    } catch (cause) {
      this.fail(cause);
    }
  }

  /** @param {number} written */
  #written(written) {
    this.progress(written);
    const now = this.parts.clock.now();
    const soon = written - this.acknowledged < ACKNOWLEDGE_EVERY && now - this.acknowledgedAt < ACKNOWLEDGE_WITHIN;
    if (soon && written < this.size) return;
    this.acknowledged = written;
    this.acknowledgedAt = now;
    this.parts.say({ type: 'file-ack', id: this.id, at: written });
    void this.#check();
  }

  /** Both the last byte and the sender's hash have come, in either order. */
  async #check() {
    if (this.sent < this.size || this.expected === null || this.state !== 'running') return;
    this.become('checking');
    try {
      const { sha256, file } = await this.parts.disk.finish(this.id);
      if (this.ended) return;
      if (sha256 !== this.expected) throw new Problem('file-hash');
      this.sha256 = sha256;
      this.url = URL.createObjectURL(file);
      this.parts.say({ type: 'file-done', id: this.id, sha256 });
      this.end('done');
    } catch (cause) {
      this.fail(cause);
    }
  }
}
