/**
 * What keeps a pair connected: one connection in use, and beside it the next one when the first had to be given up.
 * Reads both twice a second, asks the watchdog, and carries out its verdict. Leaves out what travels on the line.
 */
import { Connection } from './connection.js';
import { between } from './stats.js';
import { Watchdog } from './watchdog.js';

/** @typedef {import('./messages.js').SignalPayload} SignalPayload */
/** @typedef {import('./watchdog.js').Action} Action */
/**
 * @typedef {object} LineOptions
 * @property {string} name                  'call' or 'files', as `connection` on the wire
 * @property {boolean} media
 * @property {boolean} offerer              the hub's word: whether this page makes the offers
 * @property {import('./connection.js').Browser} browser
 * @property {import('./clock.js').Clock} clock
 * @property {() => RTCConfiguration} config
 * @property {() => number} startKbit       where the bandwidth estimate of a new connection begins
 * @property {import('./slots.js').Codecs} [codecs]        for pictures, best first
 * @property {(payload: SignalPayload) => void} signal
 * @property {(connection: Connection) => void} onbuilt   a connection was made (not up yet): fill its places, listen
 * @property {(connection: Connection) => void} onused    this connection is the one in use from now on
 * @property {(connection: Connection) => void} onconnected  a connection is up, whether it is used or not
 * @property {() => void} onunreachable                   45 s in vain
 * @property {() => void} [onrefused]                     the relay did not take the credentials
 */

/** TURN's 401 (RFC 8489, 9.2.4), as the browser reports it when it gathers. */
const UNAUTHORIZED = 401;

/** Both sides ask for the same at about the same time: once is enough. */
const TWICE = 2_000;
/** A restart somebody asks for must not hit a path on which this side still hears them. */
const DEAF = 2_000;
/** A connection that is not up by then, while the old one works, is not needed. */
const NEEDED = 15_000;
const STATS_EVERY = 1_000;

export class Line {
  /** @param {LineOptions} options */
  constructor(options) {
    this.options = options;
    this.offerer = options.offerer;
    /** @type {Connection | null} */
    this.current = null;
    /** @type {Connection | null} built beside `current`, takes its place once bytes arrive */
    this.next = null;
    /** Of the newest connection. Only ever grows, also over a reload of the page that counts: see `#newEpoch`. */
    this.epoch = 0;
    this.watchdog = new Watchdog(options.clock.now());
    /** @type {import('./peer.js').Link} */
    this.link = 'connecting';
    /** @type {import('./stats.js').Reading | null} */
    this.reading = null;
    /** @type {import('./peer.js').PeerStats | null} */
    this.stats = null;
    this.lastBuilt = -Infinity;
    this.lastRestart = -Infinity;
    this.closed = false;
    /** Another connection is wanted as soon as the other page can be asked. */
    this.renewing = false;
    /** @type {((connection: Connection) => void)[]} */
    this.waiting = [];
  }

  /** The side that makes the offers begins; the other waits for the first one. */
  start() {
    if (this.offerer) this.#build(false);
  }

  /** Like `start`, when only this side knows that the line is wanted. */
  request() {
    if (this.offerer) this.#build(false);
    else this.#signal({ epoch: this.epoch, request: 'rebuild' });
  }

  /** The connection in use works, but not for long: has another one built beside it. */
  renew() {
    this.renewing = true;
  }

  /** @returns {Promise<Connection>} settled once one is up; never, when the line closes first */
  connected() {
    const { current } = this;
    if (current?.state === 'connected') return Promise.resolve(current);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** @param {SignalPayload} payload from the other page, in order */
  receive(payload) {
    if (payload.request) return this.#asked(payload);
    if (payload.description?.type === 'offer' && payload.epoch > this.epoch) this.#open(payload.epoch, false, false);
    this.#connections().find(({ epoch }) => epoch === payload.epoch)?.negotiation.receive(payload);
  }

  /**
   * @param {boolean} canSignal
   * @returns {Promise<void>} settled when everything read is in `link`, `reading` and `stats`
   */
  async tick(canSignal) {
    const [reading, nextReading] = await Promise.all([this.current?.read(), this.next?.read()]);
    if (this.closed) return;
    if (this.next && nextReading && nextReading.bytesIn > 0 && this.next.state === 'connected') return this.#use(this.next);
    if (!this.current) return this.#wait(canSignal);
    if (this.renewing && canSignal) {
      this.renewing = false;
      this.request();
    }
    const now = this.options.clock.now();
    const { link, action } = this.watchdog.step({ now, bytesIn: reading?.bytesIn ?? 0, state: this.current.state, canSignal });
    this.link = link;
    if (reading) this.#keep(reading);
    if (link === 'good' && now - this.lastBuilt > NEEDED) this.#dropNext();
    if (action) this.#act(action);
  }

  /** The other page was reloaded: what it had is gone, begin again. */
  anew() {
    for (const connection of this.#connections()) connection.close();
    this.current = this.next = null;
    this.reading = this.stats = null;
    if (!this.offerer) this.epoch = 0; // whoever makes the offers counts, and a new page counts anew
    this.watchdog = new Watchdog(this.options.clock.now());
    this.link = 'connecting';
    this.start();
  }

  /** The hub hears the other page again: what was said to it meanwhile is lost, so the first remedy is due at once. */
  hurry() {
    this.lastRestart = -Infinity;
    this.watchdog.hurry();
  }

  /** Fresh relay credentials. */
  configure() {
    for (const connection of this.#connections()) connection.configure(this.options.config());
  }

  close() {
    this.closed = true;
    for (const connection of this.#connections()) connection.close();
    this.current = this.next = null;
  }

  #connections() {
    return [this.next, this.current].filter((connection) => connection !== null);
  }

  /** Nothing was built yet: the other side's first offer is awaited, or got lost. @param {boolean} canSignal */
  #wait(canSignal) {
    const facts = { now: this.options.clock.now(), bytesIn: 0, state: /** @type {const} */ ('new'), canSignal };
    const { link, action } = this.watchdog.step(facts);
    this.link = link;
    if (action) this.#act(action);
  }

  /** @param {import('./stats.js').Reading} reading */
  #keep(reading) {
    if (this.reading && reading.at - this.reading.at < STATS_EVERY * 0.9) return;
    this.stats = between(this.reading, reading);
    this.reading = reading;
  }

  /** @param {Action} action */
  #act(action) {
    if (action === 'give-word') return this.options.onunreachable();
    if (action === 'restart') return this.#restartOnce(this.options.clock.now());
    if (this.offerer) this.#build(action === 'rebuild-relayed');
    else this.#signal({ epoch: this.epoch, request: 'rebuild' });
  }

