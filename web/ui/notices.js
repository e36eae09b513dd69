/**
 * Problems in plain words, in the place where they matter: what happened, what to do, and a button to try again.
 */

import { part, stamp } from './dom.js';
import { canRetry, isElsewhere, isNetwork, problemKeys } from './help.js';
import { copy } from './invite.js';
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

/**
 * The devices' problems, both refused at once said once.
 * @param {import('../call/media.js').Media} media
 * @returns {Notice[]}
 */
export function deviceProblems(media) {
  const kinds = /** @type {const} */ (['microphone', 'camera']);
  const codes = kinds.map((kind) => media[kind].problem?.code);
  /** @param {'microphone' | 'camera'} kind */
  const again = (kind) => (kind === 'camera' ? media.setCamera(true) : media.setMicrophone(true));
  const both = () => {
    media.microphone.on = true; // one question for both, not two
    media.setCamera(true);
  };
  if (codes[0] === 'microphone-denied' && codes[1] === 'camera-denied') return [{ code: 'devices-denied', retry: both }];
  if (codes[0] === 'microphone-missing' && codes[1] === 'camera-missing') return [{ code: 'devices-missing', retry: both }];
  const found = kinds.flatMap((kind) => {
    const code = media[kind].problem?.code;
    return code ? [{ code, retry: () => again(kind) }] : [];
  });
  return found.length === 2 && found[0].code === found[1].code ? [found[0]] : found;
}

/** @param {Notice} problem */
function notice({ code, retry, dismiss }) {
  const element = stamp('notice');
  localise(element);
  element.setAttribute('data-problem', code);
  const { title, help } = problemKeys(code);
  say(part(element, 'title'), title);
  say(part(element, 'help'), help);
  part(element, 'test').hidden = !isNetwork(code);
  const button = part(element, 'retry', HTMLButtonElement);
  if (retry && canRetry(code)) button.addEventListener('click', retry);
  else button.remove();
  // Out of another program's browser leads only the link itself.
  const link = part(element, 'copy');
  link.hidden = !isElsewhere(help);
  link.addEventListener('click', () => copy(location.href, part(element, 'copy-words'), 'invite.copy'));
  if (dismiss) part(element, 'dismiss').addEventListener('click', dismiss);
  else part(element, 'dismiss').remove();
  return element;
}
