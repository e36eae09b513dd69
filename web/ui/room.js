/**
 * The call itself: ties one `Call` to the stage, the bar, the panel and the notices. Holds no state of its own beyond
 * what is open; what is true stands in the call.
 */

import { showAlarm } from './alarm.js';
import { keepAwake } from './awake.js';
import { Bar } from './bar.js';
import { Boards } from './boards.js';
import { openDetails } from './details.js';
import { openDialog } from './dialog.js';
import { part, stamp } from './dom.js';
import { takeFiles } from './drops.js';
import { invitation } from './invite.js';
import { showKnocks } from './knocks.js';
import { Meter, VOICE } from './meter.js';
import { MutedHint } from './muted.js';
import { deviceProblems, showNotices } from './notices.js';
import { Panel } from './panel.js';
import { joinSystem } from './session.js';
import { openKeys } from './settings.js';
import { Sharing } from './sharing.js';
import { listenForKeys } from './shortcuts.js';
import { Sounds } from './sounds.js';
import { Stage } from './stage.js';
import { announce, toast, toastsBelow } from './toasts.js';
import { isOpen } from './transfers.js';
import { ViewTools } from './view.js';
import { localise, say, t } from './words.js';

/** @typedef {import('../call/call.js').Call} Call */
/** @typedef {import('./start.js').Face} Face */
/** @typedef {{reason: 'left' | 'failed', problem?: {code: string}}} End */
/**
 * About ten looks a second at who speaks, ms. Each sees the last 20 ms alone: at exactly ten, a sound that comes twice a second
 * (an alarm, a test's microphone) fell between all looks for half a minute, or into every fifth one.
 */
