/**
 * All tiles of a call and where they stand: yourself, everybody else, every shared screen. A shared screen takes the
 * stage when it appears; a pin puts anybody there.
 */

import { arrange } from './grid.js';
import { Tile, pathKey, qualityOf, stateOf } from './tile.js';
import { t } from './words.js';

/** @typedef {import('../call/peer.js').Peer} Peer */
/** Louder than this is speech; the number is the RTP audio level, 0..1. */
const SPEECH = 0.02;
const YOU = 'you';
const YOUR_SCREEN = `${YOU}/screen`;

export class Stage {
  /**
   * @param {HTMLElement} place
   * @param {{call: import('../call/call.js').Call, showDetails: (peer: Peer) => void}} what
   */
  constructor(place, { call, showDetails }) {
    this.place = place;
    this.call = call;
    this.showDetails = showDetails;
    /** @type {Map<string, Tile>} */
    this.tiles = new Map();
    /** @type {WeakMap<Peer, string>} a person's key, for as long as this stage stands: ids may change with the server */
    this.keys = new WeakMap();
    /** @type {string | null} pinned by hand */
    this.pinned = null;
    this.watcher = new ResizeObserver(() => this.arrange());
    this.watcher.observe(place);
    this.showYou();
  }

  showYou() {
    const { media, you } = this.call;
    const tile = this.#tile(YOU, { stream: media.preview });
    tile.show({
      name: t('tile.you', { name: you.name }), caption: t('chat.you'), who: you.name, mirrored: true,
      pictured: media.camera.on && media.camera.track !== null, muted: !media.microphone.on,
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
      name: peer.name, who: peer.name, pictured: peer.shows.camera, muted: !peer.shows.microphone && peer.link !== 'connecting',
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

  /** Lights the ring of whoever speaks. @param {boolean} youSpeak */
  showVoices(youSpeak) {
    this.tiles.get(YOU)?.speaking(youSpeak);
    for (const peer of this.call.peers.values()) {
      this.tiles.get(this.#keyOf(peer))?.speaking(peer.shows.microphone && peer.speaking > SPEECH);
    }
  }

  /** After a change of language: names carry words ("you"). */
  rename() {
    this.showYou();
    for (const peer of this.call.peers.values()) this.showPeer(peer);
  }

  arrange() {
    const size = { width: this.place.clientWidth, height: this.place.clientHeight };
    if (size.width === 0 || size.height === 0) return;
    const focus = this.#focus();
    const rects = arrange(size, { tiles: this.#order(), you: YOU, focus });
    const floats = focus === null && this.tiles.size <= 2;
    for (const [key, rect] of rects) this.tiles.get(key)?.place(rect, floats && key === YOU);
    for (const [key, tile] of this.tiles) tile.pinned(key === this.pinned);
  }

  end() {
    this.watcher.disconnect();
    for (const key of [...this.tiles.keys()]) this.#remove(key);
  }

  /** @param {Peer} peer */
  #keyOf(peer) {
    const key = this.keys.get(peer) ?? peer.id;
    this.keys.set(peer, key);
    return key;
  }

  /** @returns {string | null} the pinned tile, else the screen shared last by somebody else */
  #focus() {
    if (this.pinned !== null && this.tiles.has(this.pinned)) return this.pinned;
    const screens = [...this.tiles.keys()].filter((key) => key.endsWith('/screen') && key !== YOUR_SCREEN);
    return screens[screens.length - 1] ?? null;
  }

  /** Everybody by arrival, then yourself. */
  #order() {
    const yours = [YOUR_SCREEN, YOU].filter((key) => this.tiles.has(key));
    return [...this.tiles.keys()].filter((key) => !yours.includes(key)).concat(yours);
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
   * @param {{stream: MediaStream, screen?: boolean, onDetails?: () => void}} what
   */
  #tile(key, what) {
    const present = this.tiles.get(key);
    if (present) return present;
    const tile = new Tile({ ...what, onPin: () => this.#pin(key) });
    this.tiles.set(key, tile);
    // The document's order is the reading order: yourself stays last.
    this.place.insertBefore(tile.element, key === YOU ? null : this.tiles.get(YOU)?.element ?? null);
    return tile;
  }

  /** @param {string} key */
  #pin(key) {
    this.pinned = this.pinned === key ? null : key;
    this.arrange();
  }

  /** @param {string} key */
  #remove(key) {
    this.tiles.get(key)?.end();
    this.tiles.delete(key);
    if (this.pinned === key) this.pinned = null;
  }
}
