/**
 * Lines on a canvas. The paper is white in every theme: what one person writes in black another reads in black.
 */

import { SIZE } from '../../call/board/log.js';

/** @typedef {import('../../call/board/log.js').Line} Line */

export const PAPER = '#ffffff';
/** By a line's `colour`; the last one rubs out. */
export const PALETTE = Object.freeze(['#1b2421', '#c8281e', '#0b57d0', '#0c7a5f', '#b25b00', '#7a3fb0', PAPER]);

/**
 * The whole board anew.
 * @param {CanvasRenderingContext2D} brush
 * @param {Line[]} lines  the lowest first
 */
export function paint(brush, lines) {
  brush.fillStyle = PAPER;
  brush.fillRect(0, 0, SIZE.width, SIZE.height);
  for (const line of lines) paintLine(brush, line, 0);
}

/**
 * A line, or only what it grew by.
 * @param {CanvasRenderingContext2D} brush
 * @param {Line} line
 * @param {number} from  index of the first coordinate that is new
 */
export function paintLine(brush, { points, colour, width }, from) {
  if (points.length === 0) return;
  const start = Math.max(0, from - 2);
  brush.strokeStyle = PALETTE[colour];
  brush.lineWidth = width;
  brush.lineCap = brush.lineJoin = 'round';
  brush.beginPath();
  brush.moveTo(points[start], points[start + 1]);
  if (points.length === start + 2) brush.lineTo(points[start], points[start + 1]); // a dot
  for (let index = start + 2; index < points.length; index += 2) brush.lineTo(points[index], points[index + 1]);
  brush.stroke();
}
