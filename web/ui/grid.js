/**
 * Where each tile stands: pure geometry, from a size and a list of tiles to rectangles.
 * Tiles never change their place in the document, only their rectangle, so a picture never restarts.
 */

/** @typedef {{x: number, y: number, width: number, height: number}} Rect  CSS pixels, from the stage's top left */
/** @typedef {{width: number, height: number}} Size */
/**
 * @typedef {object} Scene
 * @property {string[]} tiles  keys in reading order, yourself last
 * @property {string | null} you  your own camera's key, null when it is hidden
 * @property {string | null} focus  the tile on the stage (a shared screen, a pinned person), or null
 * @property {Corner} [corner]      where you float, bottom right if not said
 */
/** @typedef {'top-left' | 'top-right' | 'bottom-left' | 'bottom-right'} Corner */

/** Clockwise, the order in which a button moves the self-view on. @type {readonly Corner[]} */
export const CORNERS = Object.freeze(['bottom-right', 'bottom-left', 'top-left', 'top-right']);

/** Between tiles; small enough for a phone, large enough for a focus ring. */
export const GAP = 8;
/** Between the self-view and the stage's edge. */
const MARGIN = 12;
/** What stands along the edges of the tile below: its buttons at the top, its name at the bottom left. */
const EDGE = 48;
/** A face survives being cut to these shapes: wide rooms keep to camera shapes, tall ones may go upright. */
const WIDE_SHAPES = { min: 4 / 3, max: 16 / 9 };
const TALL_SHAPES = { min: 3 / 4, max: 16 / 9 };
/** A filmstrip takes this part of the stage's longer side, within limits in pixels. */
const STRIP = { part: 0.2, min: 96, max: 240 };

/**
 * The rectangle of every tile. One other person: that person fills the stage and you float in the corner.
 * Nobody else: you float, the middle is left to the invitation.
 * @param {Size} stage
 * @param {Scene} scene
 * @returns {Map<string, Rect>}
 */
export function arrange(stage, scene) {
  if (scene.focus !== null && scene.tiles.includes(scene.focus)) return focused(stage, scene.tiles, scene.focus);
  const others = scene.tiles.filter((key) => key !== scene.you);
  if (others.length > 1) return grid(stage, scene.tiles);
  const rects = others.length === 1 ? new Map([[others[0] ?? '', whole(stage)]]) : new Map();
  return scene.you === null ? rects : rects.set(scene.you, floating(stage, scene.corner ?? 'bottom-right'));
}

/**
 * The corner a self-view belongs to that was let go of with its middle at a point.
 * @param {Size} stage
 * @param {{x: number, y: number}} middle
 * @returns {Corner}
 */
export function nearestCorner(stage, { x, y }) {
  const left = x < stage.width / 2;
  if (y < stage.height / 2) return left ? 'top-left' : 'top-right';
  return left ? 'bottom-left' : 'bottom-right';
}

/**
 * The grid with the largest tiles that fits: every number of columns is tried; the last row is centred.
 * @param {Size} stage
 * @param {string[]} keys
 * @returns {Map<string, Rect>}
 */
export function grid(stage, keys) {
  const { columns, width, height } = bestGrid(stage, keys.length);
  const rows = Math.ceil(keys.length / columns);
  const top = (stage.height - rows * height - (rows - 1) * GAP) / 2;
  /** @type {Map<string, Rect>} */
  const rects = new Map();
  keys.forEach((key, index) => {
    const row = Math.floor(index / columns);
    const inRow = Math.min(columns, keys.length - row * columns);
    const left = (stage.width - inRow * width - (inRow - 1) * GAP) / 2;
    const x = left + (index - row * columns) * (width + GAP);
    rects.set(key, { x, y: top + row * (height + GAP), width, height });
  });
  return rects;
}

/**
 * @param {Size} stage
 * @param {number} count
 */
