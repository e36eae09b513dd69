/**
 * The settings sheet: devices, looks, language, privacy, keys. Every change takes effect at once.
 */

import { languageList } from './controls.js';
import { openDialog } from './dialog.js';
import { make, part, stamp } from './dom.js';
import { pickers } from './pickers.js';
import { remember, useTheme } from './prefs.js';
import { SHORTCUTS } from './shortcuts.js';
import { localise, say } from './words.js';

/** @typedef {import('./start.js').Face} Face */

/** @param {Face} face */
export function openSettings(face) {
  const { prefs, settings } = face;
  const ending = new AbortController();
  const body = stamp('settings');
  localise(body);
  part(body, 'pickers').append(pickers(face, ending.signal));
  themes(body, prefs);
  pictures(body, face);
  languageList(part(body, 'language', HTMLSelectElement), face);
  const relayOnly = part(body, 'relay-only', HTMLInputElement);
  relayOnly.checked = face.relayOnly();
  relayOnly.disabled = settings.relay_only; // the owner of the server wants it so
  relayOnly.addEventListener('change', () => face.setRelayOnly(relayOnly.checked));
  const shortcuts = part(body, 'shortcuts', HTMLInputElement);
  shortcuts.checked = prefs.shortcuts;
  shortcuts.addEventListener('change', () => remember(prefs, { shortcuts: shortcuts.checked }));
  part(body, 'keys').append(...keyList());
  say(part(body, 'version'), 'settings.version', { version: settings.version });
  part(body, 'version').hidden = !settings.version;
  openDialog('settings.title', body, { onClose: () => ending.abort() });
}

/** The list of keys alone, for `?`. */
export function openKeys() {
  const list = make('dl', 'keys');
  list.append(...keyList());
  openDialog('settings.keys', list);
}

function keyList() {
  return SHORTCUTS.flatMap(({ shown, words }) => {
    const term = make('dt', '');
    term.append(make('kbd', '', shown));
    const meaning = make('dd', '');
    say(meaning, words);
    return [term, meaning];
  });
}

/**
 * @param {HTMLElement} body
 * @param {Face} face
 */
function pictures(body, face) {
  for (const choice of part(body, 'pictures').querySelectorAll('input')) {
    choice.checked = choice.value === face.prefs.pictures;
    choice.addEventListener('change', () => face.setPictures(/** @type {import('../call/adapt.js').Preset} */ (choice.value)));
  }
}

/**
 * @param {HTMLElement} body
 * @param {import('./prefs.js').Prefs} prefs
 */
function themes(body, prefs) {
  for (const choice of part(body, 'themes').querySelectorAll('input')) {
    choice.checked = choice.value === prefs.theme;
    choice.addEventListener('change', () => {
      const theme = /** @type {import('./prefs.js').Prefs['theme']} */ (choice.value);
      remember(prefs, { theme });
      useTheme(theme);
    });
  }
}
