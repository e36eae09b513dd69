/**
 * A file straight into the browser's downloads, from where its bytes are: each block goes to the service worker
 * (downloads.js) when the browser has taken the one before. What is written here cannot be taken up again by another page,
 * and whether the browser got the last of it onto the disk, only the browser knows.
 */
import { Problem } from '../problem.js';

/** The service worker is asked so often whether it is there, and so many questions may stay open. */
const PING_EVERY = 8_000;
const OPEN_QUESTIONS = 3;
/** A page that may not open the address, or does not, gets nothing for so long. */
const TAKEN_WITHIN = 15_000;

/** @typedef {import('./writer.js').Sink} Sink */
/** @implements {Sink} */
export class DownloadSink {
  /** @param {MessagePort} port @returns {Promise<DownloadSink>} when the browser has asked for the file */
  static async open(port) {
    const sink = new DownloadSink(port);
    const late = setTimeout(() => sink.#stop(), TAKEN_WITHIN);
    await sink.#until(() => sink.taken);
    clearTimeout(late);
    return sink;
  }

  /** @param {MessagePort} port */
  constructor(port) {
    this.port = port;
    this.taken = false;
    this.keeps = true;
    this.ended = false;
    this.stopped = false;
    /** Blocks that the browser asked for and did not get yet. */
    this.wanted = 0;
    this.questions = 0;
    this.pings = setInterval(() => this.#ask(), PING_EVERY);
    this.wake = () => {};
    port.onmessage = ({ data }) => this.#heard(data.type);
  }

  /** @param {Uint8Array} bytes are taken along @returns {Promise<void>} when the browser has taken them, and asks for more */
  async write(bytes) {
    await this.#until(() => this.wanted > 0);
    this.wanted -= 1;
    this.port.postMessage({ type: 'block', bytes }, [/** @type {ArrayBuffer} */ (bytes.buffer)]);
    await this.#until(() => this.wanted > 0);
  }

  async finish() {
    this.port.postMessage({ type: 'end' });
    await this.#until(() => this.ended);
    this.#close();
    return null;
  }

  /** The download fails, rather than end as a whole file. */
  async drop() {
    this.port.postMessage({ type: 'drop' });
    this.#stop();
  }

  /** @param {string} type */
  #heard(type) {
    this.questions = 0;
    if (type === 'taken') this.taken = true;
    if (type === 'pull') this.wanted += 1;
    if (type === 'ended') this.ended = true;
    if (type === 'stopped') this.#stop();
    this.wake();
  }

  /** A service worker that died has not said so. */
  #ask() {
    this.questions += 1;
    if (this.questions > OPEN_QUESTIONS) this.#stop();
    else this.port.postMessage({ type: 'ping' });
  }

  #stop() {
    this.stopped = true;
    this.#close();
    this.wake();
  }

  #close() {
    clearInterval(this.pings);
    this.port.close();
  }

  /** @param {() => boolean} so @returns {Promise<void>} @throws {Problem} 'file-stopped' */
  async #until(so) {
    while (!so()) {
      if (this.stopped) throw new Problem('file-stopped');
      await new Promise((resolve) => { this.wake = () => resolve(undefined); });
    }
  }
}
