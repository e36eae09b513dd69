/**
 * Where an incoming file is kept until the person saves it: the browser's own disk (OPFS), where it survives a reload of
 * the page; else the place the person chose, or the browser's downloads; else memory for what memory can hold. Runs in a
 * worker, where OPFS writes without waiting. Refuses before the first byte, not in the middle.
 */
import { Problem } from '../problem.js';
import { DownloadSink } from './download-sink.js';
import { MEMORY_LIMIT } from './place.js';

/** @typedef {import('./writer.js').Sink} Sink */
/** @typedef {import('./writer.js').Progress} Progress */
/**
 * @typedef {{ id: string, from: string, name: string, size: number, modified: number, count: number }} Record
 *   `from`: the sender's seat
 * @typedef {import('./place.js').PlainPlace | { kind: 'downloads', port: MessagePort }} Where
 * @typedef {{ sink: Sink, progress: Progress | null }} Opened
 * @typedef {{ record: Record, at: number, check: string | null, file: File | null }} Kept  `check` and `file` when it is all there
 */

const FOLDER = 'incoming-files';
/** What nobody came back for within this is cleared away, ms. */
const KEEP_FOR = 60 * 60 * 1000;
/** The page before a reload may hold its files a moment longer. */
const LOCKED_FOR = 3_000;
const LOOK_AGAIN = 100;
const MEMORY_BATCH = 8 << 20;

/**
 * @param {string} folder
 * @param {Record} record
 * @param {Where} where
 * @returns {Promise<Opened>}
 * @throws {Problem} 'file-too-large'
 */
export async function open(folder, record, where) {
  if (where.kind === 'chosen') return { sink: new ChosenSink(where.handle, await where.handle.createWritable()), progress: null };
  if (where.kind === 'downloads') return { sink: await DownloadSink.open(where.port), progress: null };
  const place = where.kind === 'shelf' && await directory(folder, true);
  if (place) return DiskSink.open(place, record);
  if (record.size > MEMORY_LIMIT) throw new Problem('file-too-large');
  return { sink: new MemorySink(), progress: null };
}

/** @param {string} folder @returns {Promise<Kept[]>} */
export async function kept(folder) {
  const place = await directory(folder, false);
  const found = [];
  for await (const [name, handle] of entries(place)) {
    if (!place || !name.endsWith(NOTES)) continue;
    const notes = await readNotes(handle);
    const data = await place.getFileHandle(name.slice(0, -NOTES.length)).catch(() => null);
    if (notes && data) found.push({ record: notes.record, at: notes.progress?.at ?? 0, check: notes.check, file: notes.check ? await data.getFile() : null });
  }
  return found;
}

/**
 * @param {string} folder
 * @param {string} id
 */
export async function remove(folder, id) {
  await removeFrom(await directory(folder, false), id);
}

/** Clears what tabs left behind that are no more. A tab holds a lock of its folder's name as long as it lives. */
export async function clearLeftovers() {
  try {
    const parent = await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER);
    const { held = [] } = await navigator.locks.query();
    const alive = new Set(held.map(({ name }) => name));
    for await (const [name, folder] of entries(parent)) {
      if (!alive.has(name) && Date.now() - await lastNoted(folder) > KEEP_FOR) await parent.removeEntry(name, { recursive: true }).catch(() => {});
    }
  } catch {
    // No such folder, or no OPFS at all.
  }
}

/** Beside each file stands one that says what it is and how far it came. */
const NOTES = '.json';

/** @typedef {{ write(bytes: Uint8Array, options: { at: number }): number, getSize(): number, truncate(size: number): void, flush(): void, close(): void }} Access */

/** @implements {Sink} */
class DiskSink {
  /**
   * @param {FileSystemDirectoryHandle} folder
   * @param {Record} record
   * @returns {Promise<Opened>}
   */
  static async open(folder, record) {
    const handle = await folder.getFileHandle(record.id, { create: true });
    const paper = await folder.getFileHandle(record.id + NOTES, { create: true });
    const notes = await readNotes(paper);
    const [data, beside] = [await accessTo(handle), await accessTo(paper)];
    const progress = notes?.record.size === record.size && notes.progress && data.getSize() >= notes.progress.at ? notes.progress : null;
    const sink = new DiskSink({ folder, handle, data, notes: beside, record });
    sink.#note({ progress, check: null });
    return { sink, progress };
  }

