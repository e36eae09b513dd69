/**
 * Asks for a room's password.
 */

import { openDialog } from './dialog.js';
import { part, stamp } from './dom.js';
import { localise, say } from './words.js';

/**
 * @param {boolean} wrong  the last one was
 * @returns {Promise<string | null>} null: the person thought better of it
 */
export function askPassword(wrong) {
  const body = stamp('password');
  localise(body);
  const field = part(body, 'field', HTMLInputElement);
  say(part(body, 'words'), wrong ? 'problems.password-wrong.help' : 'problems.password-needed.help');
  return new Promise((resolve) => {
    const dialog = openDialog(wrong ? 'problems.password-wrong' : 'problems.password-needed', body, { onClose: () => resolve(null) });
    body.addEventListener('submit', (event) => {
      event.preventDefault();
      if (!field.value) return;
      resolve(field.value);
      dialog.close();
    });
    field.focus();
  });
}
