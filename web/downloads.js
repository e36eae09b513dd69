/**
 * The service worker's part of a file that goes straight into the browser's downloads, for browsers with neither room of
 * their own for it nor a question where to keep it: a page names the file, the worker answers one request for an address
 * that only this page knows, and passes on the blocks as they are asked for. Holds one block of each; the server hears of
 * nothing. A classic script, because it is a part of sw.js.
 *
 *   page, to the worker           'save' {address, name, size} with a port; 'ping' {address}, an event that keeps the worker
 *   worker, over the port         'ready' (the address may be opened), 'taken' (it was), 'pull' (a block is wanted), 'alive',
 *                                 'stopped' (the browser wants no more), 'ended'
 *   the file's end of the port    'block' {bytes}, 'end', 'drop', 'ping'
 */

const ADDRESS = /^\/save\/[\w-]{36}$/;
/** More at a time than anybody accepts; each holds a block of 1 MiB at most. */
const MOST_DOWNLOADS = 64;
/**
 * Looked at so often whether the page is still there, which pings as often. It must be missed in time: Firefox ends a worker 29 s
 * after the last event (words over a port are none), and keeps what came until then as if it were the whole file. Missed looks
 * are counted and not seconds, because a machine that sleeps stops both sides.
 */
const LOOK_EVERY = 8_000;
const MISSED_LOOKS = 3;

class Downloads {
  constructor() {
    /** @type {Map<string, Download>} by their address, which is asked for once */
    this.open = new Map();
  }

  /** @param {{ data: any, ports: readonly MessagePort[] }} message from a page */
  heard({ data, ports: [port] }) {
    if (data?.type === 'ping') this.open.get(data.address)?.seen();
    if (data?.type !== 'save' || !port || !ADDRESS.test(data.address) || this.open.has(data.address)) return;
    if (this.open.size >= MOST_DOWNLOADS) return port.postMessage({ type: 'stopped' });
    this.open.set(data.address, new Download(data, port, () => this.open.delete(data.address)));
  }

  /** @param {string} path @returns {Response | null} null: not one of ours, or asked for twice */
  answer(path) {
    return this.open.get(path)?.answer() ?? null;
  }
}

class Download {
  /**
   * @param {{ name: string, size: number }} what
   * @param {MessagePort} port
   * @param {() => void} over
   */
  constructor({ name, size }, port, over) {
    this.name = name;
    this.size = size;
    this.port = port;
    this.over = over;
    this.taken = false;
    this.missed = 0;
    this.looks = setInterval(() => this.#look(), LOOK_EVERY);
    /** @type {ReadableStreamDefaultController<Uint8Array> | undefined} */
    this.controller = undefined;
    this.stream = new ReadableStream({
      start: (controller) => { this.controller = controller; },
      pull: () => this.#say('pull'),
      cancel: () => this.#close('stopped'),
    }, { highWaterMark: 0 }); // nothing is asked for that nobody reads
    port.onmessage = ({ data }) => this.#heard(data);
    this.#say('ready');
  }

  seen() {
    this.missed = 0;
  }

  /** @returns {Response | null} */
  answer() {
    if (this.taken) return null;
    this.taken = true;
    this.#say('taken');
    return new Response(this.stream, { headers: headersOf(this) });
  }

  /** @param {{ type: string, bytes?: Uint8Array }} message */
  #heard({ type, bytes }) {
    if (type === 'ping') this.#say('alive');
    if (type === 'block' && bytes) this.controller?.enqueue(bytes);
    if (type === 'drop') this.#breakOff();
    if (type !== 'end') return;
    this.controller?.close();
    this.#close('ended');
  }

  /** The page may be gone without a word. What it left must not look like a whole file. */
  #look() {
    this.missed += 1;
    if (this.missed >= MISSED_LOOKS) this.#breakOff();
  }

  #breakOff() {
    this.controller?.error(new Error('the file broke off'));
    this.#close('stopped');
  }

  /** @param {string} word the last one */
  #close(word) {
    clearInterval(this.looks);
    this.#say(word);
    this.port.close();
    this.over();
  }

  /** @param {string} type */
  #say(type) {
    this.port.postMessage({ type });
  }
}

/** To be kept and never shown, whatever it is. @param {{ name: string, size: number }} file */
function headersOf({ name, size }) {
  return {
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': `attachment; filename*=UTF-8''${extended(name)}`,
    'Content-Length': String(size), // so that a browser knows a part from the whole
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  };
}

/** RFC 8187, 3.2.1: "Inside the value part, characters not contained in attr-char are encoded into an octet sequence". @param {string} name */
function extended(name) {
  return [...new TextEncoder().encode(name)].map((byte) => {
    const sign = String.fromCharCode(byte);
    return /[\w!#$&+.^`|~-]/.test(sign) ? sign : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
