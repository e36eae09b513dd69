/**
 * Which microphone, camera and speaker: three lists, used before the call and in the settings.
 */

import { part, stamp } from './dom.js';
import { remember } from './prefs.js';
import { playTone } from './tone.js';
import { localise, t } from './words.js';

/** @typedef {import('../call/media.js').Media} Media */
/** @typedef {import('../call/media.js').Device} Device */

/** A speaker can be chosen where the browser can send sound to it (not on phones). */
export const CAN_CHOOSE_SPEAKER = typeof HTMLMediaElement !== 'undefined' && 'setSinkId' in HTMLMediaElement.prototype;

/**
 * @param {{media: Media, prefs: import('./prefs.js').Prefs, useSpeaker(id: string): void}} face
 * @param {AbortSignal} signal  ends the listening
 * @returns {HTMLElement}
 */
export function pickers(face, signal) {
  const { media, prefs } = face;
  const view = stamp('pickers');
  localise(view);
  const microphones = part(view, 'microphones', HTMLSelectElement);
  const cameras = part(view, 'cameras', HTMLSelectElement);
  const speakers = part(view, 'speakers', HTMLSelectElement);
  const other = part(view, 'other-speaker');
  part(view, 'speaker-field').hidden = !CAN_CHOOSE_SPEAKER;
  other.hidden = typeof asker(media)?.selectAudioOutput !== 'function';

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
  const speakThrough = (/** @type {string} */ id) => {
    remember(prefs, { speaker: id });
    face.useSpeaker(id);
  };
  speakers.addEventListener('change', () => speakThrough(speakers.value));
  // Firefox lists the speakers of the chosen microphone's own device alone; for any other it asks the person itself.
  other.addEventListener('click', async () => {
    const device = await asker(media)?.selectAudioOutput?.().catch(() => undefined); // thought better of it
    if (!device) return;
    speakThrough(device.deviceId);
    fill();
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

/** @param {Media} media @returns {MediaDevices & {selectAudioOutput?: () => Promise<MediaDeviceInfo>} | undefined} Firefox alone asks for a speaker */
function asker({ mediaDevices }) {
  return mediaDevices;
}

/** @param {MediaStreamTrack | null} track */
function inUse(track) {
  return track?.getSettings().deviceId;
}
