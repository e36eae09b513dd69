/**
 * Two soft notes on the chosen speaker, so that one hears whether it is the right one.
 */

/** @typedef {AudioContext & {setSinkId?: (id: string) => Promise<void>}} Context */
/** @typedef {{AudioContext: new () => Context, Audio: new () => HTMLAudioElement}} Browser what the browser lends; tests lend their own */

/** Hz: C5 and G5. */
const NOTES = Object.freeze([523.25, 783.99]);
/** Seconds between their beginnings. */
const APART = 0.25;
/** Until the last one has faded, ms. */
const OVER_AFTER = 1_200;

/**
 * @param {string} speaker  '' for the browser's choice
 * @param {Browser} [browser]
 */
export async function playTone(speaker, { AudioContext, Audio } = globalThis) {
  const context = new AudioContext();
  const out = await wayTo(speaker, context, Audio);
  NOTES.forEach((pitch, index) => note(context, out, pitch, context.currentTime + 0.05 + index * APART));
  setTimeout(() => context.close(), OVER_AFTER);
}

/**
 * Firefox and Safari let no context choose its speaker, only an element: there the notes go through one.
 * @param {string} speaker
 * @param {Context} context
 * @param {Browser['Audio']} Audio
 * @returns {Promise<AudioNode>}
 */
async function wayTo(speaker, context, Audio) {
  await context.setSinkId?.(speaker).catch(() => {});
  if (context.setSinkId || !speaker) return context.destination;
  const player = new Audio();
  const way = context.createMediaStreamDestination();
  player.srcObject = way.stream;
  await player.setSinkId(speaker).catch(() => {}); // unplugged meanwhile: the usual one is heard
  await player.play();
  return way;
}

/**
 * @param {AudioContext} context
 * @param {AudioNode} out
 * @param {number} pitch  Hz
 * @param {number} start  seconds on the context's clock
 */
function note(context, out, pitch, start) {
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = pitch;
  volume.gain.value = 0;
  volume.gain.setTargetAtTime(0.25, start, 0.02);
  volume.gain.setTargetAtTime(0, start + 0.2, 0.12);
  tone.connect(volume).connect(out);
  tone.start(start);
  tone.stop(start + 0.8);
}
