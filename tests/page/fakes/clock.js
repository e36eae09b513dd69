// Time in the hands of a test.

/** @implements {import('../../../web/call/clock.js').Clock} */
export class FakeClock {
  time = 0;
  #timers = new Set();

  now = () => this.time;
  unix = () => 1_795_366_800_000 + this.time;
  /** The middle of every range: what depends on it stays the same from run to run. */
  random = () => { this.drawn = ((this.drawn ?? 0.5) + 0.618) % 1; return this.drawn; };
  after = (ms, run) => this.#start({ at: this.time + ms, run });
  every = (ms, run) => this.#start({ at: this.time + ms, run, again: ms });

  /** Lets `ms` pass: each timer runs when it is due, and everything it set in motion comes to rest before the next. */
  async pass(ms) {
    const end = this.time + ms;
    await rest();
    for (let timer = this.#due(end); timer; timer = this.#due(end)) {
      this.time = Math.max(this.time, timer.at);
      if (timer.again) timer.at += timer.again;
      else this.#timers.delete(timer);
      timer.run();
      await rest();
    }
    this.time = end;
  }

  /** Lets time pass until `happened` answers true; fails after `limit` ms of it. @returns {Promise<number>} ms that passed */
  async until(happened, what, limit = 120_000) {
    const start = this.time;
    while (!happened()) {
      if (this.time - start >= limit) throw new Error(`${what} did not happen within ${limit} ms`);
      await this.pass(100);
    }
    return this.time - start;
  }

  #due(end) {
    return [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }

  #start(timer) {
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }
}

/** Promises settle in microtasks; a few turns of the loop let chains of them run out. */
export async function rest() {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((settled) => setImmediate(settled));
}
