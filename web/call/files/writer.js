/**
 * A file on its way in: frames in any repetition, bytes to the sink in order, hashed as they pass.
 */
import { open } from './frames.js';
import { Sha256 } from './sha256.js';

/** @typedef {{ write(bytes: Uint8Array, at: number): void, finish(): Promise<Blob>, drop(): Promise<void> }} Sink */

export class Writer {
  /**
   * @param {Sink} sink
   * @param {number} size of the whole file
   */
  constructor(sink, size) {
    this.sink = sink;
    this.size = size;
    this.hash = new Sha256();
    /** Bytes written, without a gap. */
    this.at = 0;
  }

  /**
   * What comes twice after a change of connection is skipped, what comes too early will come again.
   * @param {ArrayBuffer} frame
   * @returns {number} bytes written so far
   */
  write(frame) {
    const opened = open(frame);
    if (!opened || opened.offset > this.at) return this.at;
    const fresh = opened.bytes.subarray(this.at - opened.offset, this.size - opened.offset);
    if (fresh.length === 0) return this.at;
    this.sink.write(fresh, this.at);
    this.hash.update(fresh);
    this.at += fresh.length;
    return this.at;
  }

  /** @returns {Promise<{ sha256: string, file: Blob }>} */
  async finish() {
    return { sha256: this.hash.digest(), file: await this.sink.finish() };
  }

  drop() {
    return this.sink.drop();
  }
}
