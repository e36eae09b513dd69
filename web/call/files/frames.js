/**
 * One message on a file's data channel: where in the file its bytes belong, then the bytes. After the last bytes of a block
 * comes its check: the SHA-256 of the file from its beginning to that block's end.
 *
 *   0               8
 *   +---------------+----------------------------------------+
 *   | offset, u64   | up to 64 KiB of file, or 64 hex digits |
 *   +---------------+----------------------------------------+
 *     highest bit: a check, of the block that begins at offset
 */

/** What is checked, acknowledged, and sent again at once. */
export const BLOCK = 1 << 20;
/** 64 KiB goes through every browser; larger messages are no faster (measured). */
export const PAYLOAD = 65_536;
export const HEADER = 8;
const CHECK = 1n << 63n;

/**
 * @param {Uint8Array} bytes
 * @param {number} offset of the first byte in the file
 * @param {number} [payload] bytes in one frame
 * @returns {ArrayBuffer[]}
 */
export function cut(bytes, offset, payload = PAYLOAD) {
  const frames = [];
  for (let at = 0; at < bytes.length; at += payload) frames.push(frame(BigInt(offset + at), bytes.subarray(at, at + payload)));
  return frames;
}

/**
 * @param {number} offset of the block's first byte
 * @param {string} sha256 hex, of everything up to the block's end
 */
export function check(offset, sha256) {
  return frame(BigInt(offset) | CHECK, new TextEncoder().encode(sha256));
}

/**
 * @param {ArrayBuffer} frame
 * @returns {{ offset: number, bytes: Uint8Array, check: boolean } | null} null: no frame of ours
 */
export function open(frame) {
  if (!(frame instanceof ArrayBuffer) || frame.byteLength < HEADER) return null;
  const head = new DataView(frame).getBigUint64(0);
  return { offset: Number(head & ~CHECK), bytes: new Uint8Array(frame, HEADER), check: (head & CHECK) !== 0n };
}

/**
 * @param {bigint} head
 * @param {Uint8Array} bytes
 */
function frame(head, bytes) {
  const whole = new Uint8Array(HEADER + bytes.length);
  new DataView(whole.buffer).setBigUint64(0, head);
  whole.set(bytes, HEADER);
  return whole.buffer;
}
