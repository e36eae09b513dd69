/**
 * A question with one risky answer, in a sheet of its own.
 */

import { openDialog } from './dialog.js';
import { make } from './dom.js';
import { say } from './words.js';

/**
 * @param {string} title  keys of texts
 * @param {string} text
 * @param {string} yes    what the risky button says
 * @returns {Promise<boolean>} false also when the sheet is closed
 */
export function ask(title, text, yes) {
  return new Promise((resolve) => {
    const body = make('div', 'question');
    const words = make('p', 'soft');
    say(words, text);
    const actions = make('div', 'question-actions');
    body.append(words, actions);
    const dialog = openDialog(title, body, { onClose: () => resolve(false) });
    const answers = /** @type {const} */ ([['ask.cancel', false], [yes, true]]);
    actions.append(...answers.map(([key, answer]) => {
      const button = make('button', answer ? 'button danger' : 'button');
      button.setAttribute('type', 'button');
      say(button, key);
      button.addEventListener('click', () => {
        resolve(answer);
        dialog.close();
      });
      return button;
    }));
  });
}
