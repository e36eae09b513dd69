/**
 * Small messages that pass: seen for a few seconds and read out, because their place in the page is a live region.
 */

import { make } from './dom.js';
import { t } from './words.js';

/** Long enough to read two lines at an easy pace. */
const SHOWN_FOR = 5000;
/** More at once would be a wall. */
const AT_ONCE = 3;

/**
 * @param {string} key
 * @param {import('./i18n.js').Holes} [holes]
 */
export function toast(key, holes) {
  const place = document.getElementById('toasts');
  if (!place) return;
  while (place.children.length >= AT_ONCE) place.firstElementChild?.remove();
  const message = make('p', 'toast');
  message.append(make('span', 'toast-words', t(key, holes)));
  place.append(message);
  setTimeout(() => message.remove(), SHOWN_FOR);
}

/**
 * Until the end they stand below what else is said at the top: no toast covers a button.
 * @param {Element} above
 * @param {AbortSignal} end
 */
export function toastsBelow(above, end) {
  const { style } = document.documentElement;
  const watcher = new ResizeObserver(() => style.setProperty('--above-toasts', `${above.getBoundingClientRect().height}px`));
  watcher.observe(above);
  end.addEventListener('abort', () => {
    watcher.disconnect();
    style.removeProperty('--above-toasts');
  });
}

/**
 * Only read out: what the page shows in its own way.
 * @param {string} key
 * @param {import('./i18n.js').Holes} [holes]
 */
export function announce(key, holes) {
  const place = document.getElementById('said');
  if (place) place.textContent = t(key, holes);
}
