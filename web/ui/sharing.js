/**
 * What one shows beside the camera: the screen, or a video file, and the banner that says so. Where a browser cannot
 * share the screen, it says that and offers what it can.
 */

import { openDialog } from './dialog.js';
import { part, stamp } from './dom.js';
import { toast } from './toasts.js';
import { localise, say } from './words.js';

/** @typedef {import('../call/media.js').Media} Media */

export class Sharing {
  /**
   * @param {HTMLElement} room
   * @param {Media} media
   * @param {{openBoard: () => void, signal: AbortSignal}} how
   */
  constructor(room, media, { openBoard, signal }) {
    this.room = room;
    this.media = media;
    this.openBoard = openBoard;
    /** @type {import('./play.js').Playing | null} */
    this.playing = null;
    this.hint = part(room, 'hint', HTMLSelectElement);
    this.hint.addEventListener('change', () => media.setScreenHint(/** @type {import('../call/media.js').ScreenHint} */ (this.hint.value)));
    part(room, 'stop-sharing').addEventListener('click', () => media.stopScreen());
    part(room, 'pause').addEventListener('click', () => this.#showPaused(!this.playing?.toggle()));
    const chooser = part(room, 'film-chooser', HTMLInputElement);
    chooser.addEventListener('change', () => {
      const [film] = chooser.files ?? [];
      chooser.value = '';
      if (film) this.#play(film);
    });
    signal.addEventListener('abort', () => this.playing?.stop());
  }

  /** The button of the bar. */
  toggle() {
    const { media } = this;
    if (media.screen.on) media.stopScreen();
    else if (media.canShareScreen) media.shareScreen();
    else this.#offerOthers();
  }

  chooseFilm() {
    part(this.room, 'film-chooser', HTMLInputElement).click();
  }

  show() {
    const { media } = this;
    part(this.room, 'sharing').hidden = !media.screen.on;
    say(part(this.room, 'sharing-words'), this.playing ? 'share.playing' : 'room.sharing');
    part(this.room, 'pause').hidden = this.playing === null;
    part(this.room, 'hint-field').hidden = this.playing !== null;
    this.hint.value = media.screenHint;
  }

  /** Phones mostly cannot: what they can instead. */
  #offerOthers() {
    const body = stamp('share-others');
    localise(body);
    const dialog = openDialog('share.title', body);
    const offers = { board: this.openBoard, film: () => this.chooseFilm() };
    for (const [name, run] of Object.entries(offers)) {
      part(body, name).addEventListener('click', () => {
        dialog.close();
        run();
      });
    }
  }

  /** @param {File} film */
  async #play(film) {
    const { playFile } = await import('./play.js');
    try {
      this.playing = await playFile(this.media, film, () => {
        this.playing = null;
        this.show();
      });
      this.#showPaused(false);
      this.show();
    } catch {
      toast('share.unplayable', { file: film.name });
    }
  }

  /** @param {boolean} paused */
  #showPaused(paused) {
    say(part(this.room, 'pause'), paused ? 'share.go-on' : 'share.pause');
  }
}
