/**
 * The language of this page: loads a table, and says things in it. What is said through `say` and `label`
 * remembers its key, so a change of language rewrites the page in place.
 */

import { pickLanguage, translate } from './i18n.js';

/** @typedef {import('./i18n.js').Holes} Holes */

/** Each language is called by its own name, so that whoever reads it finds it. A new one: one line and one file. */
export const LANGUAGES = Object.freeze({ en: 'English', 'zh-CN': '中文' });

let language = 'en';
/** @type {import('./i18n.js').Table} */
let table = {};

/** The language in use, as a BCP 47 tag for `Intl`. */
export function currentLanguage() {
  return language;
}

/**
 * Loads `choice`, or for 'auto' what the browser asks for among `offered`, and rewrites the page in it.
 * @param {string} choice
 * @param {readonly string[]} offered  the languages this server offers; unknown ones are ignored
 * @returns {Promise<void>}
 */
export async function useLanguage(choice, offered) {
  const known = offered.filter((tag) => tag in LANGUAGES);
  const tags = known.length > 0 ? known : Object.keys(LANGUAGES);
  const wanted = pickLanguage(tags, choice === 'auto' ? navigator.languages : [choice]);
  const answer = await fetch(new URL(`../locales/${wanted}.json`, import.meta.url));
  table = await answer.json();
  language = wanted;
  document.documentElement.lang = wanted;
  localise(document);
}

/**
 * @param {string} key
 * @param {Holes} [holes]
 */
export function t(key, holes) {
  return translate(table, language, key, holes);
}

/** Whether the table has this text: problems carry codes the page may not know yet. @param {string} key */
export function knows(key) {
  return key in table;
}

/**
 * Writes a text into an element and remembers how.
 * @param {Element} element
 * @param {string} key
 * @param {Holes} [holes]
 */
export function say(element, key, holes) {
  remember(element, 't', key, holes);
  const text = t(key, holes);
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Gives an element its accessible name and remembers how.
 * @param {Element} element
 * @param {string} key
 * @param {Holes} [holes]
 */
export function label(element, key, holes) {
  remember(element, 't-label', key, holes);
  element.setAttribute('aria-label', t(key, holes));
}

/**
 * Writes everything marked `data-t` (text), `data-t-label` (aria-label), `data-t-hint` (placeholder) and
 * `data-t-tip` (title) inside `root`, templates not included: they are written when stamped.
 * @param {ParentNode} root
 */
export function localise(root) {
  for (const [mark, write] of MARKS) {
    for (const element of root.querySelectorAll(`[data-${mark}]`)) {
      const holes = element.getAttribute(`data-${mark}-holes`);
      write(element, t(element.getAttribute(`data-${mark}`) ?? '', holes ? JSON.parse(holes) : undefined));
    }
  }
}

/** @type {[string, (element: Element, text: string) => void][]} */
const MARKS = [
  ['t', (element, text) => { element.textContent = text; }],
  ['t-label', (element, text) => element.setAttribute('aria-label', text)],
  ['t-hint', (element, text) => element.setAttribute('placeholder', text)],
  ['t-tip', (element, text) => element.setAttribute('title', text)],
];

/**
 * @param {Element} element
 * @param {string} mark
 * @param {string} key
 * @param {Holes} [holes]
 */
function remember(element, mark, key, holes) {
  element.setAttribute(`data-${mark}`, key);
  if (holes) element.setAttribute(`data-${mark}-holes`, JSON.stringify(holes));
  else element.removeAttribute(`data-${mark}-holes`);
}
