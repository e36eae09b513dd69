/**
 * How the call is looked at: everybody alike or the speaker large, the whole screen, a small window on top of others.
 * What a browser cannot do has no button.
 */

import { part, setIcon } from './dom.js';
import { toast } from './toasts.js';

/** @typedef {import('./stage.js').Stage} Stage */

export class ViewTools {
  /**
   * @param {HTMLElement} room
   * @param {{stage: Stage, prefs: import('./prefs.js').Prefs, openPip: () => Promise<void>}} what
   * @param {AbortSignal} signal  the end of the call
   */
  constructor(room, { stage, prefs, openPip }, signal) {
    this.room = room;
    this.stage = stage;
    this.prefs = prefs;
    this.openPip = openPip;
    part(room, 'layout').addEventListener('click', () => this.toggleLayout());
    part(room, 'pip').addEventListener('click', () => this.togglePip());
    part(room, 'full-screen').addEventListener('click', () => this.#toggleFullScreen());
    part(room, 'pip').hidden = !canPip();
    part(room, 'full-screen').hidden = !document.fullscreenEnabled;
    document.addEventListener('fullscreenchange', () => this.#show(), { signal });
    signal.addEventListener('abort', () => { if (document.fullscreenElement) document.exitFullscreen(); });
    this.#show();
  }

  toggleLayout() {
    this.stage.setLayout(this.prefs.layout === 'speaker' ? 'grid' : 'speaker');
    this.#show();
  }

  togglePip() {
    if (canPip()) this.openPip().catch(() => toast('view.pip-failed'));
  }

  #toggleFullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen().catch(() => {}); // refused: the window stays as it is
  }

  #show() {
    part(this.room, 'layout').setAttribute('aria-pressed', String(this.prefs.layout === 'speaker'));
    const full = document.fullscreenElement !== null;
    part(this.room, 'full-screen').setAttribute('aria-pressed', String(full));
    setIcon(part(this.room, 'full-screen'), full ? 'shrink' : 'expand');
  }
}

function canPip() {
  return 'documentPictureInPicture' in window || document.pictureInPictureEnabled === true;
}
