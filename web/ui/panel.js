/**
 * The side panel with its two pages, messages and files: opens, closes, counts what was not seen yet.
 */

import { Chat } from './chat.js';
import { make, part, stamp } from './dom.js';
import { announce, toast } from './toasts.js';
import { Transfers, isOffer } from './transfers.js';
import { localise, t } from './words.js';

/** @typedef {import('../call/call.js').Call} Call */
/** @typedef {'chat' | 'files'} Page */
const PAGES = /** @type {const} */ (['chat', 'files']);

export class Panel {
  /**
   * @param {HTMLElement} place
   * @param {Call} call
   * @param {{choose: () => void, chooseFolder: () => void, chooseFilm: () => void, changed: () => void, again: (transfer: import('../call/files/desk.js').AnyTransfer) => void}} actions
   *   `choose` opens the file chooser; `again` asks for an interrupted transfer's file; `changed`: open, closed, counts
   * @param {AbortSignal} signal
   */
  constructor(place, call, { choose, chooseFolder, chooseFilm, again, changed }, signal) {
    this.place = place;
    this.call = call;
    this.changed = changed;
    this.view = stamp('panel');
    localise(this.view);
    place.append(this.view);
    this.chat = new Chat(this.view, call);
    this.transfers = new Transfers(this.view, { again, forget: (transfer) => call.files.forget(transfer) });
    /** @type {Page} */
    this.page = 'chat';
    this.unread = 0;
    /** @type {Element | null} where the focus was before */
    this.opener = null;
    part(this.view, 'choose-folder').addEventListener('click', chooseFolder);
    part(this.view, 'film').addEventListener('click', chooseFilm);
    this.#listen(choose, signal);
    this.listPeople();
  }

  get open() {
    return !this.place.hidden;
  }

  /** @param {Page} page */
  show(page) {
    if (!this.open) this.opener = document.activeElement;
    this.place.hidden = false;
    this.page = page;
    for (const one of PAGES) {
      part(this.view, `page-${one}`).hidden = one !== page;
      part(this.view, `tab-${one}`).setAttribute('aria-selected', String(one === page));
      part(this.view, `tab-${one}`).tabIndex = one === page ? 0 : -1;
    }
    if (page === 'chat') {
      this.unread = 0;
      this.chat.toEnd();
    }
    this.changed();
  }

  /** Opens a page and puts the focus where one would go on. @param {Page} page */
  enter(page) {
    this.show(page);
    if (page === 'chat') this.chat.field.focus();
    else part(this.view, 'choose').focus();
  }

  close() {
    if (!this.open) return;
    const inside = this.place.contains(document.activeElement);
    this.place.hidden = true;
    if (inside && this.opener instanceof HTMLElement) this.opener.focus();
    this.changed();
  }

  /** Whom the next files go to: null for everybody. @returns {string | null} */
  get to() {
    return part(this.view, 'to', HTMLSelectElement).value || null;
  }

  /** The people a file can be sent to; with one there is nothing to choose. */
  listPeople() {
    const list = part(this.view, 'to', HTMLSelectElement);
    const chosen = list.value;
    const people = [...this.call.peers.values()];
    list.replaceChildren(new Option(t('files.everybody'), ''), ...people.map(({ id, name }) => new Option(name, id)));
    list.value = this.call.peers.has(chosen) ? chosen : '';
    part(this.view, 'to-field').hidden = people.length < 2;
    for (const button of ['choose', 'choose-folder']) part(this.view, button).setAttribute('aria-disabled', String(people.length === 0));
  }

  /** After a change of language: what was put together from several texts. */
  rename() {
    this.listPeople();
    for (const transfer of this.call.files.transfers.values()) this.transfers.changed(transfer);
  }

  /**
   * @param {() => void} choose
   * @param {AbortSignal} signal
   */
  #listen(choose, signal) {
    part(this.view, 'close').addEventListener('click', () => this.close());
    part(this.view, 'choose').addEventListener('click', choose);
    for (const page of PAGES) part(this.view, `tab-${page}`).addEventListener('click', () => this.show(page));
    this.view.querySelector('[role="tablist"]')?.addEventListener('keydown', (event) => this.#turn(/** @type {KeyboardEvent} */ (event)));
    this.place.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.isComposing) this.close();
    });
    this.call.addEventListener('chat', (event) => this.#heard(/** @type {CustomEvent} */ (event).detail.message), { signal });
    this.call.files.addEventListener('transfer', (event) => this.#moved(/** @type {CustomEvent} */ (event).detail.transfer), { signal });
    this.call.files.addEventListener('download', (event) => this.#fetch(/** @type {CustomEvent} */ (event).detail.address), { signal });
  }

  /** Arrow keys go from tab to tab, as the ARIA pattern asks. @param {KeyboardEvent} event */
  #turn(event) {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    const other = this.page === 'chat' ? 'files' : 'chat';
    this.show(other);
    part(this.view, `tab-${other}`).focus();
  }

  /** @param {import('../call/chat.js').ChatMessage} message */
  #heard(message) {
    this.chat.add(message);
    if (message.from === 'you' || (this.open && this.page === 'chat')) return;
    this.unread += 1;
    toast('chat.toast', { name: message.name, text: message.text });
    this.changed();
  }

  /** In a frame, because the page itself must not go away. What comes is no document: the frame stays empty. @param {string} address */
  #fetch(address) {
    const frame = make('iframe', '');
    frame.hidden = true;
    frame.setAttribute('src', address);
    this.view.append(frame);
  }

  /** @param {import('../call/files/desk.js').AnyTransfer} transfer */
  #moved(transfer) {
    const fresh = !this.transfers.rows.has(transfer.id);
    this.transfers.changed(transfer);
    this.#showOffers();
    if (!fresh) return;
    // Somebody in the middle of a sentence is not torn away from it: the badge and the toast must do.
    if (this.chat.field.value === '') this.show('files');
    const tell = this.open && this.page === 'files' ? announce : toast;
    if (isOffer(transfer)) tell('files.toast', { name: transfer.peer.name, file: transfer.name });
  }

  #showOffers() {
    const offers = String([...this.call.files.transfers.values()].filter(isOffer).length);
    const badge = part(this.view, 'files-badge');
    // The same text written again is drawn again: with every mebibyte of a file.
    if (badge.textContent === offers) return;
    badge.hidden = offers === '0';
    badge.textContent = offers;
  }
}
