/**
 * How far one person is inside of a room, from the first word to the goodbye: what `join` promised, how long the server is
 * waited for, and when a page whose seat was lost asks again.
 */

import { Problem } from './problem.js';

/** @typedef {'idle' | 'joining' | 'waiting' | 'joined' | 'reconnecting' | 'full' | 'left' | 'failed'} CallState */
/**
 * @typedef {object} Hooks
 * @property {import('./clock.js').Clock} clock
 * @property {() => void} greet   asks the hub for a seat once more
 * @property {() => void} end     of the call, before it is told why
 * @property {(state: CallState, problem: Problem | null) => void} onchange
 */

/** Joining for the first time: after this the server counts as unreachable, and the person is told. */
const JOIN_PATIENCE = 10_000;
/** A seat was lost and the hub has none now, the room filled up perhaps: ask again, the call goes on meanwhile. */
const GREET_AGAIN = 5_000;

export class Stay {
  /** @type {CallState} */
  state = 'idle';
  /** @type {{ resolve: () => void, reject: (problem: Problem) => void } | null} until the first seat, or the word that there is none */
  #joining = null;
  #stopPatience = () => {};
  #stopAsking = () => {};

  /** @param {Hooks} hooks */
  constructor(hooks) {
    this.hooks = hooks;
  }

  /** Whether `join` is not settled yet. */
  get begins() {
    return this.#joining !== null;
  }

  /** @returns {Promise<void>} what `join` promises */
  begin() {
    this.become('joining');
    this.#stopPatience = this.hooks.clock.after(JOIN_PATIENCE, () => {
      if (this.state === 'joining') this.refuse(new Problem('no-connection'));
    });
    return new Promise((resolve, reject) => { this.#joining = { resolve, reject }; });
  }

  seated() {
    this.become('joined');
    this.#joining?.resolve();
    this.#joining = null;
  }

  /** The first `join` did not work out. @param {Problem} problem */
  refuse(problem) {
    const joining = this.#joining;
    this.hooks.end();
    this.become(problem.code === 'room-full' ? 'full' : 'failed', problem);
    joining?.reject(problem);
  }

  askLater() {
    this.#stopAsking();
    this.#stopAsking = this.hooks.clock.after(GREET_AGAIN, this.hooks.greet);
  }

  /** No promise is kept any more, and no clock runs. */
  stop() {
    this.#joining = null;
    this.#stopPatience();
    this.#stopAsking();
  }

  /**
   * @param {CallState} state
   * @param {Problem | null} [problem]
   */
  become(state, problem = null) {
    this.state = state;
    this.hooks.onchange(state, problem);
  }
}
