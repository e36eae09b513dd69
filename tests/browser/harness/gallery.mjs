// Pictures of the page that somebody looked at and agreed to, and whether the page still looks like them.
//
// What changes by itself is taken out of a picture before it is taken: moving pictures, times, addresses, figures. Compared are the
// mean colours of cells of eight pixels, each with the best of its neighbourhood in the other picture: how a font is smoothed and
// where a letter begins stay below that, a control that is missing or stands elsewhere does not.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const kept = path.join(path.dirname(fileURLToPath(import.meta.url)), '../snapshots');

/** `SNAPSHOTS=renew tests/run browser 'looks as'` keeps what it sees, to be looked at before it is committed. */
const renewing = process.env.SNAPSHOTS === 'renew';

/** As many pictures are taken of a view that does not look as it should: it may still be on its way. */
const TRIES = 8;

/** The letters of the pictures, from Debian's packages: what is wider or narrower breaks lines elsewhere. */
const FONTS = {
  'fonts-noto-core': '/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf',
  'fonts-noto-cjk': '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc',
  'fonts-noto-color-emoji': '/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf',
};

/** Why no pictures can be compared here; null when they can. */
export function missingFonts() {
  const missing = Object.keys(FONTS).filter((name) => !existsSync(FONTS[name]));
  return missing.length > 0 ? `the pictures' fonts are missing: ${missing.join(', ')}` : null;
}

const still = `
  :root { --font: "Noto Sans", "Noto Sans CJK SC", "Noto Color Emoji" !important; }
  video, .qr svg, .invitation-qr svg, .spinner, .bubble, .hint { visibility: hidden !important; }
  .toast:not(.update), .tile-state:not([data-still]), [data-problem^="relay-"] { display: none !important; }
  .meter i { height: 4px !important; }
  .tile::after { box-shadow: none !important; }
  .bars rect { opacity: 1 !important; fill: #fff !important; }
  time, .facts dd, .way-result, .transfer-hash, input[readonly], textarea[readonly], [data-part="version"], code, .authority, .way-name .soft,
  .person [data-part="identity-words"], .transfer .fine { color: transparent !important; text-shadow: none !important; }
  .way-result { width: 5rem; overflow: hidden; }
  .facts dd, .transfer .fine { white-space: nowrap !important; overflow: hidden !important; }
  .person [data-part="identity-words"] { display: inline-block; width: 1px; white-space: nowrap !important; overflow: hidden !important; }
  progress { visibility: hidden !important; }
  .chip [data-part="path"] { display: none !important; }
`;

/** One folder of kept pictures. */
export class Gallery {
  #problems = /** @type {string[]} */ ([]);
  #taken = new Set();

  /**
   * @param {string} name the folder
   * @param {import('playwright-core').Page} page in which pictures are compared, an empty one
   * @param {string} output where pictures that differ are left
   */
  constructor(name, page, output) {
    this.folder = path.join(kept, name);
    this.page = page;
    this.output = output;
  }

  /**
   * Somebody's page looks as it did when this picture of it was kept.
   * @param {import('./person.mjs').Person} person
   * @param {string} name
   */
  async compares(person, name) {
    const file = path.join(this.folder, `${name}.webp`);
    this.#taken.add(path.basename(file));
    if (renewing) return this.#keep(file, await this.#rest(person));
    if (!existsSync(file)) return this.#problems.push(`${name}: no picture of it is kept in ${this.folder}`);
    const agreed = await readFile(file, 'base64');
    let taken = '';
    let spots = /** @type {Spot[]} */ ([]);
    for (let tries = 0; tries < TRIES; tries += 1) {
      taken = await take(person);
      spots = await this.page.evaluate(compare, [agreed, taken]);
      if (spots.length === 0) return;
    }
    const what = await Promise.all(spots.map(async (spot) => `${await person.page.evaluate(whatStandsAt, spot)} at ${spot.x},${spot.y}`));
    await mkdir(this.output, { recursive: true });
    await writeFile(path.join(this.output, `${name}.png`), taken, 'base64');
    this.#problems.push(`${name}: ${what.join('; ')}`);
  }

  /** At the end: nothing looked different, and no picture is kept that nobody takes. */
  close() {
    const idle = existsSync(this.folder) ? readdirSync(this.folder).filter((file) => !this.#taken.has(file)) : [];
    const problems = [...this.#problems, ...idle.map((file) => `${file}: kept, and taken by no scenario`)];
    assert.equal(problems.length, 0, `what looks different (the pictures taken are in ${this.output}; if it is meant, \`SNAPSHOTS=renew tests/run browser 'looks as'\`):\n${problems.join('\n')}`);
  }

  /** Two pictures of the same in a row. @param {import('./person.mjs').Person} person */
  async #rest(person) {
    let taken = await take(person);
    for (let tries = 0; tries < TRIES; tries += 1) {
      const next = await take(person);
      if ((await this.page.evaluate(compare, [taken, next])).length === 0) return next;
      taken = next;
    }
    throw new Error(`${person.name}'s page does not come to rest`);
  }

  /** Small, and for eyes too: the same picture without what eyes do not see. @param {string} file @param {string} taken */
  async #keep(file, taken) {
    await mkdir(this.folder, { recursive: true });
    await writeFile(file, await this.page.evaluate(asWebp, taken), 'base64');
  }
}

