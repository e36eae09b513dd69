/**
 * How much each person gets, by how many there are: in a mesh everybody sends one picture to each other person, so the
 * uplink is the first wall. Pure. Figures: measured encoder cost and the uplinks of reference tables for 2 to 8 people.
 */

/**
 * @typedef {object} Step
 * @property {number} height   of the picture, pixels
 * @property {number} fps
 * @property {number} bitrate  per person it goes to, bit/s
 */

/** By the number of people it goes to; the last one holds for all above. @type {readonly Step[]} */
const CAMERA = Object.freeze([
  { height: 720, fps: 30, bitrate: 1_800_000 },
  { height: 540, fps: 30, bitrate: 900_000 },
  { height: 360, fps: 30, bitrate: 550_000 },
  { height: 360, fps: 25, bitrate: 350_000 },
  { height: 360, fps: 25, bitrate: 300_000 },
  { height: 240, fps: 15, bitrate: 150_000 },
]);
/** A screen is read: its bits go before the faces'. */
const SCREEN = Object.freeze([2_500_000, 1_500_000, 1_000_000, 700_000, 600_000, 500_000]);
const VOICE = 40_000;
const SCREEN_SOUND = 96_000;

/**
 * @typedef {{ camera: number | null, screen: number | null }} Wants  the height in pixels at which somebody shows our
 *   pictures; 0: not at all, null: they have not said
 */

/**
 * @param {object} situation
 * @param {number} situation.others          people the pictures go to
 * @param {number | null} situation.height   of the camera's own picture, null when it is off
 * @param {number} [situation.budget]        bit/s for all camera pictures together, 0: no further limit
 * @param {Wants} [situation.wants]          of the person these limits are for
 * @returns {import('./slots.js').Limits}
 */
export function limitsFor({ others, height, budget = 0, wants = UNKNOWN }) {
  const step = CAMERA[Math.min(Math.max(others, 1), CAMERA.length) - 1];
  const share = budget > 0 ? Math.floor(budget / Math.max(others, 1)) : Infinity;
  const shown = Math.max(SMALLEST, Math.min(step.height, wants.camera ?? step.height));
  return {
    microphone: { maxBitrate: VOICE },
    camera: {
      active: wants.camera !== 0,
      maxBitrate: Math.round(Math.min(step.bitrate * saving(shown, step.height), share)),
      maxFramerate: step.fps,
      scaleResolutionDownBy: height ? Math.max(1, height / shown) : 1,
    },
    screen: { active: wants.screen !== 0, maxBitrate: SCREEN[Math.min(Math.max(others, 1), SCREEN.length) - 1] },
    screenSound: { maxBitrate: SCREEN_SOUND },
  };
}

/**
 * Where the estimate of a new connection begins: what a modest uplink carries, shared among the people.
 * @param {number} others
 * @returns {number} kbit/s
 */
export function startKbit(others) {
  return Math.max(CHROMIUM_START, Math.round(START / Math.max(others, 1)));
}

const START = 800;
/** Where Chromium begins by itself. */
const CHROMIUM_START = 300;

/** @type {Wants} */
const UNKNOWN = Object.freeze({ camera: null, screen: null });
/** A thumbnail may be enlarged at any moment: below this it would first be mush. */
const SMALLEST = 180;

/**
 * A picture of half the height has a quarter of the pixels, but each of them costs more.
 * @param {number} shown
 * @param {number} full
 */
function saving(shown, full) {
  return (shown / full) ** 1.5;
}
