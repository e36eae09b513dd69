/**
 * A file straight into the browser's downloads, from the page's side: has the service worker (downloads.js) expect it, and
 * keeps that worker awake. The bytes go from the file worker over the port (`DownloadSink`).
 */

/** @typedef {{ postMessage(message: unknown, transfer?: Transferable[]): void }} Service a service worker */

/** Without these events Firefox ends the worker; downloads.js gives the page up when three are missing. */
const PING_EVERY = 8_000;
/** A worker that has to start first; one from before an update never answers. */
const ANSWERS_WITHIN = 5_000;
/** As sw.js has it: while this lock is held, no newer worker takes over. */
const IN_USE = 'callbox-downloads';

export class Download {
  /**
   * @param {{ name: string, size: number }} what
   * @returns {Promise<Download | null>} null: there is no service worker, or none that knows how
   */
  static async prepare({ name, size }, service = activeService()) {
    const worker = await service.catch(() => null);
    if (!worker) return null;
    const address = `/save/${crypto.randomUUID()}`;
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ type: 'save', address, name, size }, [port1]);
    return await isReady(port2) ? new Download(worker, address, port2) : null;
  }

  /**
   * @param {Service} service
   * @param {string} address
   * @param {MessagePort} port
   */
  constructor(service, address, port) {
    this.service = service;
    /** Whoever opens this gets the file: to be opened once, by the page, when the port is where the bytes are. */
    this.address = address;
    this.port = port;
    /** @type {() => void} */
    this.letGo = () => {};
  }

  /** Until `end`, the service worker stays. */
  hold() {
    const timer = setInterval(() => this.service.postMessage({ type: 'ping', address: this.address }), PING_EVERY);
    const over = new Promise((resolve) => { this.letGo = () => resolve(clearInterval(timer)); });
    globalThis.navigator?.locks?.request(IN_USE, { mode: 'shared' }, () => over).catch(() => {});
  }

  end() {
    this.letGo();
  }
}

/** @returns {Promise<Service | null>} */
async function activeService() {
  const registration = await globalThis.navigator?.serviceWorker?.getRegistration();
  return registration?.active ?? null;
}

/** @param {MessagePort} port @returns {Promise<boolean>} */
function isReady(port) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ANSWERS_WITHIN);
    port.onmessage = ({ data }) => {
      clearTimeout(timer);
      resolve(data.type === 'ready');
    };
  }).finally(() => { port.onmessage = null; });
}
