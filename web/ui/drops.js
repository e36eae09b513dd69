/**
 * The ways a file gets into a call: the choosers for files and for a folder, a drop anywhere on the page, a paste.
 */

import { thingsFrom } from '../call/files/folders.js';
import { part } from './dom.js';

/** @typedef {import('../call/files/source.js').Thing} Thing */

/**
 * @param {HTMLElement} view  the room, with its choosers and its hint
 * @param {(things: Thing[]) => void} take
 * @param {AbortSignal} signal
 */
export function takeFiles(view, take, signal) {
  for (const name of ['chooser', 'folder-chooser']) {
    const chooser = part(view, name, HTMLInputElement);
    chooser.addEventListener('change', () => {
      take(thingsFrom(chooser.files ?? []));
      chooser.value = ''; // so that the same file can be chosen again
    });
  }
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
    void thingsDropped(event.dataTransfer?.items ?? []).then(take);
  });
  document.addEventListener('paste', (event) => take([...(event.clipboardData?.files ?? [])]), { signal });
}

/**
 * Folders are gone through to their last file.
 * @param {Iterable<DataTransferItem>} items good only until the drop's event is over
 * @returns {Promise<Thing[]>}
 */
async function thingsDropped(items) {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  return Promise.all(entries.map(async (entry) => {
    if (entry.isFile) return fileOf(entry);
    return { name: entry.name, files: await filesIn(entry, entry.name) };
  }));
}

/**
 * @param {FileSystemEntry} folder
 * @param {string} path
 * @returns {Promise<{ path: string, file: File }[]>}
 */
async function filesIn(folder, path) {
  const reader = /** @type {FileSystemDirectoryEntry} */ (folder).createReader();
  const found = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (some.length === 0) return found.flat(); // it hands out a hundred at a time
    found.push(...await Promise.all(some.map(async (entry) => {
      const inside = `${path}/${entry.name}`;
      return entry.isFile ? [{ path: inside, file: await fileOf(entry) }] : filesIn(entry, inside);
    })));
  }
}

/** @param {FileSystemEntry} entry @returns {Promise<File>} */
function fileOf(entry) {
  return new Promise((resolve, reject) => { /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject); });
}

/** @param {DragEvent} event */
function carriesFiles(event) {
  return event.dataTransfer?.types.includes('Files') ?? false;
}
