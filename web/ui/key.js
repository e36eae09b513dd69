/**
 * The room's key: in the link behind `#`, where no server ever sees it. Whoever has it is known to have been given the
 * link. Pure, but for the dice.
 */

/**
 * @param {string} hash  of an address, or a whole link
 * @returns {string | undefined}
 */
export function keyFrom(hash) {
  return /#(?:.*&)?k=([\w-]{16,64})(?:&|$)/.exec(hash)?.[1];
}

/** A key for a room that nobody else knows yet: 128 bits. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * @param {string | undefined} key
 * @returns {string} what to put behind an address
 */
export function hashWith(key) {
  return key ? `#k=${key}` : '';
}
