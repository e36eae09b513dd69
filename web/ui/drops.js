/**
 * The three ways a file gets into a call: the chooser, a drop anywhere on the page, a paste.
 */

import { part } from './dom.js';

/**
 * @param {HTMLElement} view  the room, with its chooser and its hint
 * @param {(files: File[]) => void} take
 * @param {AbortSignal} signal
 */
export function takeFiles(view, take, signal) {
  const chooser = part(view, 'chooser', HTMLInputElement);
  chooser.addEventListener('change', () => {
    take([...(chooser.files ?? [])]);
    chooser.value = ''; // so that the same file can be chosen again
  });
  const hint = part(view, 'drop-hint');
  view.addEventListener('dragover', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    hint.hidden = false;
  });
  view.addEventListener('dragleave', (event) => {
    if (!(event.relatedTarget instanceof Node) || !view.contains(event.relatedTarget)) hint.hidden = true;
  });
  view.addEventListener('drop', (event) => {
    hint.hidden = true;
    if (!carriesFiles(event)) return;
    event.preventDefault();
    take([...(event.dataTransfer?.files ?? [])]);
  });
  document.addEventListener('paste', (event) => take([...(event.clipboardData?.files ?? [])]), { signal });
}

/** @param {DragEvent} event */
function carriesFiles(event) {
  return event.dataTransfer?.types.includes('Files') ?? false;
}
