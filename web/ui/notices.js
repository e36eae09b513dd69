/**
 * Problems in plain words, in the place where they matter: what happened, what to do, and a button to try again.
 */

import { part, stamp } from './dom.js';
import { canRetry, problemKeys } from './help.js';
import { localise, say } from './words.js';

/** @typedef {{code: string, retry?: () => void, dismiss?: () => void}} Notice */

/**
 * Shows each problem once; one that is already shown stays as it is, one that is over goes.
 * @param {HTMLElement} place
 * @param {Notice[]} problems
 */
export function showNotices(place, problems) {
  const wanted = new Map(problems.map((problem) => [problem.code, problem]));
  for (const shown of [...place.children]) {
    if (!wanted.delete(shown.getAttribute('data-problem') ?? '')) shown.remove();
  }
  for (const problem of wanted.values()) place.append(notice(problem));
}

/** @param {Notice} problem */
function notice({ code, retry, dismiss }) {
  const element = stamp('notice');
  localise(element);
  element.setAttribute('data-problem', code);
  const { title, help } = problemKeys(code);
  say(part(element, 'title'), title);
  say(part(element, 'help'), help);
  const button = part(element, 'retry', HTMLButtonElement);
  if (retry && canRetry(code)) button.addEventListener('click', retry);
  else button.remove();
  if (dismiss) part(element, 'dismiss').addEventListener('click', dismiss);
  else part(element, 'dismiss').remove();
  return element;
}
