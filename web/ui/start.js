/**
 * From view to view: lobby, call, goodbye. Knows which view is shown and what the address says; the views know the rest.
 */

import { part } from './dom.js';
import { problemKeys } from './help.js';
import { hashWith, keyFrom, newKey } from './key.js';
import { lobbyView } from './lobby.js';
import { messageView } from './message.js';
import { linkTo, roomOfPath } from './names.js';
import { remember } from './prefs.js';
import { roomView } from './room.js';
import { openSettings } from './settings.js';
import { toast } from './toasts.js';
import { useLanguage } from './words.js';

/** @typedef {import('../call/call.js').Call} Call */
/** @typedef {import('../call/media.js').Media} Media */
/** @typedef {import('../call/settings.js').Settings} Settings */
/** @typedef {import('./prefs.js').Prefs} Prefs */
/**
 * @typedef {object} Who
 * @property {string} room
 * @property {string} name
 * @property {boolean} [fresh]    the room's name was made up here: nobody else knows it yet
 * @property {string} [secret]    the room's key, from a link that was pasted
 * @property {string} [password]
 */

export class Face {
  /**
   * @param {object} parts
   * @param {HTMLElement} parts.place
   * @param {(how: {relayOnly: boolean}) => Call} parts.makeCall
   * @param {(signaling: import('../call/call.js').Mediator) => Call} parts.makeManualCall  one that no hub knows of
   * @param {Media} parts.media
   * @param {Settings} parts.settings
   * @param {Prefs} parts.prefs
   */
  constructor({ place, makeCall, makeManualCall, media, settings, prefs }) {
    this.place = place;
    this.makeCall = makeCall;
    this.makeManualCall = makeManualCall;
    this.media = media;
    this.settings = settings;
    this.prefs = prefs;
    /** @type {import('./lobby.js').View | null} */
    this.view = null;
    /** @type {{room: string, name: string} | null} the call that is on */
    this.inCall = null;
    /** Whether a host is being waited for. */
    this.knocking = false;
    /** @type {(id: string) => void} the room listens while there is one */
    this.onSpeaker = () => {};
    this.onLanguage = () => {};
    this.onPictures = () => {};
    document.title = settings.name;
  }

  /** The first view. */
  start() {
    const missing = missingFeature();
    if (missing) this.message(tooOld());
    else if (location.pathname === '/manual') void this.manual();
    else if (!this.settings.reached) this.#offline();
    else this.lobby();
  }

  /** @param {{code: string}} [problem] */
  lobby(problem) {
    const room = roomOfPath(location.pathname);
    this.#title(room);
    this.#show(lobbyView(this, { room, problem, join: (who) => this.join(who) }));
  }

  /** Two pages joined by texts that people carry. */
  async manual() {
    const { manualView } = await import('./manual/view.js');
    this.#title('');
    this.#show(manualView(this), 'title');
  }

  /**
   * A call that came about in another way than through a room's door.
   * @param {Call} call
   * @param {(end: import('./room.js').End) => void} onEnd
   * @returns {HTMLElement} what is shown
   */
  inside(call, onEnd) {
    call.sending.usePreset(this.prefs.pictures);
    this.onPictures = () => call.sending.usePreset(this.prefs.pictures);
    const view = roomView(this, call, onEnd);
    this.#title(call.room);
    this.#show(view, 'name');
    return view.element;
  }

