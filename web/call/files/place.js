/**
 * Where an incoming file will be kept, decided when it is accepted. The browser's own disk comes first, because only there
 * it survives a reload of the page; what it has no room for goes straight to a file the person chooses (Chromium), and
 * what only memory is left for must be small.
 *
 * @typedef {{ estimate?(): Promise<{ quota?: number, usage?: number }>, persist?(): Promise<boolean>, getDirectory?: unknown }} Storage
 * @typedef {(options: { suggestedName: string }) => Promise<FileSystemFileHandle>} Picker
 */
import { Problem } from '../problem.js';

/** Without a disk: more than this and the tab may be killed, call and all. */
export const MEMORY_LIMIT = 256 << 20;
/** A browser refuses writes shortly before its quota; leave it this much. */
const QUOTA_MARGIN = 16 << 20;
const SHELF = Object.freeze({ handle: null });

/**
 * @param {{ name: string, size: number }} what
 * @param {{ storage?: Storage, pick?: Picker }} [browser]
 * @returns {Promise<{ handle: FileSystemFileHandle | null } | null>} no handle: on the browser's own shelf; null: the person was
 *   asked for a place, and thought better of it
 * @throws {Problem} 'file-too-large' when there is no such place
 */
export async function choosePlace({ name, size }, browser = ofThisPage()) {
  const { storage, pick } = browser;
  if (await hasRoom(storage, size)) return SHELF;
  if (pick) return pick({ suggestedName: name }).then((handle) => ({ handle }), () => null);
  // Firefox gives far more to a page that may keep its data.
  await storage?.persist?.().catch(() => {});
  if (await hasRoom(storage, size)) return SHELF;
  throw new Problem('file-too-large');
}

/**
 * @param {Storage | undefined} storage
 * @param {number} size
 */
async function hasRoom(storage, size) {
  if (size <= QUOTA_MARGIN || !storage?.getDirectory) return size <= MEMORY_LIMIT;
  /** @type {{ quota?: number, usage?: number }} */
  const { quota = Infinity, usage = 0 } = await storage.estimate?.().catch(() => ({})) ?? {};
  return size <= quota - usage - QUOTA_MARGIN;
}

/** @returns {{ storage?: Storage, pick?: Picker }} */
function ofThisPage() {
  const page = /** @type {any} */ (globalThis);
  return { storage: page.navigator?.storage, pick: page.showSaveFilePicker?.bind(page) };
}
