// Two different browsers in one call. Who was there first makes the offers, so it is played both ways round.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { drawsByKeys, fillsScreen, filmsBoard, hasSmallWindow, holdsFile, keepsBoard, looksInMirror, movesOwnPicture, pastes, speaksByKey, stopsFile } from '../harness/moves.mjs';
import { draws, inked } from '../harness/paper.mjs';
import { scenario } from '../harness/scenario.mjs';
import { until } from '../harness/until.mjs';
import { words } from '../harness/words.mjs';

/** @type {import('../harness/browsers.mjs').Kind[]} */
const needs = ['chromium', 'firefox'];

for (const order of [needs, needs.toReversed()]) {
  scenario(`${order[1]} comes to ${order[0]}: they see and hear each other, write, and go`, async (stage) => {
    const server = await stage.server();
    const alice = await stage.person(server, 'Alice', { kind: order[0] });
    const bob = await stage.person(server, 'Bob', { kind: order[1] });
    await alice.join('kitchen');
    await bob.join('kitchen');
    await alice.seesAndHears('Bob');
    await bob.seesAndHears('Alice');
    await alice.says('hello');
    await bob.button('Chat').click();
    await bob.reads('hello');
    await bob.leave();
    await alice.seesNobodyCalled('Bob');
  }, { needs });
}

scenario('firefox and chromium meet through the relay', async (stage) => {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice', { kind: 'firefox' });
  const bob = await stage.person(server, 'Bob');
  await alice.join('kitchen', { query: 'relay' });
  await bob.join('kitchen', { query: 'relay' });
  await alice.seesAndHears('Bob');
  await bob.seesAndHears('Alice');
}, { needs });

scenario('a file goes from firefox to chromium and back, over a reload of the one who receives', async (stage) => {
  const { server, alice, bob } = await meet(stage);
  for (const [sender, receiver, name] of /** @type {const} */ ([[alice, bob, 'there.bin'], [bob, alice, 'back.bin']])) {
    const file = path.join(server.folder, name);
    const bytes = randomBytes(12 << 20);
    await writeFile(file, bytes);
    await sender.sendsFile(file);
    await receiver.acceptsFile(name);
    await receiver.seesPercent(name, 10);
    await receiver.reloads();
    assert.equal(Buffer.compare(await receiver.savesFile(name), bytes), 0, `${name} arrived as another one`);
  }
}, { needs });

scenario('at firefox one raises a hand, gives signs, sees who speaks large, and puts the own picture away', async (stage) => {
  const { alice, bob } = await meet(stage);
  await alice.page.keyboard.press('h');
  await bob.tile('Alice').getByText(words('tile.hand')).waitFor({ state: 'attached' });
  await alice.button('React').click();
  await alice.button('👏').click();
  await bob.tile('Alice').getByText('👏').waitFor();
  await alice.button('Speaker view').click();
  await alice.page.waitForFunction(() => document.querySelector('section[aria-label="Bob"]').getBoundingClientRect().width > innerWidth / 2);
  const self = alice.tile(words('tile.you', { name: 'Alice' }));
  await self.getByRole('button', { name: words('self.hide') }).click();
  await self.waitFor({ state: 'hidden' });
  await alice.button('Camera').click();
  await bob.seesNoPictureOf('Alice');
  await alice.button('Camera').click();
  await bob.seesMoving('Alice');
}, { needs });

scenario('at firefox one talks by a key, pins somebody, moves the own picture, fills the screen, which stays on, and has a small window on top', async (stage) => {
  const { alice, bob } = await meet(stage);
  await alice.page.bringToFront(); // only a window that has the focus may fill the screen
  await alice.page.waitForFunction(() => window.keptLocks.some((lock) => !lock.released));
  await speaksByKey(alice, bob);
  const pin = alice.button(words('tile.pin', { name: 'Bob' }));
  for (const pressed of ['true', 'false']) {
    await pin.click();
    await pin.and(alice.page.locator(`[aria-pressed="${pressed}"]`)).waitFor();
    await alice.page.waitForFunction((yes) => String(!document.querySelector('.tile.floating')) === yes, pressed); // nobody floats beside the one who is pinned
  }
  await movesOwnPicture(alice);
  await fillsScreen(alice);
  await bob.says('hello');
  await bob.says('are you there?');
  await alice.page.locator('[data-part="unread"]').getByText('2').waitFor();
  await alice.button('Chat').click();
  await alice.reads('are you there?');
  await alice.page.locator('[data-part="unread"]').waitFor({ state: 'hidden' });
  await hasSmallWindow(alice, bob);
  await alice.page.waitForFunction(() => window.keptLocks.every((lock) => lock.released));
}, { needs });

