/**
 * The service worker, from the page's side: registered after the first view, and heard when it is a new one, which means
 * that the server was updated. A browser that refuses it (a certificate it does not trust, a private window) loses
 * nothing but the words offline.
 */

import { make } from './dom.js';
import { say } from './words.js';

const SCRIPT = '/sw.js';
/** The only address that this policy lets through. */
const door = /** @type {any} */ (globalThis).trustedTypes?.createPolicy('callbox-service', { createScriptURL: () => SCRIPT });

/** @returns {Promise<(() => void) | undefined>} asks for a newer version, here and at the server; undefined without a worker */
export async function install() {
  try {
    const registration = await navigator.serviceWorker?.register(door ? door.createScriptURL(SCRIPT) : SCRIPT);
    registration?.addEventListener('updatefound', () => tellWhenReady(registration.installing));
    return registration && (() => {
      registration.waiting?.postMessage({ type: 'take-over' }); // it waited for a download
      registration.update().catch(() => {});
    });
  } catch {
    return undefined;
  }
}

/** @param {ServiceWorker | null} newcomer */
function tellWhenReady(newcomer) {
  // The first worker of all is no update.
  if (!navigator.serviceWorker.controller) return;
  newcomer?.addEventListener('statechange', () => {
    if (newcomer.state === 'activated') offerReload();
  });
}

/** Stays until it is answered: nobody is torn out of a call. */
function offerReload() {
  const place = document.getElementById('toasts');
  if (!place || place.querySelector('.update')) return;
  const message = make('div', 'toast update');
  const words = make('span', '');
  say(words, 'update.ready');
  message.append(words, button('update.reload', () => location.reload()), button('update.later', () => message.remove()));
  place.append(message);
}

/**
 * @param {string} key
 * @param {() => void} run
 */
function button(key, run) {
  const element = make('button', 'button small');
  element.setAttribute('type', 'button');
  say(element, key);
  element.addEventListener('click', run);
  return element;
}
