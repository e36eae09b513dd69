/**
 * The socket to the hub, which comes back by itself. Knows when it is dead (browsers do not say), greets the hub anew
 * after every connect, keeps what could not be sent for a while. Leaves out what the messages mean: a call goes on
 * without this socket.
 */
import { decode, encode } from './messages.js';
import { Problem } from './problem.js';

/** @typedef {import('./messages.js').PageMessage} PageMessage */
/** @typedef {import('./messages.js').HubMessage} HubMessage */

/** How a server that stops or is replaced closes (RFC 6455, 7.4.1). */
const GOING_AWAY = 1001;
/** The hub takes a silent socket for dead after 15 s: three pings. */
const PING_EVERY = 5_000;
/** Two pings unanswered: the path is gone, whatever `readyState` says (measured: OPEN 25 s after the address changed). */
const SILENCE = 10_000;
/** A live hub answers a probe at once; do not wait out the whole silence. */
const SILENCE_AFTER_PROBE = 2_000;
const BACKOFF_FIRST = 250;
const BACKOFF_LAST = 8_000;
/**
 * While somebody's path is dead the hub is needed to mend it. A SYN that got lost is sent again after 1 s and after 3 s, so a
 * try that hangs is begun anew before that gap: then the path is asked once a second. Who was in vain for long may have
 * handshakes that take longer than that, so every third of the later tries waits for them.
 */
const BACKOFF_URGENT = 150;
const PATIENCE_URGENT = 1_900;
const PATIENCE_LATER = 6_000;
const LATER = 10;
/** Waiting messages: candidates and descriptions of a full room; the oldest go first, the watchdogs mend what is lost. */
const QUEUE_LIMIT = 256;

/** WebSocket.readyState of an open socket (RFC 6455 by way of the HTML standard). */
const OPEN = 1;

/** Events: 'message' {message}, 'down' {restarts} (lost; trying again), 'problem' {problem}. */
export class Signaling extends EventTarget {
  /**
   * @param {object} options
   * @param {string} options.url
   * @param {typeof globalThis.WebSocket} options.WebSocket
   * @param {import('./clock.js').Clock} options.clock
   */
  constructor({ url, WebSocket, clock }) {
    super();
    this.url = url;
    this.WebSocket = WebSocket;
    this.clock = clock;
    /** @type {globalThis.WebSocket | null} */
    this.socket = null;
    /** @type {() => PageMessage} */
    this.greeting = () => ({ type: 'ping' });
    /** The hub has let us in on this socket. */
    this.ready = false;
    /** @type {PageMessage[]} */
    this.queue = [];
    this.failures = 0;
    this.urgent = false;
    this.stopRetry = () => {};
    this.stopPing = () => {};
    this.stopSilence = () => {};
  }

  /**
   * Connects, and stays connected until `close`.
   * @param {() => PageMessage} greeting the first message on every socket, made anew each time
   */
  open(greeting) {
    this.greeting = greeting;
    this.failures = 0;
    if (!this.socket) this.#connect();
  }

  /** Greets again on the same socket: after a refusal that may have passed. */
  greet() {
    this.#write(this.greeting());
  }

  /**
   * Sends now, or as soon as the hub has let us in again.
   * @param {PageMessage} message
   */
  send(message) {
    if (this.ready) return this.#write(message);
    this.queue.push(message);
    if (this.queue.length > QUEUE_LIMIT) this.queue.shift();
  }

  /** The network may be another one now: connect at once, or see at once whether the socket still lives. */
  probe() {
    if (this.socket?.readyState === OPEN) {
      this.#write({ type: 'ping' });
      this.#expectWord(SILENCE_AFTER_PROBE);
    } else if (this.failures > 0) {
      this.#drop();
      this.failures = 1;
      this.#connect();
    }
  }

  /** @param {boolean} urgent some connection waits for the hub to be mended */
  hurry(urgent) {
    if (urgent && !this.urgent) this.probe();
    this.urgent = urgent;
  }

  /** Says a last word, if any, and hangs up for good. @param {PageMessage} [lastWord] */
  close(lastWord) {
    if (lastWord) this.#write(lastWord);
    this.queue.length = 0;
    this.failures = 0;
    this.#drop();
  }

  #connect() {
    this.stopRetry();
    const socket = new this.WebSocket(this.url);
    this.socket = socket;
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = ({ code }) => this.#lost(code === GOING_AWAY);
    socket.onerror = () => {}; // a close always follows, and says no more than this does
    this.#expectWord(this.#patience);
  }

  /** How long a try may take. */
  get #patience() {
    if (!this.urgent) return SILENCE;
    return this.failures >= LATER && this.failures % 3 === 0 ? PATIENCE_LATER : PATIENCE_URGENT;
  }

  #opened() {
    this.greet();
    this.stopPing = this.clock.every(PING_EVERY, () => this.#write({ type: 'ping' }));
  }

  /** @param {unknown} data */
  #received(data) {
    this.#expectWord(SILENCE);
    try {
      const message = decode(String(data));
      if (message) this.#deliver(message);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.dispatchEvent(new CustomEvent('problem', { detail: { problem } }));
    }
  }

  /** @param {HubMessage} message */
  #deliver(message) {
    if (message.type === 'joined') {
      this.ready = true;
      this.failures = 0;
    }
    this.dispatchEvent(new CustomEvent('message', { detail: { message } }));
    if (message.type === 'joined') for (const waiting of this.queue.splice(0)) this.send(waiting);
  }

  /** @param {number} ms */
  #expectWord(ms) {
    this.stopSilence();
    this.stopSilence = this.clock.after(ms, () => this.#lost());
  }

  /** @param {boolean} [restarts] the server said that it goes */
  #lost(restarts = false) {
    this.#drop();
    const longest = Math.min(this.urgent ? BACKOFF_URGENT : BACKOFF_LAST, BACKOFF_FIRST * 2 ** this.failures);
    this.failures += 1;
    // Half fixed, half random: a restarted hub is not met by all its pages at once.
    this.stopRetry = this.clock.after(longest * (0.5 + this.clock.random() / 2), () => this.#connect());
    this.dispatchEvent(new CustomEvent('down', { detail: { restarts } }));
  }

  #drop() {
    this.stopRetry();
    this.stopPing();
    this.stopSilence();
    const { socket } = this;
    this.socket = null;
    this.ready = false;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /** @param {PageMessage} message */
  #write(message) {
    if (this.socket?.readyState === OPEN) this.socket.send(encode(message));
  }
}
