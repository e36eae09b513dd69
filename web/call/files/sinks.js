/**
 * Where an incoming file is kept until the person saves it: the browser's own disk (OPFS) when it has one, else memory
 * for what memory can hold. Runs in a worker, where OPFS writes without waiting. Refuses before the first byte, not in
 * the middle.
 */
import { Problem } from '../problem.js';

/** Without a disk: more than this and the tab may be killed, call and all. */
const MEMORY_LIMIT = 256 << 20;
/** A browser refuses writes shortly before its quota; leave it this much. */
const QUOTA_MARGIN = 16 << 20;
const FOLDER = 'incoming-files';

/** @typedef {import('./writer.js').Sink} Sink */

/**
 * @param {number} size
 * @param {string} tab   names this page's folder, so that another tab does not clear it
 * @param {string} name
 * @returns {Promise<Sink>}
 * @throws {Problem} 'file-too-large'
 */
export async function openSink(size, tab, name) {
  const folder = await diskFolder(tab);
  if (folder) {
    await refuseBeyondQuota(size);
    return DiskSink.open(folder, name);
  }
  if (size > MEMORY_LIMIT) throw new Problem('file-too-large');
  return new MemorySink();
}

/** Clears what tabs left behind that are no more. A tab holds a lock of its folder's name as long as it lives. */
export async function clearLeftovers() {
  try {
    const root = await navigator.storage.getDirectory();
    const parent = await root.getDirectoryHandle(FOLDER);
    const { held = [] } = await navigator.locks.query();
    const alive = new Set(held.map(({ name }) => name));
    for await (const name of parent.keys()) if (!alive.has(name)) await parent.removeEntry(name, { recursive: true }).catch(() => {});
  } catch {
    // No such folder, or no OPFS at all.
  }
}

/** @param {string} tab @returns {Promise<FileSystemDirectoryHandle | null>} null in private windows of some browsers */
async function diskFolder(tab) {
  try {
    const root = await navigator.storage.getDirectory();
    const parent = await root.getDirectoryHandle(FOLDER, { create: true });
    return await parent.getDirectoryHandle(tab, { create: true });
  } catch {
    return null;
  }
}

/** @param {number} size */
async function refuseBeyondQuota(size) {
  const { quota = Infinity, usage = 0 } = await navigator.storage.estimate();
  if (size > quota - usage - QUOTA_MARGIN) throw new Problem('file-too-large');
}

/** @implements {Sink} */
class DiskSink {
  /**
   * @param {FileSystemDirectoryHandle} folder
   * @param {string} name
   */
  static async open(folder, name) {
    const handle = await folder.getFileHandle(name, { create: true });
    const access = await /** @type {any} */ (handle).createSyncAccessHandle();
    return new DiskSink(folder, handle, access);
  }

  /**
   * @param {FileSystemDirectoryHandle} folder
   * @param {FileSystemFileHandle} handle
   * @param {{ write(bytes: Uint8Array, options: { at: number }): number, flush(): void, close(): void }} access
   */
  constructor(folder, handle, access) {
    this.folder = folder;
    this.handle = handle;
    this.access = access;
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} at
   */
  write(bytes, at) {
    if (this.access.write(bytes, { at }) !== bytes.length) throw new Problem('file-disk-full');
  }

  async finish() {
    this.access.flush();
    this.access.close();
    return this.handle.getFile();
  }

  async drop() {
    this.access.close();
    await this.folder.removeEntry(this.handle.name).catch(() => {});
  }
}

/** @implements {Sink} */
export class MemorySink {
  constructor() {
    /** @type {Blob} the browser may move a large one to its own disk */
    this.blob = new Blob();
    /** @type {Uint8Array<ArrayBuffer>[]} */
    this.parts = [];
    this.pending = 0;
  }

  /** @param {Uint8Array} bytes */
  write(bytes) {
    this.parts.push(/** @type {Uint8Array<ArrayBuffer>} */ (bytes));
    this.pending += bytes.length;
    if (this.pending >= MEMORY_BATCH) this.#gather();
  }

  async finish() {
    this.#gather();
    return this.blob;
  }

  async drop() {
    this.parts.length = 0;
    this.blob = new Blob();
  }

  #gather() {
    this.blob = new Blob([this.blob, ...this.parts.splice(0)]);
    this.pending = 0;
  }
}

const MEMORY_BATCH = 8 << 20;
