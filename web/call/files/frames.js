/**
 * What goes over a file's data channel, in this order:
 *
 *   text  id        which file the rest belongs to, when it is another one than before; the first is the channel's label
 *   text  @offset   where in it a block begins, in decimal digits
 *   bytes           of the block, up to 64 KiB in each message, as they are: a header before them would copy everything once more
 *   text  #check    behind its last bytes (chain.js)
 *   text  @offset   of another block, and so on
 */

/** What is checked, acknowledged, and sent again at once. */
export const BLOCK = 1 << 20;
/** 64 KiB goes through every browser; larger messages are no faster (measured). */
export const PAYLOAD = 65_536;

/** @typedef {{ at: number, bytes: Uint8Array<ArrayBuffer>, check: string }} Block */
/**
 * @typedef {{ block: number, from: number, parts: ArrayBuffer[], check: string | null }} Piece  of the block that begins at `block`,
 *   from that byte of it on; `check` when nothing of it comes after this
 */

/**
 * The messages for one block.
 * @param {Block} block
 * @param {() => number} payload bytes in the next message: on a slow path a block lasts longer than the pace stays the same
 * @returns {Generator<string | Uint8Array<ArrayBuffer>, void>}
 */
export function* messages({ at, bytes, check }, payload) {
  yield `@${at}`;
  for (let from = 0, to = 0; from < bytes.length; from = to) {
    to = from + payload();
    yield bytes.subarray(from, to);
  }
  yield `#${check}`;
}
