/**
 * How much each person gets, by how many there are: in a mesh everybody sends one picture to each other person, so the
 * uplink is the first wall. Pure. Figures: measured encoder cost and the uplinks of reference tables for 2 to 8 people.
 */

import { STEPS } from './quality.js';

/** By the number of people it goes to; the last one holds for all above. @type {readonly import('./quality.js').Step[]} */
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
/** What a picture keeps of its bits when the relay that carries it is to be spared. */
const SPARED = 1 / 3;
const SCREEN_SOUND = 96_000;
/** Of a budget; the rest is the camera's. */
const SCREEN_FIRST = 0.8;
/** Letters are read, not watched: a few sharp pictures a second instead of many soft ones. */
const SCREEN_FPS = 30;
const TEXT_FPS = 8;
/** A screen below this cannot be read, a face below that cannot be recognised, bit/s. */
const SCREEN_LEAST = 100_000;
const CAMERA_LEAST = 30_000;

/**
 * @typedef {{ camera: number | null, screen: number | null }} Wants  the height in pixels at which somebody shows our
 *   pictures; 0: not at all, null: they have not said
 */

/** @typedef {'nothing' | 'bits' | 'pictures'} Spare */

/**
 * What a pair of people spares the relay: nothing when their path is a direct one, which costs nobody anything.
 * @param {import('./messages.js').RelayLeft} left
 * @param {boolean} relayed
 * @returns {Spare}
 */
export function spareFor(left, relayed) {
  if (!relayed || left === 'plenty') return 'nothing';
  return left === 'lower' ? 'bits' : 'pictures';
}

/**
 * What the person chose for all of the call.
 * @typedef {'auto' | 'saver' | 'audio'} Preset  'saver': small pictures; 'audio': none, in either direction
 */
export const PRESETS = Object.freeze(/** @type {Preset[]} */ (['auto', 'saver', 'audio']));
/** bit/s for all pictures together. */
const SAVER = 300_000;
const SAVER_STEP = Object.freeze({ height: 360, fps: 15, bitrate: Infinity });

/**
 * The one place where every wish and every bound meets: the number of people, how large the picture is shown there, how
 * well the path to them does (`step`), the person's preset, and budgets in bit/s for all pictures together, whoever set them
 * (the server's owner, a relay). The smallest wins. A screen is served before a face; the voice is never bounded below its
 * own need.
 * @param {object} situation
 * @param {number} situation.others          people the pictures go to
 * @param {number | null} situation.height   of the camera's own picture, null when it is off
 * @param {boolean} [situation.sharing]      a screen is shared
 * @param {import('./media.js').ScreenHint} [situation.hint]  what there is to be seen on it
 * @param {readonly number[]} [situation.budgets]  bit/s for all pictures together; 0: none
 * @param {Wants} [situation.wants]          of the person these limits are for
 * @param {import('./quality.js').Step} [situation.step] what the path to them bears
 * @param {Preset} [situation.preset]
 * @param {Spare} [situation.spare]          whether pictures to them cost a relay more than it may carry
 * @returns {import('./slots.js').Limits}
 */
export function limitsFor({ others, height, sharing = false, hint = '', budgets = [], wants = UNKNOWN, step = STEPS[0], preset = 'auto', spare = 'nothing' }) {
  const people = Math.max(others, 1);
  const share = shareOf([...budgets, preset === 'saver' ? SAVER : 0], people);
  const screen = Math.min(SCREEN[Math.min(people, SCREEN.length) - 1], sharing ? Math.max(share * SCREEN_FIRST, SCREEN_LEAST) : Infinity);
  const camera = cameraFor(people, [step, preset === 'saver' ? SAVER_STEP : STEPS[0]], wants.camera);
  const pictures = preset !== 'audio' && spare !== 'pictures';
  const kept = spare === 'bits' ? SPARED : 1;
  const room = sharing ? share - screen : share;
  return {
    microphone: { maxBitrate: VOICE, priority: 'high' },
    camera: {
      active: camera.height > 0 && pictures && room >= CAMERA_LEAST,
      maxBitrate: Math.round(Math.max(CAMERA_LEAST, Math.min(camera.bitrate, room) * kept)),
      maxFramerate: Math.max(1, camera.fps),
      scaleResolutionDownBy: height && camera.height > 0 ? scale(height / camera.height) : 1,
      priority: sharing ? 'very-low' : 'low',
    },
    screen: {
      active: wants.screen !== 0 && pictures,
      maxBitrate: Math.round(screen * kept),
      maxFramerate: hint === 'text' ? TEXT_FPS : SCREEN_FPS,
      degradationPreference: hint === 'motion' ? 'maintain-framerate' : 'maintain-resolution',
      priority: 'medium',
    },
    screenSound: { maxBitrate: SCREEN_SOUND },
  };
}

/**
 * @param {number} people
 * @param {readonly import('./quality.js').Step[]} bounds
 * @param {number | null} wanted height at which they show it
 * @returns {import('./quality.js').Step}
 */
function cameraFor(people, bounds, wanted) {
  const usual = CAMERA[Math.min(people, CAMERA.length) - 1];
  const height = Math.min(usual.height, ...bounds.map((bound) => bound.height));
  if (wanted === 0 || height === 0) return { height: 0, fps: 0, bitrate: 0 };
  const shown = Math.max(SMALLEST, Math.min(height, wanted ?? height));
  return {
    height: shown,
    fps: Math.min(usual.fps, ...bounds.map(({ fps }) => fps)),
    bitrate: Math.min(usual.bitrate * saving(shown, usual.height), ...bounds.map(({ bitrate }) => bitrate)),
  };
}

/** @param {number} asked @returns {number} the next one that is no smaller picture than asked for */
function scale(asked) {
  return SCALES.findLast((one) => one <= asked) ?? 1;
}

/**
 * @param {readonly number[]} budgets for everybody together
 * @param {number} people
 * @returns {number} for one of them
 */
function shareOf(budgets, people) {
  return Math.min(...budgets.filter((budget) => budget > 0), Infinity) / people;
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

/** A window that grows by a pixel must not make every encoder begin anew. */
const SCALES = Object.freeze([1, 4 / 3, 3 / 2, 2, 3, 4]);

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