function bestGrid(stage, count) {
  const shapes = stage.width >= stage.height ? WIDE_SHAPES : TALL_SHAPES;
  let best = { columns: 1, width: 0, height: 0 };
  for (let columns = 1; columns <= Math.max(count, 1); columns += 1) {
    const rows = Math.ceil(count / columns);
    const cell = {
      width: Math.max(0, (stage.width - (columns - 1) * GAP) / columns),
      height: Math.max(0, (stage.height - (rows - 1) * GAP) / Math.max(rows, 1)),
    };
    const tile = shaped(cell, shapes);
    if (tile.width * tile.height > best.width * best.height) best = { columns, ...tile };
  }
  return best;
}

/**
 * The largest rectangle inside `cell` whose width divided by height lies within `shapes`.
 * @param {Size} cell
 * @param {{min: number, max: number}} shapes
 * @returns {Size}
 */
function shaped(cell, shapes) {
  const shape = cell.width / cell.height;
  if (shape > shapes.max) return { width: cell.height * shapes.max, height: cell.height };
  if (shape < shapes.min) return { width: cell.width, height: cell.width / shapes.min };
  return cell;
}

/**
 * One tile large, all others in a filmstrip: at the right of a wide stage, at the foot of a tall one.
 * @param {Size} stage
 * @param {string[]} keys
 * @param {string} focus
 * @returns {Map<string, Rect>}
 */
function focused(stage, keys, focus) {
  const others = keys.filter((key) => key !== focus);
  if (others.length === 0) return new Map([[focus, whole(stage)]]);
  const wide = stage.width >= stage.height;
  const thick = clamp((wide ? stage.width : stage.height) * STRIP.part, STRIP.min, STRIP.max);
  const rects = wide ? strip(others, stage.height, thick, 4 / 3) : turned(strip(others, stage.width, thick, 4 / 3));
  const shift = wide ? { x: stage.width - thick, y: 0 } : { x: 0, y: stage.height - thick };
  for (const rect of rects.values()) {
    rect.x += shift.x;
    rect.y += shift.y;
  }
  const width = wide ? stage.width - thick - GAP : stage.width;
  const height = wide ? stage.height : stage.height - thick - GAP;
  return rects.set(focus, { x: 0, y: 0, width, height });
}

/**
 * A column of tiles, `thick` wide, centred within `length`; they shrink until all have room.
 * @param {string[]} keys
 * @param {number} length
 * @param {number} thick
 * @param {number} shape
 * @returns {Map<string, Rect>}
 */
function strip(keys, length, thick, shape) {
  const room = (length - (keys.length - 1) * GAP) / keys.length;
  const each = Math.min(thick / shape, room);
  const start = (length - keys.length * each - (keys.length - 1) * GAP) / 2;
  return new Map(keys.map((key, index) => [key, { x: 0, y: start + index * (each + GAP), width: thick, height: each }]));
}

/**
 * A column laid down as a row.
 * @param {Map<string, Rect>} rects
 */
function turned(rects) {
  for (const rect of rects.values()) {
    Object.assign(rect, { x: rect.y, y: rect.x, width: rect.height, height: rect.width });
  }
  return rects;
}

/** @param {Size} stage @returns {Rect} */
function whole(stage) {
  return { x: 0, y: 0, width: stage.width, height: stage.height };
}

/**
 * The small self-view in its corner, in the shape of the stage, clear of what the tile below has there.
 * @param {Size} stage
 * @param {Corner} corner
 * @returns {Rect}
 */
function floating(stage, corner) {
  const wide = stage.width >= stage.height;
  const width = wide ? clamp(stage.width * 0.2, 120, 256) : clamp(stage.width * 0.28, 96, 160);
  const height = wide ? (width * 9) / 16 : (width * 4) / 3;
  const below = corner === 'bottom-right' ? MARGIN : EDGE;
  return {
    x: corner.endsWith('left') ? MARGIN : stage.width - width - MARGIN,
    y: corner.startsWith('top') ? EDGE : stage.height - height - below,
    width, height,
  };
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
