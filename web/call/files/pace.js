/**
 * How fast files may go while people talk. Without this a file starves the call: on a 2.5 Mbit/s link it took a video
 * from 1718 to 682 kbit/s, the round trip from 58 to 217 ms, and froze the picture (measured). Additive caution,
 * multiplicative retreat; a local network is found out within seconds. Pure: what the paths say in, bytes allowed out.
 *
 * @typedef {{ rtt: number | null, lossOut: number | null }} PathLook seconds; share of what we send that is lost, 0..1
 */

import { PAYLOAD } from './frames.js';

/** Bytes per second. */
const START = 250_000;
const LEAST = 16_000;
/** Beyond this nothing a browser can send is held back. */
const UNBOUNDED = 1e9;
/** A queue is building somewhere: a quarter of what people notice in a talk. */
const QUEUE = 0.08;
const LOSS = 0.02;
/** Seconds; below this round trip the path is a local network, with far more room than a file needs. */
const LOCAL = 0.015;
const GROW_LOCAL = 4;
const GROW_FIRST = 2;
/** After the first retreat the room is roughly known. */
const GROW_LATER = 1.12;
/** What was saved up while a browser's timer was late, in seconds. */
const BURST = 0.25;
/** Of the rate that is allowed: whoever uses less is held back by something else. */
const NEARLY = 0.7;
/** Stats are read once a second: the same crowd must not count twice. */
const LOOK_EVERY = 900;
/** One message at a time is at most this much of the path, in seconds: 64 KiB would be a queue of its own on a slow one. */
const MESSAGE = 0.05;
const SMALLEST_MESSAGE = 4_096;
/** A round trip's floor is remembered this long, ms: the path may have changed since. */
const FLOOR_FOR = 60_000;

export class Pace {
  constructor() {
    this.rate = START;
    this.free = true;
    this.retreated = false;
    this.tokens = 0;
    this.filled = 0;
    /** Bytes taken since the last look. */
    this.used = 0;
    this.looked = 0;
    /** @type {Map<string, { rtt: number, at: number }>} the shortest round trip of each path */
    this.floors = new Map();
  }

  /**
   * @param {number} now ms
   * @param {boolean} talking pictures or sound are sent or received: without them files have the path for themselves
   * @param {Map<string, PathLook>} paths to everybody, by their id: they share this page's uplink
   */
  look(now, talking, paths) {
    this.free = !talking;
    if (now - this.looked < LOOK_EVERY) return;
    const seconds = (now - this.looked) / 1000;
    const busy = this.used > this.rate * seconds * 0.5;
    Object.assign(this, { looked: now, used: 0 });
    if (this.#crowded(now, paths)) this.#retreat();
    else if (busy) this.#advance(paths);
  }

  /** Whether this rate is as low as it is because of the pace. @param {number} rate bytes a second */
  limits(rate) {
    return !this.free && rate > this.rate * NEARLY;
  }

  /** Bytes of file in the next messages. */
  get payload() {
    return this.free ? PAYLOAD : Math.min(PAYLOAD, Math.max(SMALLEST_MESSAGE, Math.floor(this.rate * MESSAGE)));
  }

  /**
   * @param {number} now ms
   * @param {number} bytes about to be sent
   * @returns {number} ms to wait first, 0: go
   */
  take(now, bytes) {
    if (this.free) return 0;
    this.tokens = Math.min(this.tokens + ((now - this.filled) / 1000) * this.rate, Math.max(bytes, this.rate * BURST));
    this.filled = now;
    if (this.tokens < bytes) return Math.ceil(((bytes - this.tokens) / this.rate) * 1000);
    this.tokens -= bytes;
    this.used += bytes;
    return 0;
  }

  /**
   * @param {number} now
   * @param {Map<string, PathLook>} paths
   */
  #crowded(now, paths) {
    let crowded = false;
    for (const [id, { rtt, lossOut }] of paths) {
      if (lossOut !== null && lossOut > LOSS) crowded = true;
      if (rtt !== null && rtt > this.#floor(id, rtt, now) + QUEUE) crowded = true;
    }
    return crowded;
  }

  /**
   * @param {string} id
   * @param {number} rtt
   * @param {number} now
   */
  #floor(id, rtt, now) {
    const floor = this.floors.get(id);
    if (floor && floor.rtt <= rtt && now - floor.at < FLOOR_FOR) return floor.rtt;
    this.floors.set(id, { rtt, at: now });
    return rtt;
  }

  #retreat() {
    this.rate = Math.max(LEAST, this.rate / 2);
    this.retreated = true;
  }

  /** @param {Map<string, PathLook>} paths */
  #advance(paths) {
    const local = [...paths.values()].every(({ rtt }) => rtt !== null && rtt <= LOCAL);
    const later = this.retreated ? GROW_LATER : GROW_FIRST;
    this.rate = Math.min(UNBOUNDED, this.rate * (local ? GROW_LOCAL : later));
  }
}
