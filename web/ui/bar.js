/**
 * The bar of a call: its buttons shown as they are, and the sheet that holds the rarer ones on a small screen.
 */

import { showSwitch } from './controls.js';
import { part } from './dom.js';
import { t } from './words.js';

export class Bar {
  /**
   * @param {HTMLElement} view  the room
   * @param {Record<'microphone' | 'camera' | 'screen' | 'chat' | 'file' | 'invite' | 'settings' | 'leave', () => void>} actions
   * @param {AbortSignal} signal
   */
  constructor(view, actions, signal) {
    this.view = view;
    for (const [name, run] of Object.entries(actions)) {
      part(view, name).addEventListener('click', () => {
        this.#openMore(false);
        run();
      });
    }
    for (const name of ['microphone', 'camera']) part(view, name).classList.add('off-is-red');
    part(view, 'screen').classList.add('on-is-lit');
    part(view, 'more').addEventListener('click', () => this.#openMore(!this.#moreIsOpen));
    document.addEventListener('click', (event) => {
      if (event.target instanceof Element && !event.target.closest('.bar-group')) this.#openMore(false);
    }, { signal });
    part(view, 'bar').addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !this.#moreIsOpen) return;
      this.#openMore(false);
      part(view, 'more').focus();
    });
  }

  /** @param {import('../call/media.js').Media} media */
  showMedia(media) {
    showSwitch(part(this.view, 'microphone'), 'mic', media.microphone.on);
    showSwitch(part(this.view, 'camera'), 'camera', media.camera.on);
    const screen = part(this.view, 'screen');
    screen.setAttribute('aria-pressed', String(media.screen.on));
    screen.setAttribute('aria-disabled', String(!media.canShareScreen));
  }

  /**
   * @param {boolean} chatOpen
   * @param {number} unread
   */
  showPanel(chatOpen, unread) {
    part(this.view, 'chat').setAttribute('aria-expanded', String(chatOpen));
    if (unread > 0) part(this.view, 'chat').setAttribute('aria-description', t('chat.unread', { n: unread }));
    else part(this.view, 'chat').removeAttribute('aria-description');
    const badge = part(this.view, 'unread');
    badge.hidden = unread === 0;
    badge.textContent = unread > 99 ? '99+' : String(unread);
  }

  get #moreIsOpen() {
    return part(this.view, 'more').getAttribute('aria-expanded') === 'true';
  }

  /** @param {boolean} open */
  #openMore(open) {
    part(this.view, 'more').setAttribute('aria-expanded', String(open));
    part(this.view, 'more-sheet').classList.toggle('open', open);
  }
}
