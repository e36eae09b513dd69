/**
 * One picture on the stage with what belongs to it: name, muted mark, state in words, quality and path, pin.
 * Everything that is told by colour is told by shape or words too.
 */

import { make, part, setIcon, stamp } from './dom.js';
import { hue, initials } from './units.js';
import { label, localise, say, t } from './words.js';

/** @typedef {import('../call/peer.js').Peer} Peer */
/** @typedef {'good' | 'fair' | 'weak' | 'lost' | 'none'} Quality */
/**
 * @typedef {object} TileLook
 * @property {string} name      of the tile
 * @property {string} [caption] as shown, where that is shorter
 * @property {string} who       the person's bare name: initials, colour
 * @property {boolean} pictured a picture should be there
 * @property {boolean} muted
 * @property {boolean} [hand]   raised
 * @property {boolean} [mirrored]
 * @property {{key: string, quiet: boolean} | null} [state]  in words, over the picture
 * @property {Quality} [quality]
 * @property {string | null} [path]  a key, null while unknown
 */
/** @typedef {{icon: string, key: string, run: () => void, when?: 'floating' | 'touch'}} Tool  a button of this tile beside the pin */

/** As long as its way up takes; see `bubble` in room.css. */
const BUBBLE_FOR = 3200;

export class Tile {
  /**
   * @param {{stream: MediaStream, screen?: boolean, onPin: () => void, onDetails?: () => void, tools?: Tool[]}} what
   */
  constructor({ stream, screen = false, onPin, onDetails, tools = [] }) {
    this.element = stamp('tile');
    localise(this.element);
    this.element.classList.toggle('screen', screen);
    this.element.classList.add('fresh');
    this.picture = part(this.element, 'picture', HTMLVideoElement);
    this.picture.srcObject = stream;
    this.wanted = false;
    for (const event of ['loadeddata', 'resize', 'playing', 'emptied']) this.picture.addEventListener(event, () => this.#showPicture());
    stream.addEventListener('addtrack', () => this.#play());
    const pin = part(this.element, 'pin', HTMLButtonElement);
    pin.addEventListener('click', onPin);
    this.link = part(this.element, 'link', HTMLButtonElement);
    if (onDetails) this.link.addEventListener('click', onDetails);
    pin.before(...tools.map(toolButton));
  }

  /** @param {TileLook} look */
  show({ name, caption = name, who, pictured, muted, hand = false, mirrored = false, state = null, quality = 'none', path = null }) {
    const { element } = this;
    if (element.getAttribute('aria-label') !== name) {
      element.setAttribute('aria-label', name);
      part(element, 'name').textContent = caption;
      part(element, 'initials').textContent = initials(who);
      element.style.setProperty('--hue', String(hue(who)));
      label(part(element, 'pin'), 'tile.pin', { name });
    }
    element.classList.toggle('mirrored', mirrored);
    part(element, 'muted').hidden = !muted;
    part(element, 'hand').hidden = !hand;
    this.wanted = pictured;
    this.#showPicture();
    this.#showState(state);
    this.#showLink(name, quality, path);
  }

  /** @param {boolean} yes */
  speaking(yes) {
    this.element.classList.toggle('speaking', yes);
  }

  /** A sign rises from the picture and is gone. @param {string} sign */
  bubble(sign) {
    const bubble = make('span', 'bubble', sign);
    bubble.setAttribute('aria-hidden', 'true'); // said in the live region
    bubble.style.setProperty('--drift', `${Math.round(Math.random() * 60 - 30)}%`);
    this.element.append(bubble);
    setTimeout(() => bubble.remove(), BUBBLE_FOR);
  }

  /** @param {boolean} yes */
  pinned(yes) {
    part(this.element, 'pin').setAttribute('aria-pressed', String(yes));
  }

  /**
   * @param {import('./grid.js').Rect} rect
   * @param {boolean} floating
   */
  place(rect, floating) {
    const { style, classList } = this.element;
    style.transform = `translate(${rect.x.toFixed(1)}px, ${rect.y.toFixed(1)}px)`;
    style.width = `${rect.width.toFixed(1)}px`;
    style.height = `${rect.height.toFixed(1)}px`;
    classList.toggle('floating', floating);
    // Only later moves glide: a new tile appears where it belongs.
    if (classList.contains('fresh')) requestAnimationFrame(() => requestAnimationFrame(() => classList.remove('fresh')));
  }

  end() {
    this.picture.srcObject = null;
    this.element.remove();
  }

  #showPicture() {
    this.element.classList.toggle('pictured', this.wanted && this.picture.videoWidth > 0);
  }

  #play() {
    this.picture.play().catch(() => {}); // muted pictures are refused only when there is nothing to play yet
  }

  /** @param {{key: string, quiet: boolean} | null} state */
  #showState(state) {
    const place = part(this.element, 'state');
    place.hidden = state === null;
    place.classList.toggle('quiet', state?.quiet ?? false);
    this.element.classList.toggle('dimmed', state !== null && !state.quiet);
    if (state) say(part(place, 'state-words'), state.key);
  }

  /**
   * @param {string} name
   * @param {Quality} quality
   * @param {string | null} path
   */
  #showLink(name, quality, path) {
    this.element.dataset.quality = quality;
    this.link.hidden = quality === 'none';
    if (quality === 'none') return;
    const words = part(this.link, 'path');
    if (path) say(words, path);
    else words.textContent = '';
    this.link.setAttribute('aria-label', t('tile.link', { name, quality: t(`quality.${quality}`), path: path ? t(path) : '' }).trim());
  }
}

/** @param {Tool} tool */
function toolButton({ icon, key, run, when }) {
  const button = stamp('tool');
  setIcon(button, icon);
  label(button, key);
  button.setAttribute('data-t-tip', key);
  button.title = t(key);
  if (when) button.classList.add(`when-${when}`);
  button.addEventListener('click', run);
  return button;
}

/**
 * How good the way to a person is: four steps, from what they notice first.
 * @param {Peer} peer
 * @returns {Quality}
 */
export function qualityOf({ link, away, stats }) {
  if (link === 'connecting') return 'none';
  if (link === 'lost' || (away && link !== 'good')) return 'lost';
  if (link === 'weak') return 'weak';
  // Over 300 ms people talk into each other; over 3 % loss is seen and heard.
  return (stats?.rtt ?? 0) > 0.3 || (stats?.loss ?? 0) > 0.03 ? 'fair' : 'good';
}

/**
 * The key that says which way pictures and sound go, null while unknown.
 * @param {Peer['path']} path
 */
export function pathKey(path) {
  if (!path) return null;
  return path.relayed ? `path.${path.protocol}` : 'path.direct';
}

/**
 * What to write over a person's picture, null for nothing.
 * @param {Peer} peer
 * @returns {{key: string, quiet: boolean} | null}
 */
export function stateOf({ link, away, shows }) {
  if (link === 'connecting') return { key: 'tile.connecting', quiet: false };
  if (link === 'lost') return { key: 'tile.lost', quiet: false };
  if (away) return { key: 'tile.away', quiet: true };
  if (link === 'weak') return { key: 'tile.weak', quiet: true };
  return shows.saving ? { key: 'tile.saving', quiet: true } : null;
}
