/**
 * The page's side of the file worker: each request a promise. Starts the worker with the first file.
 */
import { Problem } from '../problem.js';

/** @typedef {{ postMessage(message: unknown, transfer?: Transferable[]): void, onmessage: ((event: MessageEvent) => void) | null,
 *   onerror?: ((event: ErrorEvent) => void) | null }} WorkerLike */

const WORKER = new URL('./worker.js', import.meta.url).href;

/** The page's policy (Trusted Types) lets no text become a script's address but through this one door, which knows one address. */
const door = /** @type {any} */ (globalThis).trustedTypes?.createPolicy('callbox-worker', { createScriptURL: () => WORKER });

/** @returns {WorkerLike} */
function startWorker() {
  return new Worker(door?.createScriptURL('') ?? WORKER, { type: 'module', name: 'files' });
}

export class Disk {
  /** @param {() => WorkerLike} [start] */
  constructor(start = startWorker) {
    /** Where incoming files are kept: named for the seat, so that whoever comes back to it finds them. */
    this.folder = 'nobody';
    this.start = start;
    /** @type {WorkerLike | null} */
    this.worker = null;
    this.asked = 0;
    /** @type {Map<number, { resolve: (result: any) => void, reject: (problem: Problem) => void }>} */
    this.waiting = new Map();
  }

  /** @param {string} id @param {import('./source.js').Readable} thing to be read from now on @returns {Promise<void>} */
  take(id, thing) {
    return this.#ask('take', [id, thing]);
  }

  /**
   * @param {string} id
   * @param {number} at where a block begins
   * @param {ArrayBuffer} [memory] of an earlier block, to be used again; is taken along
   * @returns {Promise<import('./frames.js').Block>}
   */
  read(id, at, memory) {
    return this.#ask('read', [id, at, memory], memory ? [memory] : []);
  }

  /** @param {string} id @param {number} at @returns {Promise<string>} the check of the outgoing file up to there */
  prefix(id, at) {
    return this.#ask('prefix', [id, at]);
  }

  /** @returns {Promise<import('./shelf.js').Kept[]>} files that an earlier page in this seat began or finished */
  kept() {
    return this.#ask('kept', [this.folder]);
  }

  /**
   * @param {import('./shelf.js').Record} record
   * @param {import('./place.js').Place} place
   * @returns {Promise<{ at: number, prefix: string }>} what is there already; rejects when there is no room for it
   */
  open(record, place) {
    if (place.kind !== 'downloads') return this.#ask('open', [this.folder, record, place]);
    const { port } = place.download;
    return this.#ask('open', [this.folder, record, { kind: place.kind, port }], [port]);
  }

  /** @param {string} id @param {import('./frames.js').Piece} piece is taken along @returns {Promise<import('./writer.js').Report>} */
  write(id, piece) {
    return this.#ask('write', [id, piece], piece.parts);
  }

  /** @param {string} id @returns {Promise<{ check: string, file: Blob | null }>} */
  finish(id) {
    return this.#ask('finish', [id]);
  }

  /** @param {import('./source.js').Readable} thing @returns {Promise<string>} SHA-256 of all its bytes, hex */
  sum(thing) {
    return this.#ask('sum', [thing]);
  }

  /** By the worker's clock: a page that nobody sees has timers that ring once a second. @param {number} ms @returns {Promise<void>} */
  pause(ms) {
    return this.#ask('pause', [ms]);
  }

  /** Forgets a file, and what was written of it. @param {string} id */
  drop(id) {
    this.#ask('drop', [this.folder, id]).catch(() => {});
  }

  /**
   * @param {string} method
   * @param {unknown[]} args
   * @param {Transferable[]} [transfer]
   * @returns {Promise<any>}
   */
  #ask(method, args, transfer = []) {
    this.worker ??= this.#begin();
    this.asked += 1;
    const n = this.asked;
    const answer = new Promise((resolve, reject) => this.waiting.set(n, { resolve, reject }));
    this.worker.postMessage({ n, method, args }, transfer);
    return answer;
  }

  #begin() {
    const worker = this.start();
    worker.onmessage = ({ data }) => this.#answered(data);
    worker.onerror = () => this.#broken();
    // As long as this lock is held, no other tab takes this one's files for leftovers.
    globalThis.navigator?.locks?.request(this.folder, () => new Promise(() => {})).catch(() => {});
    return worker;
  }

  /** @param {import('./clerk.js').Answer} answer */
  #answered({ n, result, code }) {
    const waiting = this.waiting.get(n);
    this.waiting.delete(n);
    if (code) waiting?.reject(new Problem(code));
    else waiting?.resolve(result);
  }

  #broken() {
    for (const { reject } of this.waiting.values()) reject(new Problem('file-unwritable'));
    this.waiting.clear();
    this.worker = null;
  }
}
