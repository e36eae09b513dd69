/**
 * One other person, as the page sees them: what they show, how well they are heard, and everything between the two of
 * you. Leaves out who is in the room at all (`call.js`).
 */
import { Control } from './control.js';
import { FileLanes } from './files/lanes.js';
import { NO_GESTURES, gesturesFrom } from './gestures.js';
import { Identity } from './identity.js';
import { Line } from './line.js';
import { Quality } from './quality.js';

/** @typedef {'connecting' | 'good' | 'weak' | 'lost'} Link */
/** @typedef {{ local: string, remote: string, protocol: 'udp' | 'tcp' | 'tls', relayed: boolean }} Path */
/** @typedef {{ microphone: boolean, camera: boolean, screen: boolean, saving: boolean }} Shows  saving: their camera is held back to save the call */
/**
 * @typedef {object} PeerStats
 * @property {number | null} rtt         seconds; a browser asks only every 2 to 3 s
 * @property {number | null} rttPictures the same by the other side's reports on our pictures, each second; null without pictures
 * @property {number | null} loss        share of packets that did not arrive here, 0..1, over the last second
 * @property {number | null} lossOut     the same of what this page sends, by the other side's last reports
 * @property {number | null} room        bit/s that the browser believes it could send; not in Firefox
 * @property {number | null} jitter      seconds
 * @property {number} bitrateIn          bit/s
 * @property {number} bitrateOut         bit/s
 * @property {number | null} width       of the picture that arrives
 * @property {number | null} height
 * @property {number | null} fps
 * @property {string | null} codec       of the picture that arrives: 'VP8'
 * @property {string | null} limitedBy   what makes the picture that is sent a smaller one than it might be: 'bandwidth', 'cpu', 'other'; not in Firefox
 */
/**
 * @typedef {object} PeerHooks what a peer asks of the call it is in
 * @property {(payload: import('./messages.js').SignalPayload) => void} signal
 * @property {() => RTCConfiguration} config
 * @property {() => number} startKbit
 * @property {() => import('./media.js').OutgoingTracks} tracks   what this page sends
 * @property {(peer: Peer) => import('./slots.js').Limits} limits of what goes to this person
 * @property {import('./slots.js').Codecs} codecs
 * @property {(peer: Peer) => import('./control.js').ControlMessage} state  what this page says it sends to them
 * @property {() => boolean} pictures   pictures are wanted at all
 * @property {(message: import('./control.js').ControlMessage) => void} onmessage anything but a state
 * @property {(channel: RTCDataChannel) => void} onfilechannel    a file begins to arrive
 * @property {{ room: string, secret: string | undefined }} key   the room's, to prove who is who
 * @property {() => void} onchange
 * @property {() => void} onunreachable
 * @property {() => void} onrefused     the relay did not take the credentials
 */

/** A beat with every look of the watchdogs: a path without media shows life between any two of them. */
const BEAT_EVERY = 450;
/** Voice and camera show on one tile, the screen with its sound on another. */
const TILES = Object.freeze({
  camera: /** @type {const} */ (['microphone', 'camera']),
  screen: /** @type {const} */ (['screen', 'screenSound']),
});