  /**
   * @param {Who} who
   * @returns {Promise<void>} rejects with a problem
   */
  async join(who) {
    const call = this.makeCall({ relayOnly: this.relayOnly() });
    const secret = who.secret ?? keyFrom(location.hash) ?? (who.fresh ? newKey() : undefined);
    const invitation = new URLSearchParams(location.search).get('i') ?? undefined;
    call.addEventListener('state', () => { if (call.state === 'waiting') this.#waiting(who, call); });
    try {
      await call.join({ ...who, secret, invitation });
    } catch (problem) {
      call.leave();
      return this.#refused(who, problem, call);
    }
    this.knocking = false;
    this.inCall = who;
    history.replaceState(null, '', linkTo('', who.room) + location.search + hashWith(secret));
    this.inside(call, (end) => this.#ended(who, end));
  }

  /**
   * The door is shut: perhaps something can be done about it.
   * @param {Who} who
   * @param {unknown} problem
   * @param {Call} call
   * @returns {Promise<void>}
   */
  async #refused(who, problem, call) {
    const code = problem instanceof Error && 'code' in problem ? String(problem.code) : '';
    if (code === 'room-full') return this.#full(who, call.maxPeople);
    if (code === 'password-needed' || code === 'password-wrong') {
      const { askPassword } = await import('./password.js');
      const password = await askPassword(code === 'password-wrong');
      if (password) return this.join({ ...who, password });
    }
    if (!this.knocking) throw problem;
    this.knocking = false;
    this.lobby({ code });
  }

  /**
   * @param {Who} who
   * @param {Call} call
   */
  #waiting(who, call) {
    this.knocking = true;
    this.message({
      icon: 'wait', title: 'knock.waiting', text: 'knock.waiting.help', holes: { room: who.room },
      actions: [{ key: 'knock.stop', quiet: true, run: () => { call.leave(); this.knocking = false; this.lobby(); } }],
    });
  }

  /** Only through the relay: the address says so, or the owner of the server. */
  relayOnly() {
    return this.settings.relay_only || new URLSearchParams(location.search).has('relay');
  }

  /** Takes effect with the next call, and says so when one is on. @param {boolean} yes */
  setRelayOnly(yes) {
    const query = new URLSearchParams(location.search);
    if (yes) query.set('relay', '');
    else query.delete('relay');
    const search = `?${query}`.replace('relay=', 'relay');
    history.replaceState(null, '', location.pathname + (search === '?' ? '' : search) + location.hash);
    const note = this.place.querySelector('.lobby [data-part="relay-only"]');
    if (note instanceof HTMLElement) note.hidden = !yes;
    if (this.inCall) toast('settings.relay-only.later');
  }

  /** @param {import('../call/adapt.js').Preset} pictures */
  setPictures(pictures) {
    remember(this.prefs, { pictures });
    this.onPictures();
  }

  /** @param {string} language */
  async setLanguage(language) {
    remember(this.prefs, { language });
    await useLanguage(language, this.settings.languages);
    for (const list of document.querySelectorAll('select[data-part="language"]')) /** @type {HTMLSelectElement} */ (list).value = language;
    this.onLanguage();
  }

  /** @param {string} id */
  useSpeaker(id) {
    this.onSpeaker(id);
  }

  openSettings() {
    openSettings(this);
  }

  /**
   * @param {Who} who
   * @param {{reason: 'left' | 'failed', problem?: {code: string}}} end
   */
  #ended(who, { reason, problem }) {
    this.inCall = null;
    this.media.close();
    if (reason === 'failed' && problem) {
      if (isFull(problem)) return this.#full(who, this.settings.max_people);
      if (problem.code !== 'replaced') return this.lobby(problem);
    }
    const replaced = problem?.code === 'replaced';
    this.message({
      icon: replaced ? 'info' : 'door', title: replaced ? 'problems.replaced' : 'left.title', text: replaced ? 'problems.replaced.help' : 'left.text',
      holes: { room: who.room },
      actions: [{ key: 'left.again', run: () => this.#again(who) }, { key: 'left.home', href: '/' }],
    });
  }

  /**
   * @param {Who} who
   * @param {number} count
   */
  #full(who, count) {
    this.message({
      icon: 'people', title: 'full.title', text: 'full.text', holes: { room: who.room, n: count },
      actions: [{ key: 'full.again', run: () => this.#again(who) }, { key: 'left.home', href: '/' }],
    });
  }

  /** The same room at once, devices as they were. @param {Who} who */
  async #again(who) {
    this.media.open();
    await this.join(who).catch((problem) => this.lobby(problem));
  }

  /** The page comes from this browser's own store: the server is not there. */
  #offline() {
    window.addEventListener('online', () => location.reload());
    this.message({
      icon: 'offline', title: 'offline.title', text: 'offline.text',
      actions: [{ key: 'notice.retry', run: () => location.reload() }, { key: 'manual.link', href: '/manual' }],
    });
  }

  /** A view that says one thing. @param {import('./message.js').Message} message */
  message(message) {
    this.#show({ element: messageView(message), end() {} }, 'title');
  }

  /**
   * @param {import('./lobby.js').View} view
   * @param {string} [heading]  takes the focus, so that a screen reader hears where it is
   */
  #show(view, heading) {
    this.view?.end();
    this.view = view;
    this.place.replaceChildren(view.element);
    if (heading) part(view.element, heading).focus();
  }

  /** @param {string} room */
  #title(room) {
    document.title = room ? `${room} · ${this.settings.name}` : this.settings.name;
  }
}

/** @returns {import('./message.js').Message} */
function tooOld() {
  const { title, help } = problemKeys('browser-too-old');
  return { icon: 'warning', title, text: help, actions: [{ key: 'notice.retry', run: () => location.reload() }] };
}

/** What a call cannot do without, beyond what running this module proves. */
function missingFeature() {
  return typeof RTCPeerConnection === 'undefined' || typeof HTMLDialogElement === 'undefined' || typeof MediaStream === 'undefined';
}

/** @param {unknown} problem */
function isFull(problem) {
  return typeof problem === 'object' && problem !== null && 'code' in problem && problem.code === 'room-full';
}