scenario('firefox comes to a board that was drawn on before, and draws too: by hand, by keys, kept as a picture, and shown as video', async (stage) => {
  const server = await stage.server();
  const bob = await stage.person(server, 'Bob');
  await bob.join('kitchen');
  await bob.button('Whiteboard').click();
  await draws(bob, [0.1, 0.9], [0.9, 0.1]);
  let one = 0;
  await until('Bob drew nothing, or does not come to an end', async () => {
    const before = one;
    one = await inked(bob);
    return one > 1000 && one === before;
  });
  const alice = await stage.person(server, 'Alice', { kind: 'firefox' });
  await alice.join('kitchen');
  await until('Alice does not see what was drawn before she came', async () => await inked(alice) > 0.9 * one);
  await draws(alice, [0.1, 0.1], [0.9, 0.9]);
  await until('Bob sees no second line', async () => await inked(bob) > 1.5 * one);
  await alice.button(words('board.undo')).click();
  await until('Alice took back nothing, or both lines', async () => Math.abs(await inked(bob) / one - 1) < 0.1);
  await alice.button(words('board.clear')).click();
  await alice.page.getByRole('dialog').getByRole('button', { name: words('board.clear') }).click();
  await until('the board is not empty', async () => await inked(alice) + await inked(bob) === 0);
  await drawsByKeys(alice);
  await keepsBoard(alice);
  await filmsBoard(alice, bob);
}, { needs });

scenario('at firefox one stands before a door: looks in the mirror, knocks, is turned away, is let in, comes back to the seat, and finds a full room', async (stage) => {
  const server = await stage.server({ ROOMS__LOBBY: 'true', ROOMS__MAX_PEOPLE: '2' });
  const alice = await stage.person(server, 'Alice');
  const [bob, carol] = [await stage.person(server, 'Bob', { kind: 'firefox' }), await stage.person(server, 'Carol', { kind: 'firefox' })];
  await alice.join('kitchen');
  await bob.openRoom('kitchen');
  await looksInMirror(bob);
  for (const answer of ['decline', 'admit']) {
    await bob.button('Join').click();
    await bob.reads(words('knock.waiting'));
    await alice.button(words(`knock.${answer}.who`, { name: 'Bob' })).click();
    if (answer === 'decline') await bob.reads(words('problems.declined'));
  }
  await bob.button('Leave').waitFor();
  await alice.hearsNothingOf('Bob');
  await alice.seesNoPictureOf('Bob');
  await carol.openRoom('kitchen');
  await carol.button('Join').click();
  await alice.button(words('knock.admit.who', { name: 'Carol' })).click();
  await carol.reads(words('full.title'));
  await bob.reloads(); // only the kept seat lets Bob in: the room is full, and nobody opens
  await bob.seesMoving('Alice');
}, { needs });

scenario('at firefox files are pasted, dropped, sent as a folder, held and stopped, from either side', async (stage) => {
  const { server, alice, bob } = await meet(stage);
  await pastes(alice, 'pasted.txt');
  assert.equal(String(await bob.receivesFile('pasted.txt')), 'pasted.txt');
  await alice.page.evaluate(drops);
  assert.equal(String(await bob.receivesFile('dropped.txt')), 'dropped');
  await alice.page.evaluate(choosesFolder);
  const archive = path.join(server.folder, 'received.zip');
  await writeFile(archive, await bob.receivesFile('Holiday.zip'));
  assert.equal(execFileSync('unzip', ['-p', archive, 'Holiday/sea/wave.txt'], { encoding: 'utf8' }), 'wave');

  for (const [sender, receiver, name] of /** @type {const} */ ([[bob, alice, 'to-firefox.bin'], [alice, bob, 'from-firefox.bin']])) {
    const file = path.join(server.folder, name);
    execFileSync('truncate', ['--size=256M', file]); // nothing on the disk
    await sender.sendsFile(file);
    await receiver.acceptsFile(name);
    await holdsFile(sender, receiver, name);
    await receiver.seesPercent(name, await receiver.firstProgress(name) + 1); // it goes on
    await stopsFile(alice, bob, name);
  }
}, { needs });

/** In the page: a file is let go of over it. */
function drops() {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(['dropped'], 'dropped.txt'));
  for (const type of ['dragover', 'drop']) document.querySelector('.room').dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
}

/** In the page: what Firefox makes of a folder that was chosen. Its driver chooses files only. */
function choosesFolder() {
  const chooser = /** @type {HTMLInputElement} */ (document.querySelector('[data-part="folder-chooser"]'));
  const chosen = new DataTransfer();
  chosen.items.add(new File(['wave'], 'wave.txt'));
  chooser.files = chosen.files;
  Object.defineProperty(chooser.files[0], 'webkitRelativePath', { value: 'Holiday/sea/wave.txt' });
  chooser.dispatchEvent(new Event('change'));
}

/** Alice at Firefox and Bob at Chromium, who see each other. @param {import('../harness/scenario.mjs').Stage} stage */
async function meet(stage) {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice', { kind: 'firefox' });
  const bob = await stage.person(server, 'Bob');
  await alice.join('kitchen');
  await bob.join('kitchen');
  await alice.seesMoving('Bob');
  await bob.seesMoving('Alice');
  return { server, alice, bob };
}
