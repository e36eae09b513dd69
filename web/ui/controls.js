/**
 * Controls that more than one view shows: a switch with its icon, the list of languages.
 */

import { setIcon } from './dom.js';
import { LANGUAGES, currentLanguage } from './words.js';

/**
 * Microphone and camera: pressed is on, and the icon is struck through when off.
 * @param {HTMLElement} button
 * @param {'mic' | 'camera'} icon
 * @param {boolean} on
 */
export function showSwitch(button, icon, on) {
  button.setAttribute('aria-pressed', String(on));
  setIcon(button, on ? icon : `${icon}-off`);
}

/**
 * @param {HTMLSelectElement} list
 * @param {{ settings: import('../call/settings.js').Settings, setLanguage: (language: string) => unknown }} face
 */
export function languageList(list, face) {
  const offered = Object.entries(LANGUAGES).filter(([tag]) => face.settings.languages.includes(tag));
  list.replaceChildren(...offered.map(([tag, name]) => new Option(name, tag)));
  for (const option of list.options) option.lang = option.value;
  list.value = currentLanguage();
  list.addEventListener('change', () => face.setLanguage(list.value));
}
