/**
 * Several files as one: a ZIP archive (PKWARE APPNOTE 6.3) that is never made as a whole. Its length is known before the
 * first byte is read, and any part of it can be read again; nothing is compressed, most large files are already. Beyond
 * 4 GiB or 65 535 files it is a ZIP64.
 *
 * @typedef {{ path: string, size: number, modified: number, bytes(from: number, to: number): Promise<Uint8Array> }} Entry
 *   `path` with forward slashes; `modified` in ms since 1970
 * @typedef {{ start: number, length: number, make: () => Promise<Uint8Array> } | { start: number, length: number, entry: Packed }} Part
 */
import { Crc32 } from './crc32.js';

/** A 32-bit field with this value says: look into the ZIP64 field. */
const FULL = 0xffffffff;
const MANY = 0xffff;
/** Section 4.4.4: bit 3, sizes and CRC follow the file; bit 11, names are UTF-8. */
const FLAGS = 0x0808;
const VERSION = 20;
const VERSION_64 = 45;
/** Section 4.4.2: made on Unix, so that names are read as they are written; a plain file that everybody may read. */
const UNIX = 3 << 8;
const MODE = 0o100644 * 2 ** 16;

/** A `Source` of the reader's. */
export class Zip {
  /** @param {Entry[]} entries */
  constructor(entries) {
    /** @type {Part[]} */
    this.parts = [];
    this.size = 0;
    const packed = entries.map((entry) => this.#pack(entry));
    const directory = this.size;
    for (const one of packed) this.#append(one.listing.length, async () => one.listing.bytes(await one.crc()));
    const end = ending(packed.length, directory, this.size - directory);
    this.#append(end.length, async () => end);
  }

  /**
   * @param {number} from
   * @param {number} to
   * @param {Uint8Array<ArrayBuffer>} [whole] to put them into
   */
  async bytes(from, to, whole = new Uint8Array(to - from)) {
    for (let index = this.#partAt(from), at = from; at < to; index += 1) {
      const part = this.parts[index];
      const until = Math.min(to, part.start + part.length);
      const [first, last] = [at - part.start, until - part.start];
      whole.set('entry' in part ? await part.entry.read(first, last) : (await part.make()).subarray(first, last), at - from);
      at = until;
    }
    return whole;
  }

  /** @param {Entry} entry */
  #pack(entry) {
    const packed = new Packed(entry, this.size);
    this.#append(packed.head.length, async () => packed.head);
    if (entry.size > 0) this.parts.push({ start: this.size, length: entry.size, entry: packed });
    this.size += entry.size;
    this.#append(packed.large ? 24 : 16, async () => descriptor(packed, await packed.crc()));
    return packed;
  }

  /**
   * @param {number} length
   * @param {() => Promise<Uint8Array>} make
   */
  #append(length, make) {
    this.parts.push({ start: this.size, length, make });
    this.size += length;
  }

  /** @param {number} at */
  #partAt(at) {
    let [low, high] = [0, this.parts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.parts[middle].start <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** One file in its place: the CRC is counted as the bytes pass, and what did not pass is read for it. */
class Packed {
  /**
   * @param {Entry} entry
   * @param {number} offset of its head
   */
  constructor(entry, offset) {
    this.entry = entry;
    this.offset = offset;
    this.large = entry.size >= FULL;
    this.name = new TextEncoder().encode(entry.path);
    this.head = localHead(this);
    this.listing = listing(this);
    this.sum = new Crc32();
    this.summed = 0;
  }

  /**
   * @param {number} from
   * @param {number} to
   */
  async read(from, to) {
    const bytes = await this.entry.bytes(from, to);
    if (from === this.summed) this.#pass(bytes);
    return bytes;
  }

  async crc() {
    while (this.summed < this.entry.size) this.#pass(await this.entry.bytes(this.summed, Math.min(this.summed + (1 << 20), this.entry.size)));
    return this.sum.value;
  }

  /** @param {Uint8Array} bytes */
  #pass(bytes) {
    this.sum.update(bytes);
    this.summed += bytes.length;
  }
}

