/**
 * A modal sheet with a heading and a body: the browser's own <dialog> keeps the focus inside and brings it back.
 */

import { part, stamp } from './dom.js';
import { localise, say } from './words.js';

/**
 * @param {string} title  a key
 * @param {HTMLElement} body
 * @param {{onClose?: () => void, holes?: import('./i18n.js').Holes}} [options]
 * @returns {HTMLDialogElement}
 */
export function openDialog(title, body, { onClose, holes } = {}) {
  const dialog = /** @type {HTMLDialogElement} */ (stamp('dialog'));
  localise(dialog);
  say(part(dialog, 'title'), title, holes);
  part(dialog, 'body').append(body);
  part(dialog, 'close').addEventListener('click', () => dialog.close());
  // A click on the backdrop arrives at the dialog itself; one inside arrives at what it hit.
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener('close', () => {
    dialog.remove();
    onClose?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
