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
 * @param {number} others          people the pictures go to
 * @param {number | null} height   of the camera's own picture, null when it is off
 * @param {number} [budget]        bit/s for all camera pictures together, 0: no further limit
 * @returns {import('./slots.js').Limits}
 */
export function limitsFor(others, height, budget = 0) {
  const step = CAMERA[Math.min(Math.max(others, 1), CAMERA.length) - 1];
  const share = budget > 0 ? Math.floor(budget / Math.max(others, 1)) : Infinity;
  return {
    microphone: { maxBitrate: VOICE },
    camera: {
      maxBitrate: Math.min(step.bitrate, share),
      maxFramerate: step.fps,
      scaleResolutionDownBy: height ? Math.max(1, height / step.height) : 1,
    },
    screen: { maxBitrate: SCREEN[Math.min(Math.max(others, 1), SCREEN.length) - 1] },
    screenSound: { maxBitrate: SCREEN_SOUND },
  };
}
