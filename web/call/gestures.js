/**
 * What people say without words: a raised hand that stays up, and signs that pass. Pure.
 */

/** @typedef {{ hand: boolean, board: boolean }} Gestures  `board`: the whiteboard is open on their page */

/** @type {Readonly<Gestures>} */
export const NO_GESTURES = Object.freeze({ hand: false, board: false });

/** The signs there are; anything else that arrives is not shown. */
export const SIGNS = Object.freeze(['👍', '👏', '❤️', '😂', '😮', '🎉']);

/**
 * @param {import('./control.js').ControlMessage} message
 * @returns {string | null} null: no page of ours would send this
 */
export function signFrom({ sign }) {
  return typeof sign === 'string' && SIGNS.includes(sign) ? sign : null;
}

/**
 * @param {import('./control.js').ControlMessage} state
 * @returns {Gestures}
 */
export function gesturesFrom({ hand, board }) {
  return { hand: hand === true, board: board === true };
}
