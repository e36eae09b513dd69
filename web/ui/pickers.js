/**
 * Which microphone, camera and speaker: three lists, used before the call and in the settings.
 */

import { part, stamp } from './dom.js';
import { remember } from './prefs.js';
import { localise, t } from './words.js';

/** @typedef {import('../call/media.js').Media} Media */
/** @typedef {import('../call/media.js').Device} Device */

/** A speaker can be chosen where the browser can send sound to it (not on phones). */
export const CAN_CHOOSE_SPEAKER = typeof HTMLMediaElement !== 'undefined' && 'setSinkId' in HTMLMediaElement.prototype;

/**
 * @param {{media: Media, prefs: import('./prefs.js').Prefs, useSpeaker: (id: string) => void}} face
 * @param {AbortSignal} signal  ends the listening
 * @returns {HTMLElement}
 */
export function pickers({ media, prefs, useSpeaker }, signal) {
  const view = stamp('pickers');
  localise(view);
  const microphones = part(view, 'microphones', HTMLSelectElement);
  const cameras = part(view, 'cameras', HTMLSelectElement);
  const speakers = part(view, 'speakers', HTMLSelectElement);
  part(view, 'speaker-field').hidden = !CAN_CHOOSE_SPEAKER;

  const fill = async () => {
    const found = await media.devices();
    choices(microphones, found.microphones, inUse(media.microphone.track) ?? prefs.microphone);
    choices(cameras, found.cameras, inUse(media.camera.track) ?? prefs.camera);
    choices(speakers, found.speakers, prefs.speaker);
  };
  microphones.addEventListener('change', () => {
    remember(prefs, { microphone: microphones.value });
    media.useDevice('microphone', microphones.value);
  });
  cameras.addEventListener('change', () => {
    remember(prefs, { camera: cameras.value });
    media.useDevice('camera', cameras.value);
  });
  speakers.addEventListener('change', () => {
    remember(prefs, { speaker: speakers.value });
    useSpeaker(speakers.value);
  });
  part(view, 'test-sound').addEventListener('click', () => playTone(prefs.speaker));
  media.addEventListener('devices', fill, { signal });
  media.addEventListener('change', fill, { signal });
  fill();
  return view;
}

/**
 * @param {HTMLSelectElement} list
 * @param {Device[]} devices
 * @param {string} chosen
 */
function choices(list, devices, chosen) {
  if (document.activeElement === list && list.options.length > 1) return; // not under the reader's hand
  const options = devices.map(({ id, label }, index) => new Option(label || t('settings.device', { n: index + 1 }), id));
  if (options.length === 0) options.push(new Option(t('settings.none'), ''));
  list.replaceChildren(...options);
  list.disabled = devices.length === 0;
  list.value = devices.some(({ id }) => id === chosen) ? chosen : list.options[0].value;
}

/** @param {MediaStreamTrack | null} track */
function inUse(track) {
  return track?.getSettings().deviceId;
}

/**
 * Two soft notes on the chosen speaker.
 * @param {string} speaker
 */
async function playTone(speaker) {
  const context = /** @type {AudioContext & {setSinkId?: (id: string) => Promise<void>}} */ (new AudioContext());
  await context.setSinkId?.(speaker).catch(() => {});
  [523.25, 783.99].forEach((pitch, index) => note(context, pitch, context.currentTime + 0.05 + index * 0.25));
  setTimeout(() => context.close(), 1200);
}

/**
 * @param {AudioContext} context
 * @param {number} pitch  Hz
 * @param {number} start  seconds on the context's clock
 */
function note(context, pitch, start) {
  const tone = new OscillatorNode(context, { frequency: pitch });
  const volume = new GainNode(context, { gain: 0 });
  volume.gain.setTargetAtTime(0.25, start, 0.02);
  volume.gain.setTargetAtTime(0, start + 0.2, 0.12);
  tone.connect(volume).connect(context.destination);
  tone.start(start);
  tone.stop(start + 0.8);
}
