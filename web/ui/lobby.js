/**
 * The way in, at `/` and `/r/ROOM`: who you are, which room, how you look and sound. Works without any device.
 */

import { languageList, showSwitch } from './controls.js';
import { part, stamp } from './dom.js';
import { watchInside } from './inside.js';
import { keyFrom } from './key.js';
import { Meter } from './meter.js';
import { roomFrom, suggestRoom } from './names.js';
import { deviceProblems, showNotices } from './notices.js';
import { pickers } from './pickers.js';
import { remember } from './prefs.js';
import { localise, say } from './words.js';

/** @typedef {import('./start.js').Face} Face */
/** @typedef {{element: HTMLElement, end: () => void}} View */
/** Ten looks a second: a meter that follows a voice, and a fan that stays quiet. */
const METER_EVERY = 100;

/**
 * @param {Face} face
 * @param {{room: string, problem?: {code: string}, join: (who: import('./start.js').Who) => Promise<void>}} options
 *   `room`: what the address names, '' for none; `join` rejects with a problem that has a code
 * @returns {View}
 */
export function lobbyView(face, { room, problem, join }) {
  const { media, prefs, settings } = face;
  const ending = new AbortController();
  const { signal } = ending;
  const view = stamp('lobby');
  localise(view);

  say(part(view, 'title'), room ? 'lobby.title.room' : 'lobby.title', { room });
  say(part(view, 'lead'), room ? 'lobby.lead.room' : 'lobby.lead');
  part(view, 'brand').textContent = settings.name;
  part(view, 'relay-only').hidden = !face.relayOnly();
  part(view, 'settings').addEventListener('click', () => face.openSettings());
  languageList(part(view, 'language', HTMLSelectElement), face);
  part(view, 'pickers').append(pickers(face, signal));

  watchInside(() => room, (people) => showInside(view, people, settings.max_people), signal);

  const devices = previewOf(view, face, signal);
  const form = joinForm(view, { prefs, room, join });
  if (problem) form.failed(problem.code);
  media.open();
  return {
    element: view,
    end() {
      ending.abort();
      devices.end();
      form.end();
    },
  };
}

/**
 * @param {HTMLElement} view
 * @param {number | null} people
 * @param {number} most  as many as the room holds
 */
function showInside(view, people, most) {
  const place = part(view, 'inside');
  place.hidden = people === null;
  if (people === null) return;
  const key = people === 0 ? 'inside.nobody' : people >= most ? 'inside.full' : 'inside.people';
  say(part(place, 'inside-words'), key, { n: people });
  place.classList.toggle('alive', people > 0);
}

/**
 * Picture, meter and the two switches, kept true to `media`.
 * @param {HTMLElement} view
 * @param {Face} face
 * @param {AbortSignal} signal
 */
function previewOf(view, { media }, signal) {
  const picture = part(view, 'picture', HTMLVideoElement);
  const meter = new Meter();
  const show = () => {
    if (picture.srcObject !== media.preview) picture.srcObject = media.preview;
    const seen = media.camera.track !== null;
    picture.hidden = !seen;
    part(view, 'empty').hidden = seen;
    say(part(view, 'empty-words'), media.camera.problem ? 'lobby.no-camera' : media.camera.on ? 'lobby.camera-opens' : 'lobby.camera-off');
    showSwitch(part(view, 'microphone'), 'mic', media.microphone.on);
    showSwitch(part(view, 'camera'), 'camera', media.camera.on);
    part(view, 'meter').hidden = !media.microphone.on;
    showNotices(part(view, 'notices'), deviceProblems(media));
  };
  part(view, 'microphone').addEventListener('click', () => media.setMicrophone(!media.microphone.on));
  part(view, 'camera').addEventListener('click', () => media.setCamera(!media.camera.on));
  media.addEventListener('change', show, { signal });
  const timer = setInterval(() => {
    part(view, 'meter').style.setProperty('--voice-level', meter.level(media.microphone.track).toFixed(2));
  }, METER_EVERY);
  show();
  return {
    end() {
      clearInterval(timer);
      meter.end();
      picture.srcObject = null;
    },
  };
}

/**
 * Name, room and the button; a field that is wrong says so and takes the focus, a door that stays shut says why beside the button.
 * @param {HTMLElement} view
 * @param {{prefs: import('./prefs.js').Prefs, room: string, join: (who: import('./start.js').Who) => Promise<void>}} how
 */
function joinForm(view, { prefs, room, join }) {
  const nameField = part(view, 'name', HTMLInputElement);
  const roomField = part(view, 'room', HTMLInputElement);
  const button = part(view, 'join', HTMLButtonElement);
  nameField.value = prefs.name;
  let suggested = suggestRoom();
  roomField.value = room || suggested;
  part(view, 'another').hidden = room !== '';
  part(view, 'another').addEventListener('click', () => {
    suggested = suggestRoom();
    roomField.value = suggested;
    complain(view, roomField, 'room', null);
  });
  /** @param {string | null} code */
  const failed = (code) => showNotices(part(view, 'door-notices'), code ? [{ code }] : []);
  let over = false;
  part(view, 'form').addEventListener('submit', async (event) => {
    event.preventDefault();
    if (button.getAttribute('aria-disabled') === 'true') return;
    const name = nameField.value.trim();
    const wanted = roomFrom(roomField.value);
    complain(view, roomField, 'room', wanted ? null : 'lobby.room.missing');
    complain(view, nameField, 'name', name ? null : 'lobby.name.missing');
    if (!name || !wanted) return;
    remember(prefs, { name });
    failed(null);
    busy(button, true);
    try {
      await join({ room: wanted, name, fresh: wanted === suggested, secret: keyFrom(roomField.value) });
    } catch (problem) {
      if (over) return;
      busy(button, false);
      const code = problem instanceof Error && 'code' in problem ? String(problem.code) : 'unknown';
      if (code === 'unknown') reportError(problem); // a mistake of ours: the console keeps its traces
      if (code === 'bad-room') complain(view, roomField, 'room', 'problems.bad-room.help');
      else if (code === 'bad-name') complain(view, nameField, 'name', 'problems.bad-name.help');
      else failed(code);
    }
  });
  return { failed, end: () => { over = true; } };
}

/**
 * @param {HTMLElement} button
 * @param {boolean} yes
 */
function busy(button, yes) {
  button.setAttribute('aria-disabled', String(yes));
  const words = button.querySelector('span');
  if (words) say(words, yes ? 'lobby.joining' : 'lobby.join');
}

/**
 * @param {HTMLElement} view
 * @param {HTMLInputElement} field
 * @param {'name' | 'room'} which
 * @param {string | null} key  what is wrong; null: nothing
 */
function complain(view, field, which, key) {
  const place = part(view, `${which}-problem`);
  place.hidden = key === null;
  place.id = `${which}-problem`;
  if (key === null) {
    field.removeAttribute('aria-invalid');
    field.removeAttribute('aria-describedby');
    return;
  }
  say(place, key);
  field.setAttribute('aria-invalid', 'true');
  field.setAttribute('aria-describedby', place.id);
  field.focus();
}