/** @param {import('./person.mjs').Person} person @returns {Promise<string>} a PNG in base64 */
async function take({ page }) {
  return (await page.screenshot({ style: still, animations: 'disabled', scale: 'css' })).toString('base64');
}

/** @typedef {{x: number, y: number, cells: number}} Spot a place where pictures differ: its middle in pixels, and how much of it */

/**
 * In the empty page: where two pictures differ.
 * @param {string[]} pictures in base64
 * @returns {Promise<Spot[]>}
 */
async function compare(pictures) {
  const CELL = 8;
  const FAR = 14; // of 255, in one colour: an icon's line in a cell of paper makes 40
  const FEW = 5; // cells; an icon covers nine
  const [one, other] = await Promise.all(pictures.map(cells));
  if (one.width !== other.width || one.height !== other.height) return [{ x: 0, y: 0, cells: one.width * one.height }];
  const different = new Set();
  for (let at = 0; at < one.width * one.height; at += 1) if (!found(one, other, at) || !found(other, one, at)) different.add(at);
  return spotsOf(different);

  async function cells(picture) {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const brush = canvas.getContext('2d');
    brush.drawImage(bitmap, 0, 0);
    const { data } = brush.getImageData(0, 0, bitmap.width, bitmap.height);
    const width = Math.floor(bitmap.width / CELL);
    const height = Math.floor(bitmap.height / CELL);
    const means = new Float32Array(width * height * 3);
    for (let y = 0; y < height * CELL; y += 1) {
      for (let x = 0; x < width * CELL; x += 1) {
        const cell = (Math.floor(y / CELL) * width + Math.floor(x / CELL)) * 3;
        for (let colour = 0; colour < 3; colour += 1) means[cell + colour] += data[(y * bitmap.width + x) * 4 + colour] / CELL ** 2;
      }
    }
    return { width, height, means };
  }

  /** Whether a cell of `here` has its like at the same place of `there`, or one cell beside. */
  function found(here, there, at) {
    const column = at % here.width;
    const row = Math.floor(at / here.width);
    for (let y = Math.max(0, row - 1); y <= Math.min(here.height - 1, row + 1); y += 1) {
      for (let x = Math.max(0, column - 1); x <= Math.min(here.width - 1, column + 1); x += 1) {
        if (far(here.means, at, there.means, y * here.width + x) <= FAR) return true;
      }
    }
    return false;
  }

  function far(means, at, others, there) {
    return Math.max(...[0, 1, 2].map((colour) => Math.abs(means[at * 3 + colour] - others[there * 3 + colour])));
  }

  /** Cells side by side are one spot; a few alone are none. */
  function spotsOf(cellsLeft) {
    const spots = [];
    for (const first of [...cellsLeft]) {
      if (!cellsLeft.delete(first)) continue;
      const spot = [first];
      for (const cell of spot) {
        for (const near of [-1, 1].flatMap((step) => [step, step * one.width, step * one.width - 1, step * one.width + 1])) {
          if (cellsLeft.delete(cell + near)) spot.push(cell + near);
        }
      }
      const middle = (/** @type {(cell: number) => number} */ of) => Math.round((spot.reduce((sum, cell) => sum + of(cell), 0) / spot.length + 0.5) * CELL);
      if (spot.length >= FEW) spots.push({ x: middle((cell) => cell % one.width), y: middle((cell) => Math.floor(cell / one.width)), cells: spot.length });
    }
    return spots;
  }
}

/** In the empty page. @param {string} picture a PNG in base64 */
async function asWebp(picture) {
  const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext('2d').drawImage(bitmap, 0, 0);
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/webp', quality: 0.7 })).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** In the page that looks different: what the spot is of, in words. @param {Spot} spot */
function whatStandsAt({ x, y, cells }) {
  const element = document.elementFromPoint(x, y);
  const control = element?.closest('button, a, input, select, textarea, [aria-label], h1, h2, h3, p, li') ?? element;
  const name = control?.getAttribute('aria-label') ?? control?.textContent?.trim().slice(0, 40);
  return `${cells} cells around <${control?.tagName.toLowerCase() ?? 'nothing'}> “${name ?? ''}”`;
}