export class Peer {
  /**
   * @param {import('./messages.js').PeerEntry} entry
   * @param {{ browser: import('./connection.js').Browser, clock: import('./clock.js').Clock, hooks: PeerHooks }} parts
   */
  constructor(entry, { browser, clock, hooks }) {
    this.id = entry.id;
    this.name = entry.name;
    this.instance = entry.instance;
    this.away = entry.away;
    /** Whether they are a host of the room. */
    this.host = entry.host;
    /** Whether the hub still knows them; who is not seated stays as long as the path lives. */
    this.seated = true;
    /** @type {Link} */
    this.link = 'connecting';
    /** @type {Path | null} */
    this.path = null;
    /** What the hub makes of both sides' paths. @type {import('./messages.js').Why | null} */
    this.why = null;
    /** Microphone and camera; always the same object. */
    this.camera = new browser.MediaStream();
    /** The shared screen with its sound; always the same object. */
    this.screen = new browser.MediaStream();
    /** @type {Shows} what this person says they send */
    this.shows = { microphone: false, camera: false, screen: false, saving: false };
    /** @type {import('./gestures.js').Gestures} */
    this.gestures = NO_GESTURES;
    /** @type {PeerStats | null} */
    this.stats = null;
    /** @type {import('./adapt.js').Wants} how large they show what we send */
    this.wants = { camera: null, screen: null };
    /** What the path to them bears. */
    this.quality = new Quality(clock.now());
    /** How large we show what they send, and what we told them of it last. */
    this.view = { camera: /** @type {number | null} */ (null), screen: /** @type {number | null} */ (null) };
    this.watched = '';
    this.browser = browser;
    this.clock = clock;
    this.hooks = hooks;
    this.control = new Control((message) => this.#heard(message));
    /** Whether it is really their page at the other end. */
    this.identity = new Identity({ ...hooks.key, say: (message) => this.say(message), onchange: hooks.onchange });
    this.lastBeat = -Infinity;
    this.line = new Line({
      name: 'call', media: true, offerer: entry.offerer, browser, clock,
      config: hooks.config,
      startKbit: hooks.startKbit,
      codecs: hooks.codecs,
      signal: hooks.signal,
      onbuilt: (connection) => this.#built(connection),
      onused: (connection) => this.#used(connection),
      onconnected: ({ rtc }) => this.identity.connected(rtc),
      onunreachable: hooks.onunreachable,
      onrefused: hooks.onrefused,
    });
    this.fileLanes = this.#makeLanes(entry.offerer);
  }

  /** How loud this person is now, 0..1; poll it. */
  get speaking() {
    return this.line.current?.slots?.audioLevel ?? 0;
  }

  /** Whether what goes to this person costs the relay. */
  get relayed() {
    return this.path?.relayed ?? false;
  }

  /** Within which bounds pictures and sound go to this person now. */
  get limits() {
    return this.hooks.limits(this);
  }

  start() {
    this.line.start();
  }

  /** @param {import('./messages.js').SignalPayload} payload */
  receive(payload) {
    if (payload.connection === 'call') this.line.receive(payload);
    if (FileLanes.knows(payload.connection)) this.fileLanes.receive(payload);
  }

  /** Another connection, while this one still works. */
  renew() {
    this.line.renew();
  }

  /** Fresh relay credentials. */
  configure() {
    this.line.configure();
    this.fileLanes.each(({ line }) => line.configure());
  }

  /** @param {import('./control.js').ControlMessage} message reaches them once, in order, over any number of connections */
  say(message) {
    this.control.send(message);
  }

  /**
   * Tells this person how large their pictures are shown here, so that they send no more than that.
   * @param {{ camera: number, screen: number }} heights in device pixels, 0: not shown at all
   */
  watch({ camera, screen }) {
    this.view = { camera: Math.round(camera), screen: Math.round(screen) };
    this.#sayView();
  }

  /** The person at this page chose another preset. */
  async preset() {
    this.#sayView();
    await this.#bounded();
  }

  /** What this page sends has changed. */
  async sendTracks() {
    this.say(this.hooks.state(this));
    for (const { slots } of this.#connections()) {
      await slots?.send(this.hooks.tracks());
      await slots?.limit(this.hooks.limits(this));
    }
  }

  /** The number of people has changed, or the camera's size. */
  async limit() {
    for (const { slots } of this.#connections()) await slots?.limit(this.hooks.limits(this));
  }

  /**
   * The hub's newest word about this person.
   * @param {import('./messages.js').PeerEntry} entry
   * @returns {boolean} whether their page is a new one, to which nothing of the former one is known
   */
  update(entry) {
    const reloaded = entry.instance !== this.instance;
    Object.assign(this, { id: entry.id, name: entry.name, instance: entry.instance, away: entry.away, host: entry.host, seated: true });
    this.line.offerer = entry.offerer;
    this.fileLanes.offerer = entry.offerer;
    if (reloaded) this.#startAnew();
    else if (!entry.away) this.#hurry();
    return reloaded;
  }

  /** @param {boolean} canSignal twice a second */
  async tick(canSignal) {
    const now = this.clock.now();
    if (now - this.lastBeat >= BEAT_EVERY) {
      this.lastBeat = now;
      this.control.beat();
    }
    const before = this.link;
    await Promise.all([this.line.tick(canSignal && !this.away), this.fileLanes.tick(canSignal && !this.away)]);
    const { link, reading, stats } = this.line;
    const news = link !== before || stats !== this.stats;
    if (link === 'good' && (before === 'weak' || before === 'lost')) void this.line.current?.slots?.refresh();
    const { relayed } = this;
    Object.assign(this, { link, path: reading?.path ?? this.path, stats });
    if (this.relayed !== relayed) void this.limit();
    if (news && stats) await this.#heed(stats);
    if (news) this.hooks.onchange();
  }

  /** The picture to this person is held back to save the voices. */
  get saving() {
    return this.quality.off;
  }

  close() {
    this.line.close();
    this.fileLanes.close();
    for (const stream of [this.camera, this.screen]) for (const track of stream.getTracks()) stream.removeTrack(track);
  }

  /** What the path bears is another step now and then. @param {PeerStats} stats */
  async #heed({ rtt, lossOut, room }) {
    const sending = this.hooks.tracks().camera !== null;
    if (this.quality.look({ now: this.clock.now(), rtt, lossOut, room, sending })) await this.#bounded();
  }

  async #bounded() {
    this.say(this.hooks.state(this));
    await this.limit();
  }

