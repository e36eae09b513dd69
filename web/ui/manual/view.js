/**
 * A call without a server, at `/manual`: two texts are exchanged by hand, then it is a call like any other. A letter in the
 * link, behind `#` where no server sees it, waits to be answered.
 */

import { systemClock } from '../../call/clock.js';
import { Post } from '../../manual/post.js';
import { languageList } from '../controls.js';
import { dress, part, stamp } from '../dom.js';
import { copy, drawCode } from '../invite.js';
import { showNotices } from '../notices.js';
import { remember } from '../prefs.js';
import { localise, say, t } from '../words.js';
import { canScan, scanCode } from './scan.js';

/** @typedef {import('../start.js').Face} Face */
/** @typedef {import('../../call/call.js').Call} Call */

/** Two devices that reach each other do so within this, ms. */
const PATIENCE = 20_000;

/**
 * @param {Face} face
 * @returns {import('../lobby.js').View}
 */
export function manualView(face) {
  return new Manual(face);
}

class Manual {
  /** @param {Face} face */
  constructor(face) {
    this.face = face;
    this.post = new Post(systemClock);
    /** @type {Call | null} */
    this.call = null;
    this.connected = false;
    this.busy = false;
    this.stopWaiting = () => {};
    dress('manual');
    const view = this.element = stamp('manual');
    localise(view);
    part(view, 'brand').textContent = face.settings.name;
    languageList(part(view, 'language', HTMLSelectElement), face);
    part(view, 'name', HTMLInputElement).value = face.prefs.name;
    part(view, 'offer').addEventListener('click', () => this.#run(() => this.#offer()));
    part(view, 'read').addEventListener('click', () => this.#ask('offer'));
    part(view, 'scan').addEventListener('click', () => this.#run(() => this.#scan()));
    part(view, 'take').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#run(() => this.#take());
    });
    void canScan().then((can) => { part(view, 'scan').hidden = !can; });
    if (location.hash.length > 1) this.#ask('offer', location.href);
  }

  /** Another view is shown; a call that came about goes on in it. */
  end() {
    this.stopWaiting();
    if (!this.connected) this.call?.leave();
  }

  async #offer() {
    await this.#enter();
    await this.#give('offer', await this.post.offer());
    this.#ask('answer');
    part(this.element, 'give-title').focus();
  }

  async #take() {
    const text = part(this.element, 'taken', HTMLTextAreaElement).value;
    if (part(this.element, 'take').getAttribute('data-kind') === 'answer') return this.#accept(text);
    await this.#enter();
    await this.#give('answer', await this.post.answer(text));
    part(this.element, 'take').hidden = true;
    say(part(this.element, 'words'), 'manual.waiting');
    part(this.element, 'give-title').focus();
  }

  /** @param {string} text */
  async #accept(text) {
    await this.post.accept(text);
    say(part(this.element, 'words'), 'manual.connecting');
    this.stopWaiting = systemClock.after(PATIENCE, () => this.#complain({ code: 'manual-unreachable' }));
  }

  /** Devices first: a browser that may use them names this machine's addresses, which the other one needs. */
  async #enter() {
    if (this.call) return; // the text before this one could not be read
    const { face } = this;
    const name = part(this.element, 'name', HTMLInputElement).value.trim() || t('chat.you');
    remember(face.prefs, { name });
    say(part(this.element, 'words'), 'manual.preparing');
    await face.media.open();
    const call = face.makeManualCall(this.post);
    call.addEventListener('peer', () => this.#look(call));
    call.addEventListener('said', (event) => {
      const { message } = /** @type {CustomEvent} */ (event).detail;
      if (message.type === 'signal') this.post.arrived(message.payload);
    });
    await call.join({ room: t('manual.room'), name });
    this.call = call;
  }

  /**
   * @param {'offer' | 'answer'} kind
   * @param {string} letter
   */
  async #give(kind, letter) {
    const { element } = this;
    // An offer opens this page where it is scanned; an answer has to get into the page that waits for it.
    const text = kind === 'offer' ? `${location.origin}/manual#${letter}` : letter;
    part(element, 'begin').hidden = true;
    part(element, 'give').hidden = false;
    say(part(element, 'give-title'), `manual.give.${kind}`);
    say(part(element, 'words'), '');
    const field = part(element, 'given', HTMLTextAreaElement);
    field.value = text;
    part(element, 'copy').addEventListener('click', () => copy(text, part(element, 'copy-words'), 'manual.copy', field));
    const share = part(element, 'share');
    share.hidden = typeof navigator.share !== 'function';
    share.addEventListener('click', () => navigator.share(kind === 'offer' ? { url: text } : { text }).catch(() => {})); // closing the sheet is no error
    await drawCode(part(element, 'qr'), text);
  }

  /**
   * Asks for a text.
   * @param {'offer' | 'answer'} kind
   * @param {string} [text]  that is there already
   */
  #ask(kind, text = '') {
    const { element } = this;
    const take = part(element, 'take');
    take.hidden = false;
    take.setAttribute('data-kind', kind);
    part(element, 'offer').hidden = part(element, 'read').hidden = true;
    say(part(element, 'take-title'), `manual.take.${kind}`);
    say(part(element, 'go'), kind === 'offer' ? 'manual.go.answer' : 'manual.go.connect');
    const field = part(element, 'taken', HTMLTextAreaElement);
    field.value = text;
    if (!text) field.focus();
  }

  async #scan() {
    const { media } = this.face;
    const camera = media.camera.on && media.camera.track !== null;
    if (camera) await media.setCamera(false); // a phone opens one camera at a time
    const text = await scanCode();
    if (camera) await media.setCamera(true);
    if (!text) return;
    part(this.element, 'taken', HTMLTextAreaElement).value = text;
    await this.#take();
  }

  /** @param {Call} call */
  #look(call) {
    const [peer] = call.peers.values();
    if (peer?.link === 'good' && !this.connected) this.#connect(call);
    if (this.connected && peer?.link === 'lost') this.#over(call, 'manual.lost');
  }

  /** @param {Call} call */
  #connect(call) {
    this.connected = true;
    this.post.carry = (payload) => call.sayAll({ type: 'signal', payload });
    history.replaceState(null, '', '/manual');
    call.addEventListener('peer-left', (event) => {
      if (/** @type {CustomEvent} */ (event).detail.reason !== 'you-left') this.#over(call, 'manual.over');
    });
    const room = this.face.inside(call, () => this.#over(call, 'manual.over'));
    part(room, 'invite').hidden = true; // there is nowhere to invite anybody to
  }

  /**
   * @param {Call} call
   * @param {'manual.over' | 'manual.lost'} why
   */
  #over(call, why) {
    if (!this.connected) return;
    this.connected = false;
    call.leave();
    this.face.media.close();
    this.face.message({
      icon: 'door', title: why, text: `${why}.help`, actions: [{ key: 'manual.again', run: () => this.face.manual() }, { key: 'left.home', href: '/' }],
    });
  }

  /** One step at a time. @param {() => Promise<void>} step */
  async #run(step) {
    if (this.busy) return;
    this.busy = true;
    showNotices(part(this.element, 'notices'), []);
    await step().catch((problem) => this.#complain(problem));
    this.busy = false;
  }

  /** @param {unknown} problem */
  #complain(problem) {
    const code = typeof problem === 'object' && problem !== null && 'code' in problem ? String(problem.code) : 'unknown';
    if (code === 'unknown') reportError(problem); // a mistake of ours: the console keeps its traces
    part(this.element, 'words').textContent = '';
    showNotices(part(this.element, 'notices'), [{ code }]);
  }
}
