/**
 * How fast files may go while people talk. Without this a file starves the call: on a 2.5 Mbit/s link it took a video
 * from 1718 to 682 kbit/s, the round trip from 58 to 217 ms, and froze the picture (measured). It begins within what the
 * browser believes is free beside the call: a rate found by trying is known a second after the picture has suffered. Then
 * cautious growth, and half at each sign of a crowd; a local network is found out within seconds. Pure: what the paths say
 * in, bytes allowed out.
 *
 * @typedef {Pick<import('../peer.js').PeerStats, 'rtt' | 'rttPictures' | 'lossOut' | 'room' | 'bitrateOut'>} PathLook
 * @typedef {{ crowded: boolean, tight: boolean, near: boolean, spare: number | null }} Verdict  of one path: the call
 *   suffers; nothing is left beside it; it is a local network; bytes a second that are free, null: unknown
 * @typedef {{ rtt: number, at: number }} Floor  the shortest round trip, and when it was
 * @typedef {{ need: number, room: number, floor: Floor | null, floorOfPictures: Floor | null }} Known  of one path: what the call used of
 *   it lately and its room at the last look, bit/s
 */

import { PAYLOAD } from './frames.js';

/** Bytes per second, where nobody knows what is free. */
const START = 64_000;
/** Where nothing is free: a small file need not wait for a minute. */
const START_LEAST = 32_000;
/** Of what is free: the estimate may be wrong, and the call's own need grows. */
const START_SHARE = 0.5;
const LEAST = 16_000;
/** Beyond this nothing a browser can send is held back. */
const UNBOUNDED = 1e9;
/** A queue is building somewhere: a quarter of what people notice in a talk. */
const QUEUE = 0.08;
const LOSS = 0.02;
/** Seconds; below this round trip the path is a local network, with far more room than a file needs. */
const LOCAL = 0.015;
const GROW_LOCAL = 4;
/** Within what is free, which is the browser's estimate: a part of it is left, as the estimate is none of the file's. */
const GROW_FREE = 2;
const FREE = 0.7;
/** Beyond it, as browsers look for no more room than a call needs: what is too much is noticed a second later. */
const GROW_BEYOND = 1.08;
/** Where nobody knows what is free. */
const GROW_BLIND = 1.2;
/** Beyond so many times what is free, or so many bytes a second where nobody knows, the path is another kind of path. */
const WIDE_TIMES = 2;
const WIDE = 1_000_000;
const GROW_WIDE = 1.5;
/** After a retreat, up to a part of what was too much. */
const GROW_AGAIN = 1.12;
const AGAIN = 0.75;
/**
 * For so long, ms: each time that files find the end of a path, the browser takes the picture's bits away and needs ten
 * seconds to give them back.
 */
const CEILING_FOR = 45_000;
/** What is crowded again so soon after is the same queue. */
const SAME_CROWD = 5_000;
/** Of what may be sent: who does not use it is held back by something else. */
const BUSY = 0.8;
/** What the call needs is what it has used lately: the part of that which counts a second later. */
const NEED_KEPT = 0.98;
/** So much more than it needs has to be there. */
const NEED_MARGIN = 1.1;
/** An estimate that falls to this part of itself within a second. */
const FALL = 0.9;
/** What was saved up while a browser's timer was late, in seconds. */
const BURST = 0.05;
/** Stats are read once a second: the same crowd must not count twice. */
const LOOK_EVERY = 900;
/** One message at a time is at most this much of the path, in seconds: 64 KiB would be a queue of its own on a slow one. */
const MESSAGE = 0.02;
const SMALLEST_MESSAGE = 4_096;
/** The browser's own queue holds so much, in seconds: what is in there goes out whatever is seen afterwards. */
const QUEUED = 0.1;
/** A round trip's floor is remembered this long, ms: the path may have changed since. */
const FLOOR_FOR = 60_000;

export class Pace {
  constructor() {
    this.rate = START;
    this.free = true;
    /** What was too much, and since when that is known. */
    this.ceiling = { rate: 0, at: -Infinity };
    this.crowdedAt = -Infinity;
    /** The most that was free since this file began, bytes per second: each crowd makes the browser believe in less. */
    this.spare = START;
    /** Whether files use what they may, so that more lanes would carry no more. */
    this.limiting = true;
    this.tokens = 0;
    this.filled = 0;
    /** Bytes taken since the last look. */
    this.used = 0;
    this.looked = 0;
    /** @type {Map<string, Known>} of the paths at the last look */
    this.known = new Map();
  }

