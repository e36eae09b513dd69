/**
 * Keys in a call. Single keys can be switched off (WCAG 2.1.4) and never act while somebody types or a sheet is open.
 */

import { takesKeys } from './dom.js';

/** @typedef {'microphone' | 'camera' | 'screen' | 'board' | 'chat' | 'files' | 'invite' | 'settings' | 'hand' | 'layout' | 'pip' | 'keys' | 'talk'} Action */

/** @type {readonly {key: string, shown: string, action: Action, words: string}[]} */
export const SHORTCUTS = Object.freeze([
  { key: 'm', shown: 'M', action: 'microphone', words: 'keys.microphone' },
  { key: 'v', shown: 'V', action: 'camera', words: 'keys.camera' },
  { key: 's', shown: 'S', action: 'screen', words: 'keys.screen' },
  { key: 'w', shown: 'W', action: 'board', words: 'keys.board' },
  { key: 'h', shown: 'H', action: 'hand', words: 'keys.hand' },
  { key: 'c', shown: 'C', action: 'chat', words: 'keys.chat' },
  { key: 'f', shown: 'F', action: 'files', words: 'keys.files' },
  { key: 'i', shown: 'I', action: 'invite', words: 'keys.invite' },
  { key: 'l', shown: 'L', action: 'layout', words: 'keys.layout' },
  { key: 'p', shown: 'P', action: 'pip', words: 'keys.pip' },
  { key: ',', shown: ',', action: 'settings', words: 'keys.settings' },
  { key: ' ', shown: '␣', action: 'talk', words: 'keys.talk' },
  { key: '?', shown: '?', action: 'keys', words: 'keys.keys' },
]);

/**
 * @param {Record<Action, () => void> & {talkEnd: () => void}} run
 * @param {{enabled: () => boolean, signal: AbortSignal}} how
 */
export function listenForKeys(run, { enabled, signal }) {
  let talking = false;
  const stopTalking = () => {
    if (talking) run.talkEnd();
    talking = false;
  };
  document.addEventListener('keydown', (event) => {
    if (!enabled() || event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (takesKeys(event.target) || document.querySelector('dialog[open]')) return;
    const found = SHORTCUTS.find(({ key }) => key === event.key.toLowerCase());
    // Space presses the button that has the focus; that meaning is older.
    if (!found || (found.action === 'talk' && isControl(event.target))) return;
    event.preventDefault();
    if (found.action === 'talk') talking = true;
    run[found.action]();
  }, { signal });
  document.addEventListener('keyup', (event) => {
    if (event.key === ' ') stopTalking();
  }, { signal });
  // The key may come up in another window.
  window.addEventListener('blur', stopTalking, { signal });
}

/** @param {EventTarget | null} target */
function isControl(target) {
  return target instanceof Element && target.closest('button, a, summary, [role="tab"], [tabindex="0"]') !== null;
}
