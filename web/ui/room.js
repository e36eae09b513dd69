/**
 * The call itself: ties one `Call` to the stage, the bar, the panel and the notices. Holds no state of its own beyond
 * what is open; what is true stands in the call.
 */

import { keepAwake } from './awake.js';
import { Bar } from './bar.js';
import { openDetails } from './details.js';
import { openDialog } from './dialog.js';
import { part, stamp } from './dom.js';
import { takeFiles } from './drops.js';
import { invitation } from './invite.js';
import { Meter, VOICE } from './meter.js';
import { deviceProblems, showNotices } from './notices.js';
import { Panel } from './panel.js';
import { openKeys } from './settings.js';
import { listenForKeys } from './shortcuts.js';
import { Sounds } from './sounds.js';
import { Stage } from './stage.js';
import { toast } from './toasts.js';
import { isOpen } from './transfers.js';
import { localise, say } from './words.js';

/** @typedef {import('../call/call.js').Call} Call */
/** @typedef {import('./start.js').Face} Face */
/** @typedef {{reason: 'left' | 'failed', problem?: {code: string}}} End */
/** Ten looks a second at who speaks. */
const VOICES_EVERY = 100;

/**
 * @param {Face} face
 * @param {Call} call  joined
 * @param {(end: End) => void} onEnd
 * @returns {import('./lobby.js').View}
 */
export function roomView(face, call, onEnd) {
  return new Room(face, call, onEnd);
}

class Room {
  /**
   * @param {Face} face
   * @param {Call} call
   * @param {(end: End) => void} onEnd
   */
  constructor(face, call, onEnd) {
    this.face = face;
    this.call = call;
    this.onEnd = onEnd;
    this.ending = new AbortController();
    /** @type {Set<string>} problems of the call that were not closed yet */
    this.trouble = new Set();
    /** What is spared for the relay, as shown. @type {import('../call/adapt.js').Spare} */
    this.spared = call.spared;
    /** @type {import('../call/files/desk.js').AnyTransfer | null} whose file is being chosen again */
    this.wanted = null;
    /** @type {Set<string>} problems of devices that were read: in the lobby, or closed here */
    this.read = new Set(deviceProblems(call.media).map(({ code }) => code));
    const { signal } = this.ending;
    this.element = stamp('room');
    localise(this.element);
    part(this.element, 'name').textContent = call.room;
    part(this.element, 'relay-only').hidden = !face.relayOnly();
    part(this.element, 'invitation').append(invitation(call.room));
    this.stage = new Stage(part(this.element, 'stage'), { call, showDetails: openDetails });
    this.sounds = new Sounds(/** @type {HTMLElement} */ (document.getElementById('sounds')), (held) => { part(this.element, 'tap').hidden = !held; });
    this.sounds.useSpeaker(face.prefs.speaker);
    face.onSpeaker = (id) => this.sounds.useSpeaker(id);
    face.onLanguage = () => this.#renamed();
    this.bar = new Bar(this.element, this.#actions(), signal);
    this.panel = new Panel(part(this.element, 'panel'), call, {
      choose: () => this.#chooseFiles('chooser'),
      chooseFolder: () => this.#chooseFiles('folder-chooser'),
      again: (transfer) => this.#chooseAgain(transfer),
      changed: () => this.bar.showPanel(this.panel.open && this.panel.page === 'chat', this.panel.unread),
    }, signal);
    this.#listen(signal);
    this.#watchVoices(signal);
    keepAwake(signal);
    for (const peer of call.peers.values()) this.#peerCame(peer);
    this.#showMedia();
    this.#showCount();
  }

  end() {
    this.ending.abort();
    this.stage.end();
    this.sounds.end();
    this.face.onSpeaker = this.face.onLanguage = () => {};
    for (const dialog of document.querySelectorAll('dialog[open]')) /** @type {HTMLDialogElement} */ (dialog).close();
  }

  #actions() {
    const { media } = this.call;
    return {
      microphone: () => { media.setMicrophone(!media.microphone.on); },
      camera: () => { media.setCamera(!media.camera.on); },
      screen: () => { this.#toggleScreen(); },
      chat: () => { this.#togglePage('chat'); },
      file: () => { this.#sendFile(); },
      invite: () => { openDialog('invite.title', invitation(this.call.room)); },
      settings: () => { this.face.openSettings(); },
      leave: () => { this.#leave(); },
    };
  }

  /** @param {AbortSignal} signal */
  #listen(signal) {
    const { call, element } = this;
    /** @param {string} name @param {(detail: any) => void} run */
    const on = (name, run) => call.addEventListener(name, (event) => run(/** @type {CustomEvent} */ (event).detail), { signal });
    on('peer-joined', ({ peer }) => {
      this.#peerCame(peer);
      toast('room.joined', { name: peer.name });
    });
    on('peer-left', ({ peer, reason }) => this.#peerWent(peer, reason));
    on('peer', ({ peer }) => {
      this.stage.showPeer(peer);
      this.#showSpared();
    });
    on('relay', () => this.#showSpared());
    on('state', ({ state, problem }) => this.#showState(state, problem));
    on('problem', ({ problem }) => {
      this.trouble.add(problem.code);
      this.#showNotices();
    });
    call.media.addEventListener('change', () => this.#showMedia(), { signal });
    call.media.addEventListener('problem', (event) => this.#deviceFailed(/** @type {CustomEvent} */ (event).detail.problem.code), { signal });
    part(element, 'tap').addEventListener('click', () => this.sounds.playAll());
    part(element, 'stop-sharing').addEventListener('click', () => call.media.stopScreen());
    takeFiles(element, (things) => this.#sendFiles(things), signal);
    const actions = this.#actions();
    listenForKeys({
      ...actions, files: () => this.#togglePage('files'), keys: openKeys,
      talk: () => { call.media.setMicrophone(true); }, talkEnd: () => { call.media.setMicrophone(false); },
    }, { enabled: () => this.face.prefs.shortcuts, signal });
    window.addEventListener('beforeunload', (event) => {
      if ([...call.files.transfers.values()].some(isOpen)) event.preventDefault();
    }, { signal });
  }

  /** @param {import('../call/files/source.js').Thing[]} things */
  async #sendFiles(things) {
    const { wanted } = this;
    this.wanted = null;
    if (things.length === 0) return;
    if (this.call.peers.size === 0) return toast('files.nobody');
    if (!wanted) return this.call.files.send(things, this.panel.to);
    if (!await this.call.files.again(wanted, things[0])) toast('files.not-it', { file: wanted.name });
  }

  #sendFile() {
    this.panel.show('files');
    this.#chooseFiles('chooser');
  }

  /** @param {'chooser' | 'folder-chooser'} chooser */
  #chooseFiles(chooser) {
    if (this.call.peers.size === 0) return toast('files.nobody');
    this.wanted = null;
    part(this.element, chooser, HTMLInputElement).click();
  }

  /** This page was reloaded while it sent: a browser does not keep a file for a page, the person has to choose it again. @param {import('../call/files/desk.js').AnyTransfer} transfer */
  #chooseAgain(transfer) {
    this.#chooseFiles(transfer.count > 0 ? 'folder-chooser' : 'chooser');
    this.wanted = transfer;
  }

  /** @param {import('./panel.js').Page} page */
  #togglePage(page) {
    if (this.panel.open && this.panel.page === page) this.panel.close();
    else this.panel.enter(page);
  }

  #toggleScreen() {
    const { media } = this.call;
    if (!media.canShareScreen) toast('problems.screen-unsupported');
    else if (media.screen.on) media.stopScreen();
    else media.shareScreen();
  }

  #leave() {
    this.call.leave();
    this.onEnd({ reason: 'left' });
  }

  /** @param {import('../call/peer.js').Peer} peer */
  #peerCame(peer) {
    this.sounds.add(peer.camera);
    this.sounds.add(peer.screen);
    this.stage.showPeer(peer);
    this.panel.listPeople();
    this.#showCount();
  }

  /**
   * @param {import('../call/peer.js').Peer} peer
   * @param {string} reason
   */
  #peerWent(peer, reason) {
    this.sounds.remove(peer.camera);
    this.sounds.remove(peer.screen);
    this.stage.removePeer(peer);
    this.panel.listPeople();
    this.#showCount();
    if (reason === 'you-left') return;
    toast(reason === 'lost' ? 'room.lost' : 'room.left', { name: peer.name });
  }

