/**
 * The files page of the panel: a row for each transfer, the same at both ends, from the offer to the checked hash.
 */

import { part, stamp } from './dom.js';
import { bytesWords, timeWords } from './units.js';
import { currentLanguage, knows, localise, say, t } from './words.js';

/** @typedef {import('../call/files/desk.js').AnyTransfer} Transfer */

/** A transfer that can still be called off. */
const OPEN_STATES = new Set(['offered', 'waiting', 'queued', 'running', 'paused', 'interrupted', 'checking']);
/** A transfer whose bar says something. */
const BAR_STATES = new Set(['queued', 'running', 'paused', 'interrupted', 'checking']);

/** A busy transfer changes hundreds of times a second. To draw its row each time took a tenth of what the file itself did, ms. */
const PROGRESS_EVERY = 500;

/** Whether it waits for this person's word. @param {Transfer} transfer */
export function isOffer(transfer) {
  return transfer.direction === 'in' && transfer.state === 'offered';
}

/** Whether closing the page would lose something: whatever runs or waits here. @param {Transfer} transfer */
export function isOpen(transfer) {
  return OPEN_STATES.has(transfer.state);
}

export class Transfers {
  /**
   * @param {HTMLElement} view  the panel
   * @param {{again: (transfer: Transfer) => void, forget: (transfer: Transfer) => void}} actions
   *   `again` asks for the file of an interrupted transfer; `forget` takes one that has ended off the call's list
   */
  constructor(view, { again, forget }) {
    this.again = again;
    this.forget = forget;
    this.list = part(view, 'transfers');
    this.empty = part(view, 'files-empty');
    this.all = part(view, 'accept-all');
    this.all.addEventListener('click', () => { for (const transfer of this.shown.values()) if (isOffer(transfer)) transfer.accept(); });
    this.clear = part(view, 'clear');
    this.clear.addEventListener('click', () => this.#clear());
    /** @type {Set<Transfer>} files that were saved from here: until then their row is the only way to them */
    this.saved = new Set();
    /** @type {Map<string, Transfer>} */
    this.shown = new Map();
    /** @type {Map<string, HTMLElement>} */
    this.rows = new Map();
    /** @type {Set<Transfer>} changed since the last picture */
    this.dirty = new Set();
    /** @type {ReturnType<typeof setTimeout> | undefined} that picture, when it has time */
    this.later = undefined;
    /** @type {number | undefined} when it has none */
    this.frame = undefined;
  }

  /** @param {Transfer} transfer */
  changed(transfer) {
    if (!this.rows.has(transfer.id)) return this.#addRow(transfer);
    this.dirty.add(transfer);
    if (this.rows.get(transfer.id)?.dataset.state !== transfer.state) this.#drawSoon();
    else this.later ??= setTimeout(() => this.#drawSoon(), PROGRESS_EVERY);
  }

  #drawSoon() {
    this.frame ??= requestAnimationFrame(() => this.#draw());
  }

  /**
   * @param {HTMLElement} row
   * @param {Transfer} transfer
   */
  async #addUp(row, transfer) {
    await transfer.addUp();
    showTransfer(row, transfer);
    part(row, transfer.sha256 ? 'hash' : 'sum').focus();
  }

  #draw() {
    clearTimeout(this.later);
    this.later = this.frame = undefined;
    for (const transfer of this.dirty) {
      const row = this.rows.get(transfer.id);
      if (row) showTransfer(row, transfer);
    }
    this.dirty.clear();
    this.#showButtons();
  }

  #showButtons() {
    const shown = [...this.shown.values()];
    this.all.hidden = shown.filter(isOffer).length < 2;
    this.clear.hidden = !shown.some((transfer) => this.#isOver(transfer));
    this.empty.hidden = shown.length > 0;
  }

  /** Nothing is left to do about it. @param {Transfer} transfer */
  #isOver(transfer) {
    return transfer.ended && (transfer.state !== 'done' || transfer.url === null || this.saved.has(transfer));
  }

  /** The list without what is over. */
  #clear() {
    for (const transfer of [...this.shown.values()].filter((one) => this.#isOver(one))) {
      this.rows.get(transfer.id)?.remove();
      for (const kept of [this.rows, this.shown]) kept.delete(transfer.id);
      for (const kept of [this.saved, this.dirty]) kept.delete(transfer);
      this.forget(transfer);
    }
    this.#showButtons();
    this.list.focus(); // the button that was pressed is gone
  }

  /** @param {Transfer} transfer */
  #addRow(transfer) {
    const row = stamp('transfer');
    localise(row);
    part(row, 'accept').addEventListener('click', () => transfer.accept());
    part(row, 'decline').addEventListener('click', () => transfer.decline());
    part(row, 'cancel').addEventListener('click', () => transfer.cancel());
    part(row, 'pause').addEventListener('click', () => transfer.pause(!transfer.paused.you));
    part(row, 'again').addEventListener('click', () => this.again(transfer));
    part(row, 'sum').addEventListener('click', () => this.#addUp(row, transfer));
    part(row, 'save').addEventListener('click', () => {
      this.saved.add(transfer);
      this.#showButtons();
    });
    this.rows.set(transfer.id, row);
    this.shown.set(transfer.id, transfer);
    this.list.prepend(row);
    showTransfer(row, transfer);
    this.#showButtons();
  }
}

