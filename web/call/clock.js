/**
 * Time for everything in `call/`, so that tests can let an hour pass in one line. Monotonic for durations, unix for
 * what people and other machines read. Leaves out: dates and formatting (the page's `ui/` does those).
 *
 * @typedef {object} Clock
 * @property {() => number} now      monotonic milliseconds
 * @property {() => number} unix     milliseconds since 1970
 * @property {() => number} random   a number in [0, 1)
 * @property {(ms: number, run: () => void) => (() => void)} after   runs once; the result calls it off
 * @property {(ms: number, run: () => void) => (() => void)} every   runs again and again; the result calls it off
 */

/** @type {Clock} */
export const systemClock = {
  now: () => performance.now(),
  unix: () => Date.now(),
  random: () => Math.random(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  every(ms, run) {
    const timer = setInterval(run, ms);
    return () => clearInterval(timer);
  },
};
