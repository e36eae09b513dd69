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
    await mainPicture(what.stage)?.requestPictureInPicture();
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
  pip.document.body.append(view);
  const picture = part(view, 'picture', HTMLVideoElement);
  const show = () => {
    const shown = stage.tiles.get(stage.main ?? '');
    const stream = /** @type {MediaStream | null} */ (shown?.picture.srcObject ?? null);
    if (picture.srcObject !== stream) picture.srcObject = stream;
    picture.classList.toggle('mirrored', shown?.element.classList.contains('mirrored') ?? false);
    picture.classList.toggle('whole', shown?.element.classList.contains('screen') ?? false);
    picture.hidden = !shown?.wanted;
    part(view, 'name').textContent = shown?.element.getAttribute('aria-label') ?? '';
    showSwitch(part(view, 'microphone'), 'mic', media.microphone.on);
    showSwitch(part(view, 'camera'), 'camera', media.camera.on);
  };
  part(view, 'microphone').addEventListener('click', () => media.setMicrophone(!media.microphone.on));
  part(view, 'camera').addEventListener('click', () => media.setCamera(!media.camera.on));
  part(view, 'leave').addEventListener('click', leave);
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

/** @param {Stage} stage */
function mainPicture(stage) {
  return stage.tiles.get(stage.main ?? '')?.picture;
}
