// What one does in a call and the other notices, whichever browsers they sit at: a scenario of Chromium plays one of these, one of
// Firefox several in the same call.

import assert from 'node:assert/strict';
import { inkIn, inkShared, inked } from './paper.mjs';
import { pixelsOf } from './png.mjs';
import { until } from './until.mjs';
import { words } from './words.mjs';

/** @typedef {import('./person.mjs').Person} Person */

/** Sees oneself, and puts camera and microphone out. @param {Person} one who stands before the door */
export async function looksInMirror(one) {
  const mirror = one.page.getByRole('region', { name: words('lobby.preview') });
  const picture = mirror.locator('video');
  await picture.evaluate(async (/** @type {HTMLVideoElement} */ video) => {
    for (let shown = 0; shown < 5; shown += 1) await new Promise((resolve) => { video.requestVideoFrameCallback(resolve); });
  });
  await one.button('Camera').click();
  await picture.waitFor({ state: 'hidden' });
  await mirror.getByText(words('lobby.camera-off')).waitFor();
  await one.button('Microphone').click();
  await mirror.locator('.meter').waitFor({ state: 'hidden' });
}

/** `one` is muted, and speaks for as long as the key is down. @param {Person} one @param {Person} other */
export async function speaksByKey(one, other) {
  const muted = other.tile(one.name).getByText(words('tile.muted'));
  await other.hears(one.name);
  await one.button('Microphone').click();
  await muted.waitFor({ state: 'attached' });
  await one.page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
  await one.page.keyboard.down(' ');
  await muted.waitFor({ state: 'hidden' });
  await one.page.keyboard.up(' ');
  await muted.waitFor({ state: 'attached' });
}

/** By hand, by button, away and back. @param {Person} one in a call of two */
export async function movesOwnPicture(one) {
  const self = one.tile(words('tile.you', { name: one.name }));
  const box = await self.boundingBox();
  const start = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const { width, height } = one.page.viewportSize();
  assert.ok(start.x > width / 2 && start.y > height / 2, 'it begins at the bottom right');
  await one.page.mouse.move(start.x, start.y);
  await one.page.mouse.down();
  await one.page.mouse.move(200, 200, { steps: 4 });
  await one.page.mouse.up();
  await one.page.waitForFunction(() => document.querySelector('.tile.floating').getBoundingClientRect().right < innerWidth / 2);
  await self.getByRole('button', { name: words('self.move') }).click();
  await one.page.waitForFunction(() => document.querySelector('.tile.floating').getBoundingClientRect().left > innerWidth / 2);
  await self.getByRole('button', { name: words('self.hide') }).click();
  await self.waitFor({ state: 'hidden' });
  await one.button(words('self.show')).click();
  await self.waitFor();
}

/** Nothing of a tile stands on anything else. @param {Person} one @param {string} where */
export async function hasRoom({ page }, where) {
  let crowded = /** @type {string[]} */ ([]);
  const none = async () => (crowded = await page.evaluate(() => window.tilesCrowded())).length === 0;
  await until('', none).catch(() => {}); // tiles glide to their places
  assert.deepEqual(crowded, [], where);
}

/** And back. @param {Person} one */
export async function fillsScreen(one) {
  const full = one.button(words('view.full-screen'));
  for (const pressed of ['true', 'false']) {
    await full.click();
    await one.page.waitForFunction((yes) => String(document.fullscreenElement === document.documentElement) === yes, pressed);
    await full.and(one.page.locator(`[aria-pressed="${pressed}"]`)).waitFor();
  }
}

/** A window on top of others, of which the call is a guest. @param {Person} one @param {Person} other */
export async function hasSmallWindow(one, other) {
  await one.button(words('view.pip')).click();
  await one.page.waitForFunction(() => /** @type {any} */ (window).documentPictureInPicture.window?.document.querySelector('video')?.videoWidth > 0);
  const press = (name) => one.page.evaluate((part) => /** @type {any} */ (window).documentPictureInPicture.window.document.querySelector(`[data-part="${part}"]`).click(), name);
  await press('camera');
  await other.seesNoPictureOf(one.name);
  await press('leave');
  await other.seesNobodyCalled(one.name);
}

/** A line with the arrow keys. @param {Person} one whose board is open */
export async function drawsByKeys(one) {
  await one.page.locator('.board canvas').focus();
  await one.page.keyboard.press(' ');
  for (let step = 0; step < 6; step++) await one.page.keyboard.press('Shift+ArrowRight');
  await until('nothing was drawn', async () => await inked(one) > 500);
}

/** What is on the board as a picture, a file of one's own. @param {Person} one in the room *kitchen*, whose board is open */
export async function keepsBoard(one) {
  const picture = await one.saves(`${words('bar.board')} kitchen.png`, () => one.button(words('board.save')).click());
  assert.equal(inkIn(pixelsOf(picture)), await inked(one));
}

/** The board as a moving picture, until it is closed. @param {Person} one whose board is open @param {Person} other */
export async function filmsBoard(one, other) {
  await one.button(words('board.film')).click();
  await until(`${other.name} sees no line in the film`, async () => await inkShared(other, one.name) > 100);
  await one.button(words('board.close')).click();
  await one.page.locator('.board canvas').waitFor({ state: 'detached' });
  await other.screenOf(one.name).waitFor({ state: 'hidden' });
}

/** Held from either side, whole in the end. @param {Person} from @param {Person} to who has taken it @param {string} name of the file */
export async function holdsFile(from, to, name) {
  const held = (one, by) => one.transfer(name).getByText(words('files.paused.peer', { name: by.name }).split(' ·')[0]).waitFor();
  await to.seesProgress(name);
  await to.pausesFile(name);
  await held(from, to);
  await to.resumesFile(name);
  await from.pausesFile(name);
  await held(to, from);
  await from.resumesFile(name);
}

/** @param {Person} one @param {Person} other at the other end @param {string} name of a file on its way */
export async function stopsFile(one, other, name) {
  await other.seesProgress(name);
  await one.cancelsFile(name);
  await one.transfer(name).getByText(words('files.cancelled.you')).waitFor();
  await other.transfer(name).getByText(words('files.cancelled.peer', { name: one.name })).waitFor();
}

/** A file that was copied somewhere else. @param {Person} one @param {string} name */
export async function pastes(one, name) {
  await one.page.evaluate((called) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([called], called));
    const paste = new ClipboardEvent('paste', { bubbles: true });
    Object.defineProperty(paste, 'clipboardData', { value: clipboardData }); // Firefox gives an event that a script made none
    document.dispatchEvent(paste);
  }, name);
}
