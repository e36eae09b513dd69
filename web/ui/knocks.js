/**
 * Who waits to be let in, for hosts: a line with two buttons for each of them, above the pictures, and read out.
 */

import { part, stamp } from './dom.js';
import { label, localise, say } from './words.js';

/** @typedef {import('../call/call.js').Call} Call */

/**
 * Keeps the list true to the call, until the call ends.
 * @param {HTMLElement} place  a live region
 * @param {Call} call
 * @param {AbortSignal} signal
 */
export function showKnocks(place, call, signal) {
  const show = () => {
    const waiting = new Map(call.door.knocks);
    for (const line of [...place.children]) if (!waiting.delete(line.getAttribute('data-knock') ?? '')) line.remove();
    place.append(...[...waiting.values()].map((knock) => lineOf(knock, call)));
  };
  call.addEventListener('door', show, { signal });
  show();
}

/**
 * @param {import('../call/messages.js').Knock} knock
 * @param {Call} call
 */
function lineOf({ id, name }, call) {
  const line = stamp('knock');
  localise(line);
  line.setAttribute('data-knock', id);
  say(part(line, 'words'), 'knock.words', { name });
  for (const wish of /** @type {const} */ (['admit', 'decline'])) {
    const button = part(line, wish);
    label(button, `knock.${wish}.who`, { name });
    button.addEventListener('click', () => call.door.command(wish, id));
  }
  return line;
}
