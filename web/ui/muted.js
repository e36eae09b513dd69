/**
 * Notices somebody who speaks while muted, and says so beside the microphone. Listens to a copy of the muted track that
 * nobody is sent.
 */

import { Meter, VOICE } from './meter.js';
import { say } from './words.js';

/** Three loud looks within a few seconds are speech; a door that bangs is not. */
const ENOUGH = 2.5;
const KEEPS = 0.98;
const SHOWN_FOR = 6000;

export class MutedHint {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    this.meter = new Meter();
    /** @type {MediaStreamTrack | null} */
    this.track = null;
    /** @type {MediaStreamTrack | null} */
    this.copy = null;
    this.loud = 0;
    this.until = 0;
  }

  /** Ten times a second. @param {import('../call/media.js').Source} microphone */
  look({ on, track }) {
    if (on || track !== this.track) this.#forget();
    if (on || !track) return;
    if (!this.copy) {
      this.track = track;
      this.copy = track.clone();
      this.copy.enabled = true;
    }
    this.loud = this.loud * KEEPS + (this.meter.level(this.copy) > VOICE ? 1 : 0);
    if (this.loud >= ENOUGH) this.#show();
    else if (this.until && performance.now() > this.until) this.#hide();
  }

  end() {
    this.#forget();
    this.meter.end();
  }

  #show() {
    this.loud = 0;
    this.until = performance.now() + SHOWN_FOR;
    say(this.place, 'muted.hint');
  }

  #hide() {
    this.until = 0;
    this.place.textContent = '';
  }

  #forget() {
    if (this.until) this.#hide();
    this.copy?.stop();
    this.copy = this.track = null;
    this.loud = 0;
  }
}
