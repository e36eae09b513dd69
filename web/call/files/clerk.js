/**
 * Reads, writes and hashes files on behalf of the page, in a worker, so that a large file does not make the call
 * stutter. Answers requests by number; knows nothing of people or connections.
 *
 * @typedef {{ n: number, method: string, args: any[] }} Request
 * @typedef {{ n: number, result?: unknown, code?: string }} Answer
 */
import { Problem } from '../problem.js';
import { Reader } from './reader.js';
import { Writer } from './writer.js';

export class Clerk {
  /**
   * @param {(answer: Answer, transfer: ArrayBuffer[]) => void} post
   * @param {(size: number, tab: string, name: string) => Promise<import('./writer.js').Sink>} openSink
   */
  constructor(post, openSink) {
    this.post = post;
    this.openSink = openSink;
    /** @type {Map<string, Reader>} */
    this.readers = new Map();
    /** @type {Map<string, Writer>} */
    this.writers = new Map();
    /** @type {Record<string, (...args: any[]) => unknown>} */
    this.methods = {
      take: (id, file) => void this.readers.set(id, new Reader(file)),
      read: (id, at, payload) => this.#reader(id).read(at, payload),
      open: (id, size, tab) => this.#open(id, size, tab),
      write: (id, frame) => this.#writer(id).write(frame),
      finish: (id) => this.#finish(id),
      drop: (id) => this.#drop(id),
    };
  }

  /** @param {Request} request */
  async handle({ n, method, args }) {
    try {
      const result = await this.methods[method](...args);
      const frames = method === 'read' ? /** @type {{ frames: ArrayBuffer[] }} */ (result).frames : [];
      this.post({ n, result }, frames);
    } catch (cause) {
      this.post({ n, code: codeOf(method, cause) }, []);
    }
  }

  /**
   * @param {string} id
   * @param {number} size
   * @param {string} tab
   */
  async #open(id, size, tab) {
    this.writers.set(id, new Writer(await this.openSink(size, tab, id), size));
  }

  /** @param {string} id */
  async #finish(id) {
    const result = await this.#writer(id).finish();
    this.writers.delete(id);
    return result;
  }

  /** @param {string} id */
  async #drop(id) {
    const writer = this.writers.get(id);
    this.writers.delete(id);
    this.readers.delete(id);
    await writer?.drop();
  }

  /** @param {string} id */
  #reader(id) {
    const reader = this.readers.get(id);
    if (!reader) throw new Problem('file-dropped');
    return reader;
  }

  /** @param {string} id */
  #writer(id) {
    const writer = this.writers.get(id);
    if (!writer) throw new Problem('file-dropped');
    return writer;
  }
}

/**
 * @param {string} method
 * @param {unknown} cause
 */
function codeOf(method, cause) {
  if (cause instanceof Problem) return cause.code;
  return method === 'read' ? 'file-unreadable' : 'file-unwritable';
}
