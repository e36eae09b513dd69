/**
 * The whole test in order: is the hub there, which ways to the relay work, what is in between, how much does the line carry.
 * What is measured last is disturbed by nothing before it.
 */
import { Problem } from '../call/problem.js';
import { findNat } from './nat.js';
import { tryOut, withoutNat } from './probe.js';
import { rate } from './rates.js';
import { verdictOf } from './verdict.js';

/** @typedef {import('./probe.js').Probe} Probe */
/** @typedef {{ probe: Probe, result: import('./probe.js').Result | null }} Way */
/** @typedef {{ bits: number } | { problem: string }} Rate */
/**
 * @typedef {object} Parts what the browser lends; tests lend their own
 * @property {string} hub   address of the WebSocket
 * @property {typeof globalThis.RTCPeerConnection} RTCPeerConnection
 * @property {typeof globalThis.WebSocket} WebSocket
 * @property {typeof globalThis.fetch} fetch
 * @property {import('../call/clock.js').Clock} clock
 */

/** Ways tried at the same time: each is two connections, and a phone has to do it too. */
const AT_ONCE = 4;
/** A WebSocket that is not open by then is none for a call, ms. */
const HUB_PATIENCE = 8_000;

/** Event: 'change' whenever something became known. */
export class Examination extends EventTarget {
  /** @param {Parts} parts */
  constructor(parts) {
    super();
    this.parts = parts;
    /** @type {'idle' | 'running' | 'done' | 'failed'} */
    this.state = 'idle';
    /** @type {Problem | null} why it could not even begin */
    this.problem = null;
    /** @type {{ ok: boolean, ms: number } | null} */
    this.hub = null;
    /** @type {Way[]} */
    this.ways = [];
    /** @type {import('./nat.js').Nat | null} */
    this.nat = null;
    /** @type {Rate | null} */
    this.down = null;
    /** @type {Rate | null} */
    this.up = null;
    /** @type {import('./verdict.js').Verdict | null} */
    this.verdict = null;
  }

  /** Those that are known. */
  get results() {
    return this.ways.flatMap(({ result }) => result ?? []);
  }

  /** @returns {Promise<void>} never rejects */
  async run() {
    this.state = 'running';
    this.#changed();
    try {
      await this.ask();
      this.hub = await this.#askHub();
      this.#changed();
      await this.explore();
      this.verdict = verdictOf({ hub: this.hub.ok, results: this.results, nat: this.nat?.kind ?? 'unknown' });
      this.#changed();
      this.down = await this.#measure('down');
      this.#changed();
      this.up = await this.#measure('up');
      this.state = 'done';
    } catch (problem) {
      this.state = 'failed';
      this.problem = problem instanceof Problem ? problem : new Problem('unknown', problem);
    }
    this.#changed();
  }

  /** Which ways there are. @throws {Problem} 'too-fast', 'no-connection' or 'no-test' */
  async ask() {
    const answer = await this.parts.fetch('/test/ice', { cache: 'no-store' }).catch((cause) => { throw new Problem('no-connection', cause); });
    if (answer.status === 429) throw new Problem('too-fast');
    if (!answer.ok) throw new Problem('no-test', answer.status);
    this.ways = probesFrom(await answer.json()).map((probe) => ({ probe, result: null }));
    this.#changed();
  }

  /** All ways, and what is in between. */
  async explore() {
    await Promise.all([this.#tryWays(), this.#findNat()]);
    for (const way of this.ways) way.result = way.result && withoutNat(way.result, this.results);
    if (this.nat?.kind === 'blocked' && this.results.some(({ probe, ok }) => ok && probe.transport === 'udp')) this.nat.kind = 'none';
    this.#changed();
  }

  /** A few at a time. */
  async #tryWays() {
    const waiting = [...this.ways];
    const tryNext = async () => {
      for (let way = waiting.shift(); way; way = waiting.shift()) {
        way.result = await tryOut(way.probe, this.parts);
        this.#changed();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, tryNext));
  }

  async #findNat() {
    const urls = this.ways.flatMap(({ probe }) => (probe.transport === 'stun' ? probe.url : []));
    this.nat = await findNat(urls, this.parts).catch(() => null);
  }

  /** Opens a WebSocket as a call does, and says no more than that it is there. @returns {Promise<{ ok: boolean, ms: number }>} */
  #askHub() {
    const { clock, hub, WebSocket } = this.parts;
    const started = clock.now();
    return new Promise((resolve) => {
      const socket = new WebSocket(hub);
      const end = (/** @type {boolean} */ ok) => {
        stopWaiting();
        resolve({ ok, ms: Math.round(clock.now() - started) });
        socket.close();
      };
      const stopWaiting = clock.after(HUB_PATIENCE, () => end(false));
      socket.onopen = () => socket.send('{"type":"ping"}');
      socket.onmessage = () => end(true); // whatever it says: frames come through
      socket.onerror = () => end(false);
    });
  }

  /** @param {'down' | 'up'} direction @returns {Promise<Rate>} */
  async #measure(direction) {
    try {
      return { bits: await rate(direction, this.parts.clock, this.parts.fetch) };
    } catch (problem) {
      return { problem: problem instanceof Problem ? problem.code : 'unknown' };
    }
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

const TRANSPORTS = Object.freeze(['stun', 'udp', 'tcp', 'tls']);

/**
 * A transport that a newer server knows and this page does not is left out.
 * @param {any} answer of `GET /test/ice`
 * @returns {Probe[]}
 */
function probesFrom(answer) {
  if (!Array.isArray(answer?.probes)) throw new Problem('bad-answer', answer);
  return answer.probes.filter((/** @type {any} */ probe) => TRANSPORTS.includes(probe?.transport) && typeof probe.url === 'string');
}