  /** @param {{ folder: FileSystemDirectoryHandle, handle: FileSystemFileHandle, data: Access, notes: Access, record: Record }} parts */
  constructor(parts) {
    this.parts = parts;
    this.keeps = false;
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} at
   */
  write(bytes, at) {
    if (this.parts.data.write(bytes, { at }) !== bytes.length) throw new Problem('file-disk-full');
  }

  /** @param {Progress} progress */
  note(progress) {
    this.#note({ progress, check: null });
  }

  /** @param {string} check */
  async finish(check) {
    const { data, notes, handle } = this.parts;
    data.close();
    this.#note({ progress: null, check });
    notes.close();
    return handle.getFile();
  }

  async drop() {
    const { data, notes, folder, record } = this.parts;
    data.close();
    notes.close();
    await removeFrom(folder, record.id);
  }

  /** @param {{ progress: Progress | null, check: string | null }} how */
  #note(how) {
    const { notes, record } = this.parts;
    const text = new TextEncoder().encode(JSON.stringify({ record, ...how }));
    notes.write(text, { at: 0 });
    notes.truncate(text.length);
  }
}

/** Straight to where the person wants it: for a file that the browser's own disk has no room for. @implements {Sink} */
class ChosenSink {
  /**
   * @param {FileSystemFileHandle} handle
   * @param {FileSystemWritableFileStream} stream
   */
  constructor(handle, stream) {
    this.handle = handle;
    this.stream = stream;
    this.keeps = false;
  }

  /** @param {Uint8Array} bytes */
  async write(bytes) {
    try {
      await this.stream.write(/** @type {Uint8Array<ArrayBuffer>} */ (bytes));
    } catch (cause) {
      throw new Problem('file-disk-full', cause);
    }
  }

  async finish() {
    await this.stream.close();
    return null;
  }

  async drop() {
    await this.stream.abort().catch(() => {});
    await /** @type {any} */ (this.handle).remove?.().catch(() => {});
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
    this.keeps = true;
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

/**
 * @param {string} folder
 * @param {boolean} create
 * @returns {Promise<FileSystemDirectoryHandle | null>} null also in private windows of some browsers
 */
async function directory(folder, create) {
  try {
    const parent = await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create });
    return await parent.getDirectoryHandle(folder, { create });
  } catch {
    return null;
  }
}

/**
 * @param {FileSystemDirectoryHandle | null} folder
 * @param {string} id
 */
async function removeFrom(folder, id) {
  for (const name of [id, id + NOTES]) await folder?.removeEntry(name).catch(() => {});
}

/** @param {FileSystemHandle | null} folder @returns {AsyncIterable<[string, FileSystemFileHandle]>} */
async function* entries(folder) {
  if (folder) yield* /** @type {any} */ (folder).entries();
}

/** @param {FileSystemHandle} folder @returns {Promise<number>} when something was last written of its files, ms since 1970 */
async function lastNoted(folder) {
  let last = 0;
  for await (const [name, handle] of entries(folder)) if (name.endsWith(NOTES)) last = Math.max(last, (await handle.getFile()).lastModified);
  return last;
}

/** @param {FileSystemFileHandle} handle @returns {Promise<{ record: Record, progress: Progress | null, check: string | null } | null>} */
async function readNotes(handle) {
  try {
    return JSON.parse(await (await handle.getFile()).text());
  } catch {
    return null;
  }
}

/** @param {FileSystemFileHandle} handle @returns {Promise<Access>} */
async function accessTo(handle) {
  for (let waited = 0; ; waited += LOOK_AGAIN) {
    try {
      return await /** @type {any} */ (handle).createSyncAccessHandle();
    } catch (cause) {
      if (waited >= LOCKED_FOR) throw cause;
      await new Promise((resume) => { setTimeout(resume, LOOK_AGAIN); });
    }
  }
}