  /**
   * @param {import('../call/call.js').CallState} state
   * @param {{code: string} | null | undefined} problem
   */
  #showState(state, problem) {
    const banner = part(this.element, 'banner');
    banner.hidden = state !== 'reconnecting';
    if (state === 'joined') this.panel.listPeople(); // a hub that was restarted may have given new ids
    if (state === 'reconnecting') say(part(banner, 'banner-words'), 'room.reconnecting');
    if (state === 'failed' || state === 'full') this.onEnd({ reason: 'failed', problem: problem ?? { code: state === 'full' ? 'room-full' : 'unknown' } });
  }

  #showMedia() {
    const { media } = this.call;
    this.bar.showMedia(media);
    this.stage.showYou();
    part(this.element, 'sharing').hidden = !media.screen.on;
    this.#showNotices();
    this.#showCount();
  }

  #showNotices() {
    const spared = this.spared !== 'nothing' && !this.read.has(`relay-${this.spared}`) ? [`relay-${this.spared}`] : [];
    const calls = [...this.trouble, ...spared].map((code) => ({ code }));
    const devices = deviceProblems(this.call.media).filter(({ code }) => !this.read.has(code));
    showNotices(part(this.element, 'notices'), [...calls, ...devices].map((problem) => ({ ...problem, dismiss: () => this.#dismiss(problem.code) })));
  }

  /** A path that became a direct one spares nothing any more, and the other way round. */
  #showSpared() {
    const { spared } = this.call;
    if (spared === this.spared) return;
    this.spared = spared;
    this.#showNotices();
  }

  /** @param {string} code */
  #deviceFailed(code) {
    if (code === 'screen-denied') return toast('problems.screen-denied'); // mostly somebody who thought better of it
    if (code.startsWith('screen-')) this.trouble.add(code);
    this.read.clear(); // a device that fails once more is worth saying once more
    this.#showNotices();
  }

  /** @param {string} code */
  #dismiss(code) {
    this.trouble.delete(code);
    this.read.add(code);
    this.#showNotices();
  }

  #showCount() {
    const { peers, media } = this.call;
    say(part(this.element, 'count'), 'room.people', { n: peers.size + 1 });
    part(this.element, 'waiting').hidden = peers.size > 0 || media.screen.on;
  }

  #renamed() {
    this.stage.rename();
    this.panel.rename();
  }

  /** @param {AbortSignal} signal */
  #watchVoices(signal) {
    const meter = new Meter();
    const timer = setInterval(() => {
      this.stage.showVoices(meter.level(this.call.media.microphone.track) > VOICE);
    }, VOICES_EVERY);
    signal.addEventListener('abort', () => {
      clearInterval(timer);
      meter.end();
    });
  }
}
