/**
 * A whole view that says one thing: the room is full, you left, this browser is too old. Heading, sentence, actions.
 */

import { make, part, setIcon, stamp } from './dom.js';
import { say } from './words.js';

/** @typedef {{key: string, run?: () => void, href?: string, quiet?: boolean}} Action */
/**
 * @typedef {object} Message
 * @property {string} icon
 * @property {string} title  a key
 * @property {string} text   a key
 * @property {import('./i18n.js').Holes} [holes]
 * @property {Action[]} actions  the first is the main one, if it is not quiet
 */

/**
 * @param {Message} message
 * @returns {HTMLElement}
 */
export function messageView({ icon, title, text, holes, actions }) {
  const view = stamp('message');
  setIcon(part(view, 'icon', SVGElement), icon);
  say(part(view, 'title'), title, holes);
  say(part(view, 'text'), text, holes);
  part(view, 'actions').append(...actions.map(action));
  return view;
}

/**
 * @param {Action} action
 * @param {number} index
 */
function action({ key, run, href, quiet }, index) {
  const element = make(href ? 'a' : 'button', index === 0 && !quiet ? 'button primary' : 'button');
  if (href) element.setAttribute('href', href);
  else element.setAttribute('type', 'button');
  if (run) element.addEventListener('click', run);
  say(element, key);
  return element;
}