  /** Both sides find a path dead at about the same time. @param {number} now */
  #restartOnce(now) {
    if (now - this.lastRestart < TWICE) return;
    this.lastRestart = now;
    this.current?.negotiation.restart();
  }

  /** @param {SignalPayload} payload */
  #asked({ request, epoch }) {
    const now = this.options.clock.now();
    if (request === 'rebuild' && this.offerer && now - this.lastBuilt > TWICE) this.#build(false);
    const ours = this.current?.epoch === epoch && this.current.offerer;
    if (request === 'restart' && ours && this.watchdog.silence(now) > DEAF) this.#restartOnce(now);
  }

  /** @param {boolean} relayed */
  #build(relayed) {
    this.#open(this.#newEpoch(), true, relayed).negotiation.start();
  }

  /**
   * Higher than any before, and than those of an earlier life of this page (whose late messages may still come): so it
   * starts at the time of day.
   */
  #newEpoch() {
    return Math.max(this.epoch + 1, Math.floor(this.options.clock.unix() / 1000));
  }

  /**
   * @param {number} epoch
   * @param {boolean} offerer
   * @param {boolean} relayed
   */
  #open(epoch, offerer, relayed) {
    const { browser, config, media, clock, startKbit, codecs, onbuilt, onused } = this.options;
    this.epoch = epoch;
    this.renewing = false;
    this.lastBuilt = clock.now();
    const connection = new Connection({
      browser, media, epoch, offerer, codecs,
      startKbit: startKbit(),
      config: { ...config(), ...(relayed ? { iceTransportPolicy: 'relay' } : {}) },
      send: (word) => this.#signal({ epoch, ...word }),
      onproblem: () => this.#broken(connection),
    });
    this.#dropNext();
    connection.rtc.addEventListener('connectionstatechange', () => {
      if (connection.state === 'connected') this.options.onconnected(connection);
      this.#announce();
    });
    connection.rtc.addEventListener('icecandidateerror', ({ errorCode }) => {
      if (errorCode === UNAUTHORIZED) this.options.onrefused?.();
    });
    onbuilt(connection);
    if (this.current && this.watchdog.everHeard) {
      this.next = connection;
    } else {
      this.current?.close();
      this.current = connection;
      onused(connection);
    }
    this.watchdog.rebuilt(clock.now());
    return connection;
  }

  /** @param {Connection} connection */
  #use(connection) {
    this.current?.close();
    this.current = connection;
    this.next = null;
    this.reading = null;
    this.options.onused(connection);
    this.#announce();
  }

  /** The old connection recovered by itself before the new one was up. */
  #dropNext() {
    this.next?.close();
    this.next = null;
  }

  #announce() {
    const { current } = this;
    if (current?.state !== 'connected') return;
    for (const resolve of this.waiting.splice(0)) resolve(current);
  }

  /** Its descriptions do not fit any more; the watchdog need not find that out by waiting. @param {Connection} connection */
  #broken(connection) {
    if (this.closed || connection.epoch !== this.epoch) return;
    if (this.offerer && this.options.clock.now() - this.lastBuilt > TWICE) this.#build(false);
    else this.#signal({ epoch: this.epoch, request: 'rebuild' });
  }

  /** @param {Omit<SignalPayload, 'connection'>} words */
  #signal(words) {
    if (!this.closed) this.options.signal({ connection: this.options.name, ...words });
  }
}