/**
 * @param {HTMLElement} row
 * @param {Transfer} transfer
 */
function showTransfer(row, transfer) {
  const { name, state, direction } = transfer;
  row.dataset.state = state;
  row.dataset.direction = direction;
  part(row, 'name').textContent = name;
  part(row, 'words').textContent = stateWords(transfer);
  showBar(part(row, 'progress', HTMLProgressElement), transfer);
  showSum(row, transfer);
  showAction(part(row, 'accept'), isOffer(transfer), 'files.accept', name);
  showAction(part(row, 'decline'), isOffer(transfer), 'files.decline', name);
  showAction(part(row, 'pause'), transfer.underway, transfer.paused.you ? 'files.resume' : 'files.pause', name);
  showAction(part(row, 'again'), state === 'interrupted' && direction === 'out', 'files.again', name);
  showAction(part(row, 'cancel'), isOpen(transfer) && !isOffer(transfer), 'files.cancel', name);
  const save = part(row, 'save', HTMLAnchorElement);
  showAction(save, state === 'done' && direction === 'in' && transfer.url !== null, 'files.save', name);
  if (transfer.url && !save.hidden) Object.assign(save, { href: transfer.url, download: name });
}

/**
 * @param {HTMLElement} row
 * @param {Transfer} transfer
 */
function showSum(row, { state, name, thing, sha256, adding, problem }) {
  const [hash, sum] = [part(row, 'hash'), part(row, 'sum')];
  hash.hidden = state !== 'done' || !(sha256 || problem);
  hash.textContent = sha256 ? `SHA-256 ${sha256}` : problem && t(`problems.${problem.code}`);
  showAction(sum, state === 'done' && thing !== null && !sha256, 'files.sum', name);
  sum.setAttribute('aria-disabled', String(adding));
}

/**
 * @param {HTMLProgressElement} bar
 * @param {Transfer} transfer
 */
function showBar(bar, { state, sent, size, name }) {
  bar.hidden = !BAR_STATES.has(state);
  const done = size > 0 ? (sent / size) * 100 : 100;
  bar.value = Math.min(100, Math.floor(done));
  bar.setAttribute('aria-label', name);
}

/**
 * @param {HTMLElement} button
 * @param {boolean} shown
 * @param {string} key
 * @param {string} name  of the file: ten "Cancel" in a row would not tell a listener which
 */
function showAction(button, shown, key, name) {
  button.hidden = !shown;
  say(button, key);
  button.setAttribute('aria-label', `${t(key)} ${name}`);
}

/** @param {Transfer} transfer */
function stateWords(transfer) {
  const { state, direction, peer, by, problem, paused, count } = transfer;
  const size = bytesWords(transfer.size, currentLanguage());
  const holes = { name: peer.name, size: count > 0 ? `${t('files.count', { n: count })} · ${size}` : size, done: bytesWords(transfer.sent, currentLanguage()) };
  if (state === 'running') return runningWords(transfer, holes);
  if (state === 'paused') return t(paused.you ? 'files.paused.you' : 'files.paused.peer', holes);
  if (state === 'failed') {
    const key = `problems.${problem?.code ?? 'unknown'}`;
    return t(knows(key) ? key : 'problems.file-failed', holes);
  }
  if (state === 'cancelled') return t(by === 'you' ? 'files.cancelled.you' : 'files.cancelled.peer', holes);
  // An offer and the wait for its answer look alike from outside: it depends on whose word is missing.
  if (state === 'offered') return t(direction === 'in' ? 'files.offered' : 'files.waiting.out', holes);
  return t(`files.${state}.${direction}`, holes);
}

/**
 * "To Bob · 3.2 MB of 64 MB · 12 MB/s · 5 sec left"
 * @param {Transfer} transfer
 * @param {{name: string, size: string}} holes
 */
function runningWords({ direction, sent, size, rate }, holes) {
  const language = currentLanguage();
  const words = [
    t(`files.with.${direction}`, holes),
    t('files.progress', { done: bytesWords(sent, language), size: holes.size }),
  ];
  if (rate > 0) {
    words.push(t('files.rate', { rate: bytesWords(rate, language) }), t('files.left', { time: timeWords((size - sent) / rate, language) }));
  }
  return words.join(' · ');
}