const VOICES_EVERY = 93;

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
    this.spared = call.sending.spared;
    /** @type {import('../call/files/desk.js').AnyTransfer | null} whose file is being chosen again */
    this.wanted = null;
    /** @type {Set<string>} problems of devices that were read: in the lobby, or closed here */
    this.read = new Set(deviceProblems(call.media).map(({ code }) => code));
    /** @type {WeakSet<import('../call/peer.js').Peer>} whose hand is up */
    this.raised = new WeakSet();
    /** The microphone is open only as long as the key is down. */
    this.talking = false;
    const { signal } = this.ending;
    this.element = stamp('room');
    localise(this.element);
    part(this.element, 'name').textContent = call.room;
    part(this.element, 'relay-only').hidden = !face.relayOnly();
    if (call.door.open) part(this.element, 'invitation').append(invitation(call.room));
    this.stage = new Stage(part(this.element, 'stage'), { call, prefs: face.prefs, showDetails: openDetails });
    this.boards = new Boards(call, this.stage, { changed: () => this.bar.showGestures(call.talk.gestures), signal });
    this.sharing = new Sharing(this.element, call.media, { openBoard: () => this.boards.toggle(), signal });
    this.views = new ViewTools(this.element, { stage: this.stage, prefs: face.prefs, openPip: () => this.#togglePip() }, signal);
    this.sounds = new Sounds(/** @type {HTMLElement} */ (document.getElementById('sounds')), (held) => { part(this.element, 'tap').hidden = !held; });
    this.sounds.useSpeaker(face.prefs.speaker);
    face.onSpeaker = (id) => this.sounds.useSpeaker(id);
    face.onLanguage = () => this.#renamed();
    this.bar = new Bar(this.element, this.#actions(), signal);
    this.panel = new Panel(part(this.element, 'panel'), call, {
      choose: () => this.#chooseFiles('chooser'),
      chooseFolder: () => this.#chooseFiles('folder-chooser'),
      again: (transfer) => this.#chooseAgain(transfer),
      chooseFilm: () => this.sharing.chooseFilm(),
      changed: () => this.bar.showPanel(this.panel.open && this.panel.page === 'chat', this.panel.unread),
    }, signal);
    this.#listen(signal);
    showKnocks(part(this.element, 'knocks'), call, signal);
    toastsBelow(part(this.element, 'said-above'), signal);
    part(this.element, 'people').addEventListener('click', async () => {
      const { openPeople } = await import('./people.js');
      openPeople(call, signal);
    });
    part(this.element, 'alarm-leave').addEventListener('click', () => this.#leave());
    this.#watchVoices(signal);
    keepAwake(signal);
    joinSystem(call.media, { title: `${call.room} · ${face.settings.name}`, leave: () => this.#leave(), signal });
    for (const peer of call.peers.values()) this.#peerCame(peer);
    this.#showMedia();
    this.#showCount();
    this.#showDoor();
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
      screen: () => { this.sharing.toggle(); },
      chat: () => { this.#togglePage('chat'); },
      file: () => { this.#sendFile(); },
      invite: () => { this.#invite(); },
      settings: () => { this.face.openSettings(); },
      leave: () => { this.#leave(); },
      board: () => { this.boards.toggle(); },
      hand: () => { this.#raiseHand(!this.call.talk.gestures.hand); },
      /** @param {string} sign */
      react: (sign) => { this.call.talk.react(sign); },
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
    on('peer', ({ peer }) => this.#peerChanged(peer));
    on('reaction', ({ sign, peer }) => this.#showReaction(sign, peer));
    on('relay', () => this.#showSpared());
    on('mute-asked', ({ peer }) => toast('people.mute.done', { name: peer?.name ?? '' }));
    on('door', () => this.#showDoor());
    on('restarting', () => this.#showState(this.call.state, null));
    on('state', ({ state, problem }) => this.#showState(state, problem));
    on('problem', ({ problem }) => {
      this.trouble.add(problem.code);
      this.#showNotices();
    });
    call.media.addEventListener('change', () => this.#showMedia(), { signal });
    call.media.addEventListener('problem', (event) => this.#deviceFailed(/** @type {CustomEvent} */ (event).detail.problem.code), { signal });
    part(element, 'tap').addEventListener('click', () => this.sounds.playAll());
    takeFiles(element, (things) => this.#sendFiles(things), signal);
    // Phones hold sound and devices back while the page is not seen.
    document.addEventListener('visibilitychange', () => this.#seenAgain(), { signal });
    listenForKeys({
      ...this.#actions(), files: () => this.#togglePage('files'), keys: openKeys,
      layout: () => this.views.toggleLayout(), pip: () => this.views.togglePip(),
      talk: () => this.#talk(), talkEnd: () => this.#talkEnd(),
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

  /** Held down, a muted microphone is open; one that is open stays so. */
  #talk() {
    const { media } = this.call;
    this.talking = !media.microphone.on;
    if (this.talking) media.setMicrophone(true);
  }

  #talkEnd() {
    if (this.talking) this.call.media.setMicrophone(false);
    this.talking = false;
  }

  #seenAgain() {
    if (document.visibilityState !== 'visible') return;
    this.call.media.revive();
    this.sounds.playAll();
  }

  async #togglePip() {
    const { togglePip } = await import('./pip.js');
    await togglePip({ stage: this.stage, media: this.call.media, leave: () => this.#leave(), signal: this.ending.signal });
  }

  /** @param {boolean} hand */
  #raiseHand(hand) {
    this.call.gesture({ hand });
    this.bar.showGestures(this.call.talk.gestures);
    this.stage.showYou();
  }

  /**
   * @param {string} sign
   * @param {import('../call/peer.js').Peer} [peer]
   */
  #showReaction(sign, peer) {
    this.stage.showReaction(sign, peer);
    announce('react.sign', { name: peer?.name ?? t('chat.you'), sign });
  }

  async #invite() {
    if (this.call.door.open) return openDialog('invite.title', invitation(this.call.room));
    const { inviting } = await import('./inviting.js');
    const closing = new AbortController();
    const open = AbortSignal.any([this.ending.signal, closing.signal]);
    openDialog('invite.title', inviting(this.call, open), { onClose: () => closing.abort() });
  }

  #showDoor() {
    const { host, signs } = this.call.door;
    const locked = part(this.element, 'locked');
    locked.hidden = !signs.locked;
    part(this.element, 'people').toggleAttribute('data-host', host);
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

  /** @param {import('../call/peer.js').Peer} peer */
  #peerChanged(peer) {
    this.stage.showPeer(peer);
    this.#showSpared();
    this.boards.follow(peer);
    showAlarm(part(this.element, 'alarm'), this.call.peers.values());
    const { hand } = peer.gestures;
    if (hand && !this.raised.has(peer)) toast('react.raised', { name: peer.name });
    if (hand) this.raised.add(peer);
    else this.raised.delete(peer);
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
    showAlarm(part(this.element, 'alarm'), this.call.peers.values());
    toast(reason === 'removed' ? 'room.removed' : reason === 'lost' ? 'room.lost' : 'room.left', { name: peer.name });
  }

  /**
   * @param {import('../call/call.js').CallState} state
   * @param {{code: string} | null | undefined} problem
   */
  #showState(state, problem) {
    const banner = part(this.element, 'banner');
    const words = state === 'reconnecting' ? 'room.reconnecting' : this.call.restarting ? 'room.restarting' : null;
    banner.hidden = words === null;
    if (state === 'joined') this.panel.listPeople(); // a hub that was restarted may have given new ids
    if (words) say(part(banner, 'banner-words'), words);
    if (state === 'failed' || state === 'full') this.onEnd({ reason: 'failed', problem: problem ?? { code: state === 'full' ? 'room-full' : 'unknown' } });
  }

  #showMedia() {
    const { media } = this.call;
    this.bar.showMedia(media);
    this.stage.showYou();
    this.sharing.show();
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
    const { spared } = this.call.sending;
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
    const hint = new MutedHint(part(this.element, 'muted-hint'));
    const timer = setInterval(() => {
      this.stage.showVoices(meter.level(this.call.media.microphone.track) > VOICE);
      hint.look(this.call.media.microphone);
    }, VOICES_EVERY);
    signal.addEventListener('abort', () => {
      clearInterval(timer);
      meter.end();
      hint.end();
    });
  }
}
