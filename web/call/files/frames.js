/**
 * One message on a file's data channel: where in the file its bytes belong, then the bytes.
 *
 *   0               8
 *   +---------------+----------------------+
 *   | offset, u64   | up to 64 KiB of file |
 *   +---------------+----------------------+
 */

/** 64 KiB goes through every browser; larger messages are no faster (measured). */
export const PAYLOAD = 65_536;
export const HEADER = 8;

/**
 * @param {Uint8Array} bytes
 * @param {number} offset of the first byte in the file
 * @param {number} [payload] bytes in one frame
 * @returns {ArrayBuffer[]}
 */
export function cut(bytes, offset, payload = PAYLOAD) {
  const frames = [];
  for (let at = 0; at < bytes.length; at += payload) {
    const piece = bytes.subarray(at, at + payload);
    const frame = new Uint8Array(HEADER + piece.length);
    new DataView(frame.buffer).setBigUint64(0, BigInt(offset + at));
    frame.set(piece, HEADER);
    frames.push(frame.buffer);
  }
  return frames;
}

/**
 * @param {ArrayBuffer} frame
 * @returns {{ offset: number, bytes: Uint8Array } | null} null: no frame of ours
 */
export function open(frame) {
  if (!(frame instanceof ArrayBuffer) || frame.byteLength < HEADER) return null;
  return { offset: Number(new DataView(frame).getBigUint64(0)), bytes: new Uint8Array(frame, HEADER) };
}
