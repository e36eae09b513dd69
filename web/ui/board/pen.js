/**
 * A hand on the board: finger, pen, mouse or the arrow keys become points in the board's own units.
 */

import { SIZE } from '../../call/board/log.js';

/** @typedef {{begin: (point: number[]) => void, draw: (points: number[]) => void}} Paper */
/** Often enough to look alive elsewhere, seldom enough to be no burden. */
const SEND_EVERY = 50;
/** Nearer points add nothing that could be seen. */
const NEAR = 3;
/** One press of an arrow key, and with Shift. */
const STEPS = Object.freeze({ small: 10, large: 50 });

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Paper} paper
 * @param {(cursor: {x: number, y: number, down: boolean} | null) => void} showCursor  of the keyboard's pen
 */
export function takePen(canvas, paper, showCursor) {
  const stroke = new Stroke(paper);
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    canvas.focus({ preventScroll: true });
    showCursor(null);
    canvas.setPointerCapture(event.pointerId);
    stroke.begin(pointOf(canvas, event));
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!stroke.open) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length > 0 ? moves : [event]) stroke.go(pointOf(canvas, move));
  });
  for (const end of ['pointerup', 'pointercancel', 'lostpointercapture']) canvas.addEventListener(end, () => stroke.end());
  takeKeys(canvas, stroke, showCursor);
}

/**
 * Arrows move, Space puts the pen down and lifts it.
 * @param {HTMLCanvasElement} canvas
 * @param {Stroke} stroke
 * @param {(cursor: {x: number, y: number, down: boolean} | null) => void} showCursor
 */
function takeKeys(canvas, stroke, showCursor) {
  const cursor = { x: SIZE.width / 2, y: SIZE.height / 2, down: false };
  /** @type {Record<string, [number, number]>} */
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener('keydown', (event) => {
    const way = ways[event.key];
    if (!way && event.key !== ' ') return;
    event.preventDefault();
    event.stopPropagation(); // Space is the pen here, not the microphone
    const step = event.shiftKey ? STEPS.large : STEPS.small;
    if (way) Object.assign(cursor, { x: within(cursor.x + way[0] * step, SIZE.width), y: within(cursor.y + way[1] * step, SIZE.height) });
    else if (!event.repeat) cursor.down = !cursor.down;
    if (way && cursor.down) stroke.go([cursor.x, cursor.y]);
    else if (!way && cursor.down) stroke.begin([cursor.x, cursor.y]);
    else if (!way) stroke.end();
    showCursor(cursor);
  });
  canvas.addEventListener('blur', () => {
    cursor.down = false;
    stroke.end();
    showCursor(null);
  });
}

/** One line while it is drawn: what the hand does between two sendings goes together. */
class Stroke {
  /** @param {Paper} paper */
  constructor(paper) {
    this.paper = paper;
    this.open = false;
    /** @type {number[]} */
    this.last = [];
    /** @type {number[]} */
    this.waiting = [];
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** @param {number[]} point */
  begin(point) {
    this.end();
    this.open = true;
    this.last = point;
    this.paper.begin(point);
  }

  /** @param {number[]} point */
  go(point) {
    if (Math.abs(point[0] - this.last[0]) < NEAR && Math.abs(point[1] - this.last[1]) < NEAR) return;
    this.last = point;
    this.waiting.push(...point);
    if (this.waiting.length >= 256) this.#send();
    else this.timer ??= setTimeout(() => this.#send(), SEND_EVERY);
  }

  end() {
    this.#send();
    this.open = false;
  }

  #send() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.waiting.length > 0) this.paper.draw(this.waiting);
    this.waiting = [];
  }
}

/**
 * The canvas is shown as large as fits, its edges left over are not paper.
 * @param {HTMLCanvasElement} canvas
 * @param {PointerEvent} event
 */
function pointOf(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return [
    within(Math.round(((event.clientX - box.left) / box.width) * SIZE.width), SIZE.width),
    within(Math.round(((event.clientY - box.top) / box.height) * SIZE.height), SIZE.height),
  ];
}

/**
 * @param {number} value
 * @param {number} most
 */
function within(value, most) {
  return Math.max(0, Math.min(most, value));
}
