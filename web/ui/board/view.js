/**
 * The whiteboard on the stage: paper, pens, undo, clear, a picture to keep, and the same as moving picture for those who
 * only get pictures. Fetched when the board is first opened.
 */

import { SIZE } from '../../call/board/log.js';
import { SharedBoard } from '../../call/board/share.js';
import { ask } from '../ask.js';
import { dress, make, part, setIcon, stamp } from '../dom.js';
import { label, localise, t } from '../words.js';
import { PALETTE, paint, paintLine } from './paint.js';
import { takePen } from './pen.js';

/** @typedef {import('../../call/board/log.js').Act} Act */

/** In the board's units; the rubber is as wide as a finger. */
const WIDTHS = Object.freeze({ fine: 5, broad: 14, rubber: 56 });
const RUBBER = PALETTE.length - 1;
/** A picture nobody draws on is still sent again at times, so that whoever comes later sees it. */
const REPAINT_EVERY = 1000;

export class BoardView {
  /**
   * @param {{call: import('../../call/call.js').Call, onClose: () => void, onPin: () => void}} what
   */
  constructor({ call, onClose, onPin }) {
    this.call = call;
    this.shared = new SharedBoard(call);
    this.element = stamp('board');
    localise(this.element);
    label(this.element, 'bar.board');
    dress('board');
    this.canvas = part(this.element, 'paper', HTMLCanvasElement);
    Object.assign(this.canvas, SIZE);
    this.brush = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext('2d', { alpha: false }));
    this.colour = 0;
    /** @type {number} */
    this.width = WIDTHS.fine;
    /** @type {MediaStreamTrack | null} while the board is shared as a picture */
    this.filmed = null;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.refilm = undefined;
    this.dirty = false;
    this.ending = new AbortController();
    this.#pens();
    takePen(this.canvas, {
      begin: (points) => this.shared.begin({ colour: this.colour, width: this.#lineWidth(), points }),
      draw: (points) => this.shared.draw(points),
    }, (cursor) => this.#showCursor(cursor));
    this.#listen(onClose, onPin);
    paint(this.brush, this.shared.log.lines);
    this.#showUndo();
  }

  /** For a board that was closed and is opened again. */
  repaint() {
    paint(this.brush, this.shared.log.lines);
  }

  /** @param {import('../grid.js').Rect} rect */
  place(rect) {
    const { style } = this.element;
    style.transform = `translate(${rect.x.toFixed(1)}px, ${rect.y.toFixed(1)}px)`;
    style.width = `${rect.width.toFixed(1)}px`;
    style.height = `${rect.height.toFixed(1)}px`;
    // In the filmstrip it is a picture only.
    this.element.classList.toggle('small', rect.width < 300);
  }

  /** @param {boolean} yes */
  pinned(yes) {
    part(this.element, 'pin').setAttribute('aria-pressed', String(yes));
  }

  /** Off the stage. What was drawn stays, for whoever opens it again and for who comes later. */
  end() {
    this.#stopFilm();
    this.element.remove();
  }

  /** The call is over. */
  forget() {
    this.end();
    this.ending.abort();
    this.shared.end();
  }

  /**
   * @param {() => void} onClose
   * @param {() => void} onPin
   */
  #listen(onClose, onPin) {
    const { signal } = this.ending;
    this.shared.addEventListener('change', (event) => this.#changed(/** @type {CustomEvent} */ (event).detail.act), { signal });
    this.call.media.addEventListener('change', () => this.#showFilm(), { signal });
    const actions = {
      undo: () => this.shared.undo(),
      clear: () => this.#askToClear(),
      save: () => this.#save(),
      film: () => this.#toggleFilm(),
      close: onClose,
      pin: onPin,
    };
    for (const [name, run] of Object.entries(actions)) part(this.element, name).addEventListener('click', run);
    part(this.element, 'film').hidden = typeof this.canvas.captureStream !== 'function';
    this.#showFilm();
  }

  /** A radio for each colour and the rubber, and one switch for the width. */
  #pens() {
    const pens = part(this.element, 'pens');
    PALETTE.forEach((colour, index) => {
      const choice = /** @type {HTMLInputElement} */ (make('input', 'pen'));
      Object.assign(choice, { type: 'radio', name: 'pen', value: String(index), checked: index === this.colour });
      label(choice, index === RUBBER ? 'board.rubber' : `board.colour.${index}`);
      choice.title = choice.getAttribute('aria-label') ?? '';
      if (index === RUBBER) choice.classList.add('rubber');
      else choice.style.setProperty('--ink-colour', colour);
      choice.addEventListener('change', () => { this.colour = index; });
      pens.append(choice);
    });
    const broad = part(this.element, 'broad');
    broad.addEventListener('click', () => {
      this.width = this.width === WIDTHS.broad ? WIDTHS.fine : WIDTHS.broad;
      broad.setAttribute('aria-pressed', String(this.width === WIDTHS.broad));
    });
  }

  #lineWidth() {
    return this.colour === RUBBER ? WIDTHS.rubber : this.width;
  }

  /** What was added on top is added; anything else is painted anew, once a frame. @param {Act} act */
  #changed(act) {
    const top = this.shared.log.lines.at(-1);
    const grown = top !== undefined && act.author === top.author && (act.do === 'ink' || act.n === top.n) && act.points !== undefined;
    if (grown && !this.dirty) paintLine(this.brush, top, top.points.length - (act.points?.length ?? 0));
    else this.#repaintSoon();
    this.#showUndo();
  }

  #repaintSoon() {
    if (this.dirty) return;
    this.dirty = true;
    requestAnimationFrame(() => {
      this.dirty = false;
      this.repaint();
    });
  }

  #showUndo() {
    part(this.element, 'undo').setAttribute('aria-disabled', String(!this.shared.log.canUndo));
  }

  async #askToClear() {
    if (await ask('board.clear.title', 'board.clear.text', 'board.clear')) this.shared.clear();
  }

  #save() {
    this.canvas.toBlob((picture) => {
      if (!picture) return;
      const link = make('a', '');
      const address = URL.createObjectURL(picture);
      link.setAttribute('href', address);
      link.setAttribute('download', `${t('bar.board')} ${this.call.room}.png`);
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    }, 'image/png');
  }

  #toggleFilm() {
    if (this.filmed) return void this.call.media.stopScreen();
    const stream = this.canvas.captureStream(15);
    this.call.media.setScreenHint('text');
    this.call.media.shareStream(stream);
    this.filmed = stream.getVideoTracks()[0];
    this.refilm = setInterval(() => this.repaint(), REPAINT_EVERY);
    this.repaint();
    this.#showFilm();
  }

  #stopFilm() {
    if (this.filmed && this.call.media.screen.track === this.filmed) this.call.media.stopScreen();
    this.#filmOver();
  }

  #filmOver() {
    clearInterval(this.refilm);
    this.filmed = null;
  }

  /** Another screen may have taken its place. */
  #showFilm() {
    if (this.filmed && this.call.media.screen.track !== this.filmed) this.#filmOver();
    part(this.element, 'film').setAttribute('aria-pressed', String(this.filmed !== null));
  }

  /** @param {{x: number, y: number, down: boolean} | null} cursor */
  #showCursor(cursor) {
    const mark = part(this.element, 'cursor');
    mark.hidden = cursor === null;
    if (!cursor) return;
    mark.style.left = `${(cursor.x / SIZE.width) * 100}%`;
    mark.style.top = `${(cursor.y / SIZE.height) * 100}%`;
    mark.classList.toggle('down', cursor.down);
    setIcon(mark, 'pen');
  }
}