  #sayView() {
    const none = { camera: 0, screen: 0 };
    const view = { type: 'view', ...(this.hooks.pictures() ? this.view : none) };
    if (JSON.stringify(view) === this.watched) return;
    this.watched = JSON.stringify(view);
    this.say(view);
  }

  #connections() {
    return [this.line.current, this.line.next].filter((connection) => connection !== null);
  }

  #startAnew() {
    this.control.reset();
    this.identity.reset();
    this.watched = '';
    this.#sayView();
    this.shows = { microphone: false, camera: false, screen: false, saving: false };
    this.gestures = NO_GESTURES;
    this.wants = { camera: null, screen: null };
    this.quality = new Quality(this.clock.now());
    this.fileLanes.close();
    this.fileLanes = this.#makeLanes(this.line.offerer);
    this.line.anew();
  }

  #hurry() {
    this.line.hurry();
    this.fileLanes.each(({ line }) => line.hurry());
  }

  /** @param {boolean} offerer */
  #makeLanes(offerer) {
    const { browser, clock, hooks } = this;
    const options = { browser, clock, offerer, config: hooks.config, signal: hooks.signal };
    return new FileLanes({ ...options, onconnected: ({ rtc }) => this.identity.connected(rtc) }, hooks.onfilechannel);
  }

  /** @param {import('./connection.js').Connection} connection */
  #built(connection) {
    this.control.attach(connection.control);
    connection.placed.then(async () => {
      await connection.slots?.send(this.hooks.tracks());
    });
    connection.rtc.addEventListener('connectionstatechange', () => {
      if (connection.state === 'connected') connection.slots?.limit(this.hooks.limits(this));
      this.hooks.onchange();
    });
    this.say(this.hooks.state(this));
  }

  /** Swaps the tracks inside the same two streams, so that whoever plays them goes on playing. @param {import('./connection.js').Connection} connection */
  #used(connection) {
    connection.placed.then(() => {
      if (this.line.current !== connection) return;
      for (const [name, slots] of Object.entries(TILES)) {
        const stream = name === 'camera' ? this.camera : this.screen;
        for (const track of stream.getTracks()) stream.removeTrack(track);
        for (const slot of slots) {
          const track = connection.slots?.track(slot);
          if (track) stream.addTrack(track);
        }
      }
      this.hooks.onchange();
    });
  }

  /** @param {import('./control.js').ControlMessage} message */
  #heard(message) {
    if (message.type === 'view') return this.#wanted(message);
    if (message.type === 'proof') return this.identity.hear(message.proof);
    if (message.type !== 'state') return this.hooks.onmessage(message);
    this.shows = { microphone: message.microphone === true, camera: message.camera === true, screen: message.screen === true, saving: message.saving === true };
    this.gestures = gesturesFrom(message);
    if (typeof message.name === 'string' && message.name) this.name = message.name;
    this.hooks.onchange();
  }

  /** @param {import('./control.js').ControlMessage} view */
  #wanted({ camera, screen }) {
    this.wants = { camera: heightFrom(camera), screen: heightFrom(screen) };
    void this.limit();
  }
}

/** @param {unknown} given @returns {number | null} */
function heightFrom(given) {
  return typeof given === 'number' && Number.isFinite(given) && given >= 0 ? given : null;
}
