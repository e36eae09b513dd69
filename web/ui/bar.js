/**
 * The bar of a call: its buttons shown as they are, the sheet that holds the rarer ones on a small screen, and the one
 * with the signs.
 */

import { SIGNS } from '../call/gestures.js';
import { showSwitch } from './controls.js';
import { make, part, setIcon } from './dom.js';
import { t } from './words.js';

/** @typedef {'microphone' | 'camera' | 'screen' | 'board' | 'chat' | 'file' | 'invite' | 'settings' | 'leave' | 'hand'} Button */

export class Bar {
  /**
   * @param {HTMLElement} view  the room
   * @param {Record<Button, () => void> & {react: (sign: string) => void}} actions
   * @param {AbortSignal} signal
   */
  constructor(view, { react, ...actions }, signal) {
    this.view = view;
    this.sheets = { more: part(view, 'more-sheet'), react: part(view, 'react-sheet') };
    for (const [name, run] of Object.entries(actions)) {
      part(part(view, 'bar'), name).addEventListener('click', () => {
        this.#closeSheets();
        run();
      });
    }
    part(view, 'signs').append(...SIGNS.map((sign) => signButton(sign, () => react(sign))));
    for (const name of ['microphone', 'camera']) part(view, name).classList.add('off-is-red');
    for (const name of ['screen', 'board']) part(view, name).classList.add('on-is-lit');
    for (const name of /** @type {const} */ (['more', 'react'])) part(view, name).addEventListener('click', () => this.#open(name, !this.#isOpen(name)));
    document.addEventListener('click', (event) => {
      if (event.target instanceof Element && !event.target.closest('.bar-group')) this.#closeSheets();
    }, { signal });
    part(view, 'bar').addEventListener('keydown', (event) => {
      const open = /** @type {const} */ (['react', 'more']).find((name) => this.#isOpen(name));
      if (event.key !== 'Escape' || !open) return;
      this.#open(open, false);
      part(view, open).focus();
    });
  }

  /** @param {import('../call/media.js').Media} media */
  showMedia(media) {
    showSwitch(part(this.view, 'microphone'), 'mic', media.microphone.on);
    showSwitch(part(this.view, 'camera'), 'camera', media.camera.on);
    part(this.view, 'screen').setAttribute('aria-pressed', String(media.screen.on));
  }

  /** @param {import('../call/gestures.js').Gestures} gestures */
  showGestures({ hand, board }) {
    part(part(this.view, 'bar'), 'hand').setAttribute('aria-pressed', String(hand));
    part(this.view, 'board').setAttribute('aria-pressed', String(board));
    const react = part(this.view, 'react');
    react.classList.toggle('lit', hand);
    setIcon(react, hand ? 'hand' : 'react');
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

  /** @param {'more' | 'react'} name */
  #isOpen(name) {
    return part(this.view, name).getAttribute('aria-expanded') === 'true';
  }

  /**
   * @param {'more' | 'react'} name
   * @param {boolean} open
   */
  #open(name, open) {
    part(this.view, name).setAttribute('aria-expanded', String(open));
    this.sheets[name].classList.toggle('open', open);
    if (open) this.sheets[name].querySelector('button')?.focus();
  }

  #closeSheets() {
    for (const name of /** @type {const} */ (['more', 'react'])) this.#open(name, false);
  }
}

/**
 * @param {string} sign
 * @param {() => void} run
 */
function signButton(sign, run) {
  const button = make('button', 'sign', sign);
  button.setAttribute('type', 'button');
  button.addEventListener('click', run);
  return button;
}
