/**
 * The call in a small window that stays on top: a document of its own with the controls where the browser has that,
 * else the one picture. Fetched when first asked for.
 */

import { part, stamp } from './dom.js';
import { showSwitch } from './controls.js';
import { localise } from './words.js';

/** @typedef {import('./stage.js').Stage} Stage */
/** @typedef {{stage: Stage, media: import('../call/media.js').Media, leave: () => void, signal: AbortSignal}} What */

const SIZE = Object.freeze({ width: 360, height: 270 });
/** The window follows who speaks and what is shared at an easy pace. */
const LOOK_EVERY = 500;

/**
 * Opens it, or closes the one that is open.
 * @param {What} what
 * @returns {Promise<void>} rejects when the browser does not let it
 */
export async function togglePip(what) {
  const { documentPictureInPicture: door } = /** @type {any} */ (window);
  if (door) {
    if (door.window) door.window.close();
    else fill(await door.requestWindow({ ...SIZE }), what);
  } else if (document.pictureInPictureElement) {
    await document.exitPictureInPicture();
  } else {
    await floatPicture(what.stage);
  }
}

/**
 * @param {Window} pip
 * @param {What} what
 */
function fill(pip, { stage, media, leave, signal }) {
  const ending = new AbortController();
  dress(pip.document);
  const view = stamp('pip');
  localise(view);
  // Before they move: in the other window Firefox makes them elements of that window, which are none of this one's classes.
  const picture = part(view, 'picture', HTMLVideoElement);
  const [name, microphone, camera, hangUp] = ['name', 'microphone', 'camera', 'leave'].map((one) => part(view, one));
  pip.document.body.append(view);
  const show = () => {
    const shown = stage.tiles.get(stage.main);
    const stream = /** @type {MediaStream | null} */ (shown?.picture.srcObject ?? null);
    if (picture.srcObject !== stream) picture.srcObject = stream;
    picture.classList.toggle('mirrored', shown?.element.classList.contains('mirrored') ?? false);
    picture.classList.toggle('whole', shown?.element.classList.contains('screen') ?? false);
    picture.hidden = !shown?.wanted;
    name.textContent = shown?.element.getAttribute('aria-label') ?? '';
    showSwitch(microphone, 'mic', media.microphone.on);
    showSwitch(camera, 'camera', media.camera.on);
  };
  microphone.addEventListener('click', () => media.setMicrophone(!media.microphone.on));
  camera.addEventListener('click', () => media.setCamera(!media.camera.on));
  hangUp.addEventListener('click', leave);
  media.addEventListener('change', show, { signal: ending.signal });
  const timer = setInterval(show, LOOK_EVERY);
  stage.watchElsewhere(true);
  show();
  signal.addEventListener('abort', () => pip.close(), { signal: ending.signal });
  pip.addEventListener('pagehide', () => {
    ending.abort();
    clearInterval(timer);
    stage.watchElsewhere(false);
  });
}

/** The same sheets and the same words' language. @param {Document} target */
function dress(target) {
  target.documentElement.lang = document.documentElement.lang;
  for (const sheet of document.querySelectorAll('link[rel="stylesheet"]')) target.head.append(sheet.cloneNode());
  target.body.append(/** @type {Node} */ (document.querySelector('svg.sprite')).cloneNode(true));
}

/** The picture by itself: it is looked at although the page may be hidden. @param {Stage} stage */
async function floatPicture(stage) {
  const picture = stage.tiles.get(stage.main)?.picture;
  await picture?.requestPictureInPicture();
  picture?.addEventListener('leavepictureinpicture', () => stage.watchElsewhere(false), { once: true });
  stage.watchElsewhere(true);
}
