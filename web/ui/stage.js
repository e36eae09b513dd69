/**
 * All tiles of a call and where they stand: yourself, everybody else, every shared screen. A shared screen takes the
 * stage when it appears; a pin puts anybody there.
 */

import { draggable } from './drag.js';
import { CORNERS, arrange, nearestCorner } from './grid.js';
import { remember } from './prefs.js';
import { Speaker } from './speaker.js';
import { Tile, pathKey, qualityOf, stateOf } from './tile.js';
import { t } from './words.js';

/** @typedef {import('../call/peer.js').Peer} Peer */
/** @typedef {Pick<Tile, 'element' | 'place' | 'pinned' | 'end'>} Placed  what can stand on the stage */
/** Louder than this is speech; the number is the RTP audio level, 0..1. */
const SPEECH = 0.02;
/** A stage that is being dragged or rearranged tells the others once it has come to rest. */
const WATCH_AFTER = 500;
const YOU = 'you';
const YOUR_SCREEN = `${YOU}/screen`;

export class Stage {
  /**
   * @param {HTMLElement} place
   * @param {{call: import('../call/call.js').Call, prefs: import('./prefs.js').Prefs, showDetails: (peer: Peer) => void}} what
   */
  constructor(place, { call, prefs, showDetails }) {
    this.place = place;
    this.call = call;
    this.prefs = prefs;
    this.showDetails = showDetails;
    /** @type {Map<string, Tile>} people and screens */
    this.tiles = new Map();
    /** @type {Map<string, Placed>} what else stands among them: a whiteboard */
    this.guests = new Map();
    /** Others' screens and guests, the one that came last is what one looks at. @type {string[]} */
    this.shown = [];
    /** @type {WeakMap<Peer, string>} a person's key, for as long as this stage stands: ids may change with the server */
    this.keys = new WeakMap();
    /** @type {string | null} pinned by hand */
    this.pinned = null;
    this.selfHidden = false;
    /** Shown although the page is hidden: in a window of its own. */
    this.watchedElsewhere = false;
    this.speaker = new Speaker();
    /** @type {Map<string, import('./grid.js').Rect>} where everything stands now */
    this.rects = new Map();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.watchTimer = undefined;
    this.ending = new AbortController();
    this.watcher = new ResizeObserver(() => this.arrange());
    this.watcher.observe(place);
    this.back = /** @type {HTMLButtonElement} */ (place.querySelector('[data-part="self-back"]'));
    this.back.addEventListener('click', () => this.hideSelf(false));
    document.addEventListener('visibilitychange', () => this.#watchLater(), { signal: this.ending.signal });
    this.showYou();
  }

  showYou() {
    const { media, you, talk: { gestures } } = this.call;
    const tile = this.#tile(YOU, { stream: media.preview, tools: this.#selfTools() });
    tile.show({
      name: t('tile.you', { name: you.name }), caption: t('chat.you'), who: you.name, mirrored: media.facing === 'user',
      pictured: media.camera.on && media.camera.track !== null, muted: !media.microphone.on, hand: gestures.hand,
    });
    this.#showScreen(YOUR_SCREEN, media.screen.on, media.screenPreview, t('tile.your-screen'), you.name);
    this.arrange();
  }

  /** @param {Peer} peer */
  showPeer(peer) {
    const key = this.#keyOf(peer);
    const tile = this.#tile(key, { stream: peer.camera, onDetails: () => this.showDetails(peer) });
    tile.element.dataset.peer = peer.id;
    tile.element.dataset.link = peer.link;
    tile.element.dataset.relayed = peer.path ? String(peer.path.relayed) : '';
    tile.show({
      name: peer.name, who: peer.name, pictured: peer.shows.camera, muted: !peer.shows.microphone && peer.link !== 'connecting', hand: peer.gestures.hand,
      state: stateOf(peer), quality: qualityOf(peer), path: pathKey(peer.path),
    });
    this.#showScreen(`${key}/screen`, peer.shows.screen, peer.screen, t('tile.screen', { name: peer.name }), peer.name);
    this.arrange();
  }

  /** @param {Peer} peer */
  removePeer(peer) {
    this.#remove(this.#keyOf(peer));
    this.#remove(`${this.#keyOf(peer)}/screen`);
    this.arrange();
  }

  /** Lights the ring of whoever speaks, ten times a second. @param {boolean} youSpeak */
  showVoices(youSpeak) {
    this.tiles.get(YOU)?.speaking(youSpeak);
    let loudest = { key: /** @type {string | null} */ (null), level: SPEECH };
    for (const peer of this.call.peers.values()) {
      const level = peer.shows.microphone ? peer.speaking : 0;
      const key = this.#keyOf(peer);
      this.tiles.get(key)?.speaking(level > SPEECH);
      if (level > loudest.level) loudest = { key, level };
    }
    if (this.speaker.look(loudest.key) && this.prefs.layout === 'speaker') this.arrange();
  }

  /** @param {string} sign @param {Peer} [peer] you, if nobody else */
  showReaction(sign, peer) {
    this.tiles.get(peer ? this.#keyOf(peer) : YOU)?.bubble(sign);
  }

  /** Everybody alike, or whoever speaks large. @param {'grid' | 'speaker'} layout */
  setLayout(layout) {
    remember(this.prefs, { layout });
    this.arrange();
  }

  /** @param {boolean} yes */
  hideSelf(yes) {
    this.selfHidden = yes;
    const tile = this.tiles.get(YOU);
    if (tile) tile.element.hidden = yes;
    this.back.hidden = !yes;
    this.arrange();
    (yes ? this.back : tile?.element.querySelector('button'))?.focus();
  }

  /** Puts something else among the tiles, as large as a shared screen. @param {string} key @param {Placed} guest */
  host(key, guest) {
    this.guests.set(key, guest);
    this.shown.push(key);
    this.place.insertBefore(guest.element, this.place.querySelector('.tile'));
    this.arrange();
  }

  /** @param {string} key */
  dismiss(key) {
    this.guests.get(key)?.end();
    this.guests.delete(key);
    this.shown = this.shown.filter((one) => one !== key);
    if (this.pinned === key) this.pinned = null;
    this.arrange();
  }

  /** After a change of language: names carry words ("you"). */
  rename() {
    this.showYou();
    for (const peer of this.call.peers.values()) this.showPeer(peer);
  }

  /** They are still seen while the page is hidden. @param {boolean} yes */
  watchElsewhere(yes) {
    this.watchedElsewhere = yes;
    this.#watchLater();
  }

  arrange() {
    const size = this.#size();
    if (size.width === 0 || size.height === 0) return;
    const focus = this.#focus();
    const tiles = this.#order();
    const rects = arrange(size, { tiles, you: this.selfHidden ? null : YOU, focus, corner: this.prefs.corner });
    const floats = focus === null && tiles.length <= 2;
    for (const [key, rect] of rects) this.#placed(key)?.place(rect, floats && key === YOU);
    for (const key of [...this.tiles.keys(), ...this.guests.keys()]) this.#placed(key)?.pinned(key === this.pinned);
    this.rects = rects;
    this.#watchLater();
  }

  end() {
    this.ending.abort();
    this.watcher.disconnect();
    clearTimeout(this.watchTimer);
    for (const key of [...this.guests.keys()]) this.dismiss(key);
    for (const key of [...this.tiles.keys()]) this.#remove(key);
  }

  /** The key of the tile one would look at first: the stage's focus, else the first other person. @returns {string} */
  get main() {
    const focus = this.#focus();
    if (focus !== null && this.tiles.has(focus)) return focus;
    return this.speaker.large ?? [...this.tiles.keys()].find((key) => key !== YOU) ?? YOU;
  }

  #size() {
    return { width: this.place.clientWidth, height: this.place.clientHeight };
  }

  /** @param {string} key @returns {Placed | undefined} */
  #placed(key) {
    return this.tiles.get(key) ?? this.guests.get(key);
  }