  /**
   * @param {number} now ms
   * @param {boolean} talking pictures or sound are sent or received: without them files have the path for themselves
   * @param {Map<string, PathLook | null>} paths to everybody, by their id: they share this page's uplink
   */
  look(now, talking, paths) {
    this.free = !talking;
    if (now - this.looked < LOOK_EVERY) return;
    const seconds = (now - this.looked) / 1000;
    const used = this.used / seconds;
    this.limiting = used === 0 || used > this.rate * BUSY;
    Object.assign(this, { looked: now, used: 0 });
    const judged = [...paths].flatMap(([id, path]) => (path ? [{ id, ...judge(this.known.get(id), path, now, seconds) }] : []));
    this.known = new Map(judged.map(({ id, known }) => [id, known]));
    const verdicts = judged.map(({ verdict }) => verdict);
    const spare = verdicts.reduce((least, verdict) => Math.min(least, verdict.spare ?? Infinity), Infinity);
    if (verdicts.some(({ crowded }) => crowded)) this.#retreat(now, used);
    else if (used === 0) this.#begin(now, spare);
    else if (this.limiting && !verdicts.some(({ tight }) => tight)) this.#advance(now, spare, verdicts.every(({ near }) => near));
  }

  /** Whether files are as slow as they are because of the pace, and not of the path. */
  get limits() {
    return !this.free && this.limiting;
  }

  /** Bytes of file in the next messages. */
  get payload() {
    return this.free ? PAYLOAD : Math.min(PAYLOAD, Math.max(SMALLEST_MESSAGE, Math.floor(this.rate * MESSAGE)));
  }

  /** Bytes that may wait in a channel's own queue. */
  get queue() {
    return this.free ? Infinity : Math.max(2 * this.payload, this.rate * QUEUED);
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
   * @param {number} spare bytes a second, Infinity: unknown
   */
  #begin(now, spare) {
    this.spare = START;
    this.rate = Math.min(this.#below(now), spare === Infinity ? START : Math.max(START_LEAST, spare * START_SHARE));
  }

  /**
   * @param {number} now
   * @param {number} used bytes a second
   */
  #retreat(now, used) {
    const real = Math.min(this.rate, Math.max(used, this.rate / 2));
    if (now - this.crowdedAt > SAME_CROWD) this.ceiling = { rate: real, at: now };
    this.crowdedAt = now;
    this.rate = Math.max(LEAST, real / 2);
  }

  /**
   * @param {number} now
   * @param {number} spare bytes a second, Infinity: unknown
   * @param {boolean} local
   */
  #advance(now, spare, local) {
    this.rate = Math.min(UNBOUNDED, local ? this.rate * GROW_LOCAL : Math.max(this.rate, this.#grown(now, spare)));
  }

  /**
   * @param {number} now
   * @param {number} spare
   */
  #grown(now, spare) {
    const { rate } = this;
    const below = this.#below(now);
    if (below < Infinity) return Math.min(rate * GROW_AGAIN, below);
    if (spare === Infinity) return rate * (rate > WIDE ? GROW_WIDE : GROW_BLIND);
    this.spare = Math.max(this.spare, spare);
    if (rate > this.spare * WIDE_TIMES) return rate * GROW_WIDE;
    return Math.max(rate * GROW_BEYOND, Math.min(rate * GROW_FREE, spare * FREE));
  }

  /** Bytes a second; Infinity: nothing was too much lately. @param {number} now */
  #below(now) {
    return now - this.ceiling.at < CEILING_FOR ? Math.max(LEAST, this.ceiling.rate * AGAIN) : Infinity;
  }
}

/**
 * @param {Known | undefined} before
 * @param {PathLook} path
 * @param {number} now
 * @param {number} seconds since the last look
 * @returns {{ verdict: Verdict, known: Known }}
 */
function judge(before, { rtt, rttPictures, lossOut, room, bitrateOut }, now, seconds) {
  const known = {
    need: Math.max(bitrateOut, (before?.need ?? 0) * NEED_KEPT ** seconds),
    room: room ?? 0,
    floor: floorOf(before?.floor ?? null, rtt, now),
    floorOfPictures: floorOf(before?.floorOfPictures ?? null, rttPictures, now),
  };
  const [trip, floor] = rttPictures === null ? [rtt, known.floor] : [rttPictures, known.floorOfPictures];
  const queued = trip !== null && floor !== null && trip > floor.rtt + QUEUE;
  const tight = room !== null && room < known.need * NEED_MARGIN;
  const crowded = queued || (lossOut ?? 0) > LOSS || tight && room < (before?.room ?? 0) * FALL;
  const spare = room === null ? null : Math.max(0, room - bitrateOut) / 8;
  return { verdict: { crowded, tight, near: trip !== null && trip <= LOCAL, spare }, known };
}

/**
 * @param {Floor | null} before
 * @param {number | null} rtt
 * @param {number} now
 * @returns {Floor | null}
 */
function floorOf(before, rtt, now) {
  if (rtt === null || before && before.rtt <= rtt && now - before.at < FLOOR_FOR) return before;
  return { rtt, at: now };
}