/** Section 4.3.7. @param {Packed} packed */
function localHead({ entry, name, large }) {
  const extra = large ? 20 : 0;
  const out = new Fields(30 + name.length + extra);
  out.u32(0x04034b50).u16(large ? VERSION_64 : VERSION).u16(FLAGS).u16(0).time(entry.modified);
  // Sizes and CRC come after the file; a ZIP64 field here says that they will be 64 bits wide.
  out.u32(0).u32(large ? FULL : 0).u32(large ? FULL : 0).u16(name.length).u16(extra).raw(name);
  if (large) out.u16(1).u16(16).u64(0).u64(0);
  return out.bytes;
}

/** Section 4.3.9. @param {Packed} packed @param {number} crc */
function descriptor({ entry, large }, crc) {
  const out = new Fields(large ? 24 : 16).u32(0x08074b50).u32(crc);
  return (large ? out.u64(entry.size).u64(entry.size) : out.u32(entry.size).u32(entry.size)).bytes;
}

/** Section 4.3.12: its place in the directory. @param {Packed} packed */
function listing({ entry, name, large, offset }) {
  const far = offset >= FULL;
  const wide = [...(large ? [entry.size, entry.size] : []), ...(far ? [offset] : [])];
  const extra = wide.length > 0 ? 4 + 8 * wide.length : 0;
  const length = 46 + name.length + extra;
  /** @param {number} crc */
  const bytes = (crc) => {
    const size = large ? FULL : entry.size;
    const out = new Fields(length).u32(0x02014b50).u16(UNIX | VERSION_64).u16(extra > 0 ? VERSION_64 : VERSION).u16(FLAGS).u16(0).time(entry.modified);
    out.u32(crc).u32(size).u32(size).u16(name.length).u16(extra).u16(0).u16(0).u16(0).u32(MODE).u32(far ? FULL : offset).raw(name);
    if (extra > 0) out.u16(1).u16(extra - 4);
    for (const value of wide) out.u64(value);
    return out.bytes;
  };
  return { length, bytes };
}

/** Sections 4.3.14 to 4.3.16. @param {number} count @param {number} start @param {number} size */
function ending(count, start, size) {
  const wide = count >= MANY || start >= FULL || size >= FULL;
  const out = new Fields(22 + (wide ? 76 : 0));
  if (wide) {
    out.u32(0x06064b50).u64(44).u16(VERSION_64).u16(VERSION_64).u32(0).u32(0).u64(count).u64(count).u64(size).u64(start);
    out.u32(0x07064b50).u32(0).u64(start + size).u32(1);
  }
  out.u32(0x06054b50).u16(0).u16(0).u16(Math.min(count, MANY)).u16(Math.min(count, MANY));
  return out.u32(Math.min(size, FULL)).u32(Math.min(start, FULL)).u16(0).bytes;
}

/** Little-endian fields, one after the other. */
class Fields {
  /** @param {number} length */
  constructor(length) {
    this.bytes = new Uint8Array(length);
    this.view = new DataView(this.bytes.buffer);
    this.at = 0;
  }

  /** @param {number} value */
  u16(value) {
    this.view.setUint16(this.at, value, true);
    this.at += 2;
    return this;
  }

  /** @param {number} value */
  u32(value) {
    this.view.setUint32(this.at, value, true);
    this.at += 4;
    return this;
  }

  /** @param {number} value */
  u64(value) {
    this.view.setBigUint64(this.at, BigInt(value), true);
    this.at += 8;
    return this;
  }

  /** @param {Uint8Array} bytes */
  raw(bytes) {
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
    return this;
  }

  /** Section 4.4.6: MS-DOS time and date, which begin in 1980. @param {number} ms */
  time(ms) {
    const when = new Date(ms);
    const year = Math.min(Math.max(when.getFullYear(), 1980), 2107) - 1980;
    this.u16((when.getHours() << 11) | (when.getMinutes() << 5) | (when.getSeconds() >> 1));
    return this.u16((year << 9) | ((when.getMonth() + 1) << 5) | when.getDate());
  }
}
