// Pictures of the page that somebody looked at and agreed to, and whether the page still looks like them.
//
// What changes by itself is taken out of a picture before it is taken: moving pictures, times, addresses, figures. They are compared
// in this process: in a page a comparison took several times as long, most of it for the way there.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cellsOf, differences } from './cells.mjs';
import { pixelsOf } from './png.mjs';

const kept = path.join(path.dirname(fileURLToPath(import.meta.url)), '../snapshots');

/** `SNAPSHOTS=renew tests/run browser 'looks as'` keeps what it sees, to be looked at before it is committed. */
const renewing = process.env.SNAPSHOTS === 'renew';

/** So long pictures are taken of a view that does not look as it should: it may still be on its way. */
const PATIENCE_MS = 10_000;
/** Between two of them. */
const PAUSE_MS = 150;

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
  .toast:not(.update, [data-still]), .tile-state:not([data-still]), [data-problem^="relay-"] { display: none !important; }
  .tile-middle:not(:has([data-still])) { padding: 0 !important; }
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
  #kept = /** @type {Map<string, import('./cells.mjs').Cells>} */ (new Map());

  /** @param {ConstructorParameters<typeof Gallery>} where */
  static async open(...where) {
    const gallery = new Gallery(...where);
    if (!renewing) await gallery.#read();
    return gallery;
  }

  /**
   * @param {string} name the folder
   * @param {import('playwright-core').Page} page that reads and writes the kept pictures, an empty one
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
    this.#taken.add(name);
    if (renewing) return this.#keep(name, await this.#rest(person));
    const agreed = this.#kept.get(name);
    if (!agreed) return this.#problems.push(`${name}: no picture of it is kept in ${this.folder}`);
    const { taken, spots } = await this.#watch(person, () => agreed);
    if (spots.length === 0) return;
    const what = await Promise.all(spots.map(async (spot) => `${await person.page.evaluate(whatStandsAt, spot)} at ${spot.x},${spot.y}`));
    await mkdir(this.output, { recursive: true });
    await writeFile(path.join(this.output, `${name}.png`), taken);
    this.#problems.push(`${name}: ${what.join('; ')}`);
  }

  /** At the end: nothing looked different, and no picture is kept that nobody takes. */
  close() {
    const idle = [...this.#kept.keys()].filter((name) => !this.#taken.has(name));
    const problems = [...this.#problems, ...idle.map((name) => `${name}: kept, and taken by no scenario`)];
    assert.equal(problems.length, 0, `what looks different (the pictures taken are in ${this.output}; if it is meant, \`SNAPSHOTS=renew tests/run browser 'looks as'\`):\n${problems.join('\n')}`);
  }

  /**
   * Takes pictures until one looks as it should.
   * @param {import('./person.mjs').Person} person
   * @param {(former: import('./cells.mjs').Cells | null) => import('./cells.mjs').Cells | null} wanted given the picture before
   */
  async #watch(person, wanted) {
    let former = /** @type {import('./cells.mjs').Cells | null} */ (null);
    for (const deadline = Date.now() + PATIENCE_MS; ; await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))) {
      const taken = await take(person);
      const seen = cellsOf(pixelsOf(taken));
      const should = wanted(former);
      former = seen;
      const spots = should ? differences(should, seen) : [];
      if ((should && spots.length === 0) || Date.now() > deadline) return { taken, spots };
    }
  }

  /** Two pictures of the same in a row. @param {import('./person.mjs').Person} person */
  async #rest(person) {
    const { taken, spots } = await this.#watch(person, (former) => former);
    if (spots.length > 0) throw new Error(`${person.name}'s page does not come to rest`);
    return taken;
  }

  /** What is kept, as cells: the page alone can read it. */
  async #read() {
    const files = existsSync(this.folder) ? readdirSync(this.folder) : [];
    const pictures = await Promise.all(files.map((file) => readFile(path.join(this.folder, file), 'base64')));
    const read = await this.page.evaluate(`(${readAll})(${cellsOf}, ${JSON.stringify(pictures)})`);
    files.forEach((file, index) => this.#kept.set(path.parse(file).name, JSON.parse(read[index])));
  }

  /** Small, and for eyes too: the same picture without what eyes do not see. @param {string} name @param {Buffer} taken */
  async #keep(name, taken) {
    await mkdir(this.folder, { recursive: true });
    await writeFile(path.join(this.folder, `${name}.webp`), await this.page.evaluate(asWebp, taken.toString('base64')), 'base64');
  }
}

/** @param {import('./person.mjs').Person} person @returns {Promise<Buffer>} a PNG */
function take({ page }) {
  return page.screenshot({ style: still, animations: 'disabled', scale: 'css' });
}

/**
 * In the empty page: the cells of each picture, as text because there are many numbers.
 * @param {(pixels: import('./png.mjs').Pixels) => import('./cells.mjs').Cells} reduced  `cellsOf`
 * @param {string[]} pictures in base64
 * @returns {Promise<string[]>}
 */
async function readAll(reduced, pictures) {
  return Promise.all(pictures.map(async (picture) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/webp;base64,${picture}`)).blob());
    const { width, height } = bitmap;
    const brush = new OffscreenCanvas(width, height).getContext('2d');
    brush.drawImage(bitmap, 0, 0);
    return JSON.stringify(reduced({ width, height, samples: 4, data: brush.getImageData(0, 0, width, height).data }));
  }));
}

/** In the empty page. @param {string} picture a PNG in base64 */
async function asWebp(picture) {
  const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext('2d').drawImage(bitmap, 0, 0);
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/webp', quality: 0.7 })).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** In the page that looks different: what the spot is of, in words. @param {import('./cells.mjs').Spot} spot */
function whatStandsAt({ x, y, cells }) {
  const element = document.elementFromPoint(x, y);
  const control = element?.closest('button, a, input, select, textarea, [aria-label], h1, h2, h3, p, li') ?? element;
  const name = control?.getAttribute('aria-label') ?? control?.textContent?.trim().slice(0, 40);
  return `${cells} cells around <${control?.tagName.toLowerCase() ?? 'nothing'}> “${name ?? ''}”`;
}
