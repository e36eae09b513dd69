/**
 * How much this line carries, down and up, measured against the server itself over HTTP: a small piece tells how large the
 * next one has to be. An upper bound for a call, which goes by UDP where it can.
 */
import { Problem } from '../call/problem.js';

/** The server's limit for one piece, bytes. */
const MOST = 4 << 20;
const FIRST = 64 << 10;
/** A piece that takes this long is past slow start, ms. */
const WANTED = 2_000;
/** `crypto.getRandomValues` gives no more at once. */
const RANDOM_AT_ONCE = 65_536;

/** @typedef {(bytes: number) => Promise<void>} Carry */

/**
 * @param {'down' | 'up'} direction
 * @param {import('../call/clock.js').Clock} clock
 * @param {typeof fetch} [ask]
 * @returns {Promise<number>} bit/s
 * @throws {Problem} 'too-fast' when asked too often, 'no-connection' when there is no answer
 */
export async function rate(direction, clock, ask = globalThis.fetch) {
  const carry = direction === 'down' ? downBy(ask) : upBy(ask);
  const first = await timed(carry, FIRST, clock);
  const size = Math.min(MOST, Math.round((FIRST * WANTED) / first));
  const ms = size > FIRST ? await timed(carry, size, clock) : first;
  return (Math.max(size, FIRST) * 8 * 1000) / ms;
}

/**
 * @param {Carry} carry
 * @param {number} size
 * @param {import('../call/clock.js').Clock} clock
 * @returns {Promise<number>} ms, at least 1
 */
async function timed(carry, size, clock) {
  const started = clock.now();
  await carry(size);
  return Math.max(1, clock.now() - started);
}

/** @param {typeof fetch} ask @returns {Carry} */
function downBy(ask) {
  return async (size) => {
    const answer = await answered(ask(`/test/bytes?size=${size}`, { cache: 'no-store' }));
    await answer.arrayBuffer();
  };
}

/** @param {typeof fetch} ask @returns {Carry} */
function upBy(ask) {
  return async (size) => {
    await answered(ask('/test/bytes', { method: 'POST', body: incompressible(size) }));
  };
}

/** @param {Promise<Response>} asked */
async function answered(asked) {
  const answer = await asked.catch((cause) => { throw new Problem('no-connection', cause); });
  if (answer.status === 429) throw new Problem('too-fast');
  if (!answer.ok) throw new Problem('no-connection', answer.status);
  return answer;
}

/** @param {number} size */
function incompressible(size) {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += RANDOM_AT_ONCE) crypto.getRandomValues(bytes.subarray(at, Math.min(size, at + RANDOM_AT_ONCE)));
  return bytes;
}
