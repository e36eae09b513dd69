// The page's own words, so that a scenario names what is said and not how it is put.

import { readFileSync } from 'node:fs';

/** @param {string} language a file of `web/locales/` */
export function wordsIn(language) {
  const table = JSON.parse(readFileSync(new URL(`../../../web/locales/${language}.json`, import.meta.url), 'utf8'));
  return (key, holes = {}) => {
    if (!(key in table)) throw new Error(`web/locales/${language}.json has no '${key}'`);
    return table[key].replaceAll(/\{(\w+)\}/g, (_, name) => holes[name]);
  };
}

/** In English, the language of the suite. */
export const words = wordsIn('en');
