/**
 * Reads, writes and hashes files on behalf of the page, in a worker, so that a large file does not make the call
 * stutter. Answers requests by number; knows nothing of people or connections.
 *
 * @typedef {{ n: number, method: string, args: any[] }} Request
 * @typedef {{ n: number, result?: unknown, code?: string }} Answer
 */
import { Problem } from '../problem.js';
import { Reader } from './reader.js';
import { sourceOf } from './source.js';
import { sumOf } from './sum.js';
import { Writer } from './writer.js';

/**
 * @typedef {object} Shelf where incoming files are kept
 * @property {(folder: string, record: import('./shelf.js').Record, where: import('./shelf.js').Where) => Promise<import('./shelf.js').Opened>} open
 * @property {(folder: string) => Promise<import('./shelf.js').Kept[]>} kept  by an earlier page in this seat
 * @property {(folder: string, id: string) => Promise<void>} remove
 */

/** What goes wrong in these is the fault of the file that is read. */
const READING = new Set(['read', 'prefix', 'sum']);

export class Clerk {
  /**
   * @param {(answer: Answer, transfer: ArrayBuffer[]) => void} post
   * @param {Shelf} shelf
   * @param {import('../clock.js').Clock} clock
   */
  constructor(post, shelf, clock) {
    this.post = post;
    this.shelf = shelf;
    /** @type {Map<string, Reader>} */
    this.readers = new Map();
    /** @type {Map<string, Writer>} */
    this.writers = new Map();
    /** @type {Record<string, (...args: any[]) => unknown>} */
    this.methods = {
      take: (id, thing) => void this.readers.set(id, new Reader(sourceOf(thing))),
      read: (id, at, memory) => this.#reader(id).read(at, memory),
      prefix: (id, at) => this.#reader(id).prefix(at),
      kept: (folder) => this.shelf.kept(folder),
      open: (folder, record, where) => this.#open(folder, record, where),
      write: (id, piece) => this.#writer(id).write(piece),
      finish: (id) => this.#finish(id),
      sum: (thing) => sumOf(sourceOf(thing)),
      drop: (folder, id) => this.#drop(folder, id),
      pause: (ms) => new Promise((resume) => { clock.after(ms, () => resume(undefined)); }),
    };
  }

  /** @param {Request} request */
  async handle({ n, method, args }) {
    try {
      const result = await this.methods[method](...args);
      const taken = method === 'read' ? [/** @type {import('./frames.js').Block} */ (result).bytes.buffer] : [];
      this.post({ n, result }, taken);
    } catch (cause) {
      this.post({ n, code: codeOf(method, cause) }, []);
    }
  }

  /**
   * @param {string} folder
   * @param {import('./shelf.js').Record} record
   * @param {import('./shelf.js').Where} where
   */
  async #open(folder, record, where) {
    const writer = this.writers.get(record.id) ?? await this.#writerFor(folder, record, where);
    this.writers.set(record.id, writer);
    await writer.queue;
    return { at: writer.at, prefix: writer.check };
  }

  /**
   * @param {string} folder
   * @param {import('./shelf.js').Record} record
   * @param {import('./shelf.js').Where} where
   */
  async #writerFor(folder, record, where) {
    const { sink, progress } = await this.shelf.open(folder, record, where);
    return new Writer(sink, record.size, progress);
  }

  /** @param {string} id */
  async #finish(id) {
    const result = await this.#writer(id).finish();
    this.writers.delete(id);
    return result;
  }

  /**
   * @param {string} folder
   * @param {string} id
   */
  async #drop(folder, id) {
    const writer = this.writers.get(id);
    this.writers.delete(id);
    this.readers.delete(id);
    if (writer) await writer.drop();
    else await this.shelf.remove(folder, id);
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
  return READING.has(method) ? 'file-unreadable' : 'file-unwritable';
}