  /** @param {Peer} peer */
  #keyOf(peer) {
    const key = this.keys.get(peer) ?? peer.id;
    this.keys.set(peer, key);
    return key;
  }

  /** @returns {string | null} the pinned tile, else what was shown last, else who speaks if that is wanted */
  #focus() {
    if (this.pinned !== null && this.#placed(this.pinned)) return this.pinned;
    const last = this.shown.at(-1);
    if (last !== undefined) return last;
    const { large } = this.speaker;
    return this.prefs.layout === 'speaker' && this.call.peers.size > 1 ? (large ?? [...this.tiles.keys()].find((key) => key !== YOU) ?? null) : null;
  }

  /** Everybody by arrival, then yourself. */
  #order() {
    const yours = [YOUR_SCREEN, ...(this.selfHidden ? [] : [YOU])].filter((key) => this.tiles.has(key));
    return [...this.guests.keys(), ...this.tiles.keys()].filter((key) => key !== YOU && key !== YOUR_SCREEN).concat(yours);
  }

  /** Everybody learns how large they are shown here, so that they send no more than that. */
  #watchLater() {
    clearTimeout(this.watchTimer);
    this.watchTimer = setTimeout(() => {
      const seen = document.visibilityState === 'visible' || this.watchedElsewhere;
      for (const peer of this.call.peers.values()) {
        const key = this.#keyOf(peer);
        peer.watch({ camera: seen ? this.#pixels(key) : 0, screen: seen ? this.#pixels(`${key}/screen`) : 0 });
      }
    }, WATCH_AFTER);
  }

  /** Height in device pixels; a face fills its tile, so a wide one needs more than its own height. @param {string} key */
  #pixels(key) {
    const rect = this.rects.get(key);
    if (!rect || !this.tiles.get(key)) return 0;
    return Math.round(Math.max(rect.height, (rect.width * 9) / 16) * devicePixelRatio);
  }

  /** @returns {import('./tile.js').Tool[]} */
  #selfTools() {
    return [
      { icon: 'flip', key: 'self.flip', when: 'touch', run: () => { this.call.media.flipCamera(); } },
      { icon: 'move', key: 'self.move', when: 'floating', run: () => this.#moveTo(CORNERS[(CORNERS.indexOf(this.prefs.corner) + 1) % CORNERS.length]) },
      { icon: 'hide', key: 'self.hide', run: () => this.hideSelf(true) },
    ];
  }

  /** The self-view goes to the corner it is let go of nearest. @param {HTMLElement} element */
  #letMove(element) {
    draggable(element, {
      from: () => (element.classList.contains('floating') ? this.rects.get(YOU) ?? null : null),
      dropped: (middle) => this.#moveTo(nearestCorner(this.#size(), middle)),
    });
  }

  /** @param {import('./grid.js').Corner} corner */
  #moveTo(corner) {
    remember(this.prefs, { corner });
    this.arrange();
  }

  /**
   * @param {string} key
   * @param {boolean} shown
   * @param {MediaStream} stream
   * @param {string} name
   * @param {string} who
   */
  #showScreen(key, shown, stream, name, who) {
    if (!shown) return this.#remove(key);
    this.#tile(key, { stream, screen: true }).show({ name, who, pictured: true, muted: false });
  }

  /**
   * @param {string} key
   * @param {{stream: MediaStream, screen?: boolean, onDetails?: () => void, tools?: import('./tile.js').Tool[]}} what
   */
  #tile(key, what) {
    const present = this.tiles.get(key);
    if (present) return present;
    const tile = new Tile({ ...what, onPin: () => this.pin(key) });
    this.tiles.set(key, tile);
    if (what.screen && key !== YOUR_SCREEN) this.shown.push(key);
    if (key === YOU) this.#letMove(tile.element);
    // The document's order is the reading order: yourself stays last.
    this.place.insertBefore(tile.element, key === YOU ? this.back : this.tiles.get(YOU)?.element ?? null);
    return tile;
  }

  /** @param {string} key */
  pin(key) {
    this.pinned = this.pinned === key ? null : key;
    this.arrange();
  }

  /** @param {string} key */
  #remove(key) {
    this.tiles.get(key)?.end();
    this.tiles.delete(key);
    this.shown = this.shown.filter((one) => one !== key);
    this.speaker.forget(key);
    if (this.pinned === key) this.pinned = null;
  }
}
