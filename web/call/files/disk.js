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
  /**
   * @param {string} tab names this page among the browser's tabs
   * @param {() => WorkerLike} [start]
   */
  constructor(tab, start = startWorker) {
    this.tab = tab;
    this.start = start;
    /** @type {WorkerLike | null} */
    this.worker = null;
    this.asked = 0;
    /** @type {Map<number, { resolve: (result: any) => void, reject: (problem: Problem) => void }>} */
    this.waiting = new Map();
  }

  /** @param {string} id @param {Blob} file @returns {Promise<void>} */
  take(id, file) {
    return this.#ask('take', [id, file]);
  }

  /**
   * @param {string} id
   * @param {number} at
   * @param {number} payload bytes in one frame
   * @returns {Promise<{ frames: ArrayBuffer[], next: number, sha256: string | null }>}
   */
  read(id, at, payload) {
    return this.#ask('read', [id, at, payload]);
  }

  /** @param {string} id @param {number} size @returns {Promise<void>} rejects when there is no room for it */
  open(id, size) {
    return this.#ask('open', [id, size, this.tab]);
  }

  /** @param {string} id @param {ArrayBuffer} frame @returns {Promise<number>} bytes written so far */
  write(id, frame) {
    return this.#ask('write', [id, frame], [frame]);
  }

  /** @param {string} id @returns {Promise<{ sha256: string, file: Blob }>} */
  finish(id) {
    return this.#ask('finish', [id]);
  }

  /** Forgets a file, and what was written of it. @param {string} id */
  drop(id) {
    this.#ask('drop', [id]).catch(() => {});
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
    globalThis.navigator?.locks?.request(this.tab, () => new Promise(() => {})).catch(() => {});
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
