/**
 * Where an incoming file will be kept, decided when it is accepted. The browser's own disk comes first, because only there
 * it survives a reload of the page; what it has no room for goes straight to a file the person chooses (Chromium), else
 * straight into the browser's downloads, and what only memory is left for must be small.
 *
 * @typedef {{ estimate?(): Promise<{ quota?: number, usage?: number }>, persist?(): Promise<boolean>, getDirectory?(): Promise<unknown> }} Storage
 * @typedef {(options: { suggestedName: string }) => Promise<FileSystemFileHandle>} Picker
 * @typedef {(what: { name: string, size: number }) => Promise<Download | null>} Prepare
 *
 * @typedef {{ kind: 'shelf' } | { kind: 'chosen', handle: FileSystemFileHandle } | { kind: 'memory' }} PlainPlace  'shelf': the
 *   browser's own disk; for what fits into memory whatever there is
 * @typedef {PlainPlace | { kind: 'downloads', download: Download }} Place
 */
import { Problem } from '../problem.js';
import { Download } from './download.js';

/** Without a disk: more than this and the tab may be killed, call and all. */
export const MEMORY_LIMIT = 256 << 20;
/** A browser refuses writes shortly before its quota; leave it this much. */
const QUOTA_MARGIN = 16 << 20;
/** @type {Place} */
const SHELF = Object.freeze({ kind: 'shelf' });

/**
 * @param {{ name: string, size: number }} what
 * @param {{ storage?: Storage, pick?: Picker, prepare?: Prepare }} [browser]
 * @returns {Promise<Place | null>} null: the person was asked for a place, and thought better of it
 * @throws {Problem} 'file-too-large' when there is no such place
 */
export async function choosePlace({ name, size }, browser = ofThisPage()) {
  const { storage, pick, prepare } = browser;
  if (size <= QUOTA_MARGIN || await hasRoom(storage, size)) return SHELF;
  if (pick) return pick({ suggestedName: name }).then((handle) => ({ kind: 'chosen', handle }), () => null);
  // Firefox gives far more to a page that may keep its data.
  await storage?.persist?.().catch(() => {});
  if (await hasRoom(storage, size)) return SHELF;
  const download = await prepare?.({ name, size });
  if (download) return { kind: 'downloads', download };
  if (size <= MEMORY_LIMIT) return { kind: 'memory' };
  throw new Problem('file-too-large');
}

/**
 * @param {Storage | undefined} storage
 * @param {number} size
 */
async function hasRoom(storage, size) {
  try {
    await storage?.getDirectory?.();
  } catch {
    return false; // a private window of some browsers
  }
  if (!storage?.getDirectory) return false;
  /** @type {{ quota?: number, usage?: number }} */
  const { quota = Infinity, usage = 0 } = await storage.estimate?.().catch(() => ({})) ?? {};
  return size <= quota - usage - QUOTA_MARGIN;
}

/** @returns {{ storage?: Storage, pick?: Picker, prepare: Prepare }} */
function ofThisPage() {
  const page = /** @type {any} */ (globalThis);
  return { storage: page.navigator?.storage, pick: page.showSaveFilePicker?.bind(page), prepare: (what) => Download.prepare(what) };
}
