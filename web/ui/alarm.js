/**
 * The red bar: somebody may be in between. It cannot be closed, only left: nothing said from here on is safe.
 */

import { part } from './dom.js';
import { say } from './words.js';

/**
 * @param {HTMLElement} bar
 * @param {Iterable<import('../call/peer.js').Peer>} peers
 */
export function showAlarm(bar, peers) {
  const names = [...peers].filter(({ identity }) => identity.standing === 'forged').map(({ name }) => name);
  bar.hidden = names.length === 0;
  if (names.length > 0) say(part(bar, 'alarm-words'), 'alarm.words', { name: names.join(', ') });
}
