/**
 * Invitations to a room that nobody enters without one: a host says for how long and for how many, and gets a link that
 * can be taken back.
 */

import { part, stamp } from './dom.js';
import { invitation } from './invite.js';
import { localise } from './words.js';

/** @typedef {import('../call/call.js').Call} Call */

/**
 * @param {Call} call
 * @param {AbortSignal} signal  the end of the call
 * @returns {HTMLElement}
 */
export function inviting(call, signal) {
  const view = stamp('inviting');
  localise(view);
  const made = part(view, 'made');
  const back = part(view, 'back');
  part(view, 'guest').hidden = call.door.host;
  part(view, 'form').hidden = !call.door.host;
  let current = '';
  part(view, 'form').addEventListener('submit', (event) => {
    event.preventDefault();
    const seconds = Number(part(view, 'seconds', HTMLSelectElement).value);
    const once = part(view, 'once', HTMLInputElement).checked;
    call.door.invite({ role: 'guest', ...(seconds && { seconds }), ...(once && { uses: 1 }) });
  });
  call.addEventListener('invited', (event) => {
    current = /** @type {CustomEvent} */ (event).detail.invitation;
    made.replaceChildren(invitation(call.room, current));
    back.hidden = false;
  }, { signal });
  back.addEventListener('click', () => call.door.revoke(current));
  call.addEventListener('revoked', () => {
    made.replaceChildren();
    back.hidden = true;
    part(view, 'taken').hidden = false;
  }, { signal });
  return view;
}
