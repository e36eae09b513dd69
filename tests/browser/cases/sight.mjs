// The page for those who see little: enlarged to what is left of a window, and in the colours that the system was told to use.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pixelsOf } from '../harness/png.mjs';
import { scenario } from '../harness/scenario.mjs';
import { control } from '../harness/seats.mjs';
import { until } from '../harness/until.mjs';
import { words } from '../harness/words.mjs';

scenario('at 200 percent no control is lost or covered, and with the system\'s own colours each is seen, with and without the focus', async (stage) => {
  const { each, people } = await twoLooks(stage, { colorScheme: 'light' });
  const [alice, bob] = people;
  await each('the lobby', async (person) => {
    await person.openRoom('kitchen');
    await person.page.getByText(words('lobby.devices')).click();
  });
  for (const person of people) await person.enter();
  await alice.seesMoving('Bob', { frames: 1 });
  await bob.seesMoving('Alice', { frames: 1 });
  await each('the call', async () => {});
  await each('the signs', (person) => press(person, 'React', 'More'));
  await each('the chat', (person) => person.says('hello https://example.org'));
  await each('the whiteboard', async (person) => {
    await person.page.keyboard.press('Escape');
    if (person === alice) await press(alice, 'Whiteboard');
    await person.page.locator('.board canvas').waitFor();
  });
  for (const dialog of ['Settings', 'Invite']) {
    await each(dialog, async (person) => {
      await press(person, dialog);
      await person.page.getByRole('dialog').waitFor();
    });
    for (const person of people) await person.page.keyboard.press('Escape');
  }
  await each('the goodbye', (person) => person.leave());
});

scenario('at 200 percent and in the system\'s own colours nothing is lost of the people, a connection, the files, the test and a call without a server', async (stage) => {
  const { server, each, people } = await twoLooks(stage, { colorScheme: 'dark' });
  const [alice, bob] = people;
  const closes = () => Promise.all(people.map(({ page }) => page.keyboard.press('Escape')));
  for (const person of people) await person.join('kitchen');
  await alice.seesMoving('Bob', { frames: 1 });
  await bob.seesMoving('Alice', { frames: 1 });
  await each('the people, as a host sees them', async (person) => {
    if (person === bob) await alice.button(words('people.hand-over.who', { name: 'Bob' })).dblclick(); // the second click says that she is sure
    await control(person, 'people').click();
    await control(person, 'locked', 'dialog').waitFor();
  });
  await closes();
  await each('a connection', async (person) => {
    await person.looksInto(person === alice ? 'Bob' : 'Alice');
    await person.page.locator('.details-sheet dt').nth(8).waitFor();
  });
  await closes();
  await press(bob, 'Invite');
  await isRead(bob.page.locator('dialog .invitation-qr svg'));
  await closes();
  for (const person of people) {
    await person.button('Chat').click();
    await control(person, 'tab-files').click();
  }
  const files = ['plans.pdf', 'holiday.mp4', 'song.flac'].map((name) => path.join(server.folder, name));
  for (const file of files) await writeFile(file, Buffer.alloc(20_000));
  await alice.page.locator('[data-part="chooser"]').setInputFiles(files);
  await each('the files', async (person) => {
    await person.page.locator('.transfer').nth(2).waitFor();
    if (person === alice) await bob.button(`${words('files.decline')} holiday.mp4`).click();
    await control(person, 'clear').waitFor();
  });

  await Promise.all(people.map((person) => person.page.goto(`${server.url}/test`)));
  await each('the test while it runs', (person) => person.page.locator('.way').first().waitFor());
  await each('the test', async (person) => {
    await person.testsTheNetwork();
    for (const name of ['open-devices', 'copy', 'test-sound']) await control(person, name).click();
    await person.page.locator('.others summary').click();
    await control(person, 'others-url').fill('stun:127.0.0.1:9');
    await person.page.locator('[data-part="others"] button').click();
    await person.page.locator('.table td').first().waitFor();
  });
  await each('the phone', async (person) => {
    await person.page.goto(`${server.url}/test?phone#phone=nobody-waits-for-this`);
    await person.page.locator('.way[data-state="works"]').last().waitFor();
  });
  await each('a call without a server', async (person) => {
    await person.page.goto(`${server.url}/manual`);
    await control(person, 'offer').waitFor();
  });
  await each('the texts of one', async (person) => {
    await control(person, 'offer').click();
    await person.page.locator('.manual .qr svg').waitFor();
    await control(person, 'go').click();
    await person.page.locator('.notice').waitFor();
  });
  await isRead(bob.page.locator('.manual .qr svg'));
});

/** A code is black on white whatever the system's colours are. @param {import('playwright-core').Locator} code */
async function isRead(code) {
  await code.scrollIntoViewIfNeeded();
  const picture = pixelsOf(await code.screenshot());
  const { width: right, height: bottom } = picture;
  assert.ok(contrastIn(picture, { left: 0, top: 0, right, bottom }) > 15, 'no telephone could read this code');
}

/** A server and two people: everything of Alice's is large, everything of Bob's has the system's colours. @param {import('../harness/scenario.mjs').Stage} stage */
async function twoLooks(stage, { colorScheme }) {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice', { context: { viewport: ENLARGED[1], deviceScaleFactor: 2 } });
  const bob = await stage.person(server, 'Bob', { context: { forcedColors: 'active', reducedMotion: 'reduce', colorScheme } });
  const people = [alice, bob];
  const looks = { Alice: losesNothing, Bob: isSeen };
  /** @param {string} where @param {(person: import('../harness/person.mjs').Person) => Promise<unknown>} does */
  const each = async (where, does) => {
    for (const person of people) {
      await does(person);
      await looks[person.name](person, where);
    }
  };
  return { server, people, each };
}

/** On a narrow page the rarer buttons stand in a sheet. @param {string} name @param {string} [instead] */
async function press(person, name, instead = name) {
  if (await person.button(name).isVisible()) return person.button(name).click();
  if (await person.button('More').getAttribute('aria-expanded') === 'false') await person.button('More').click();
  if (instead !== 'More') await person.button(instead).click();
}

/** What a window of 1280 by 800 has left at 200 percent, and the narrowest one (WCAG 2.2, 1.4.4 and 1.4.10). */
const ENLARGED = [{ width: 320, height: 480 }, { width: 640, height: 400 }];

async function losesNothing({ page }, where) {
  for (const size of ENLARGED) {
    await page.setViewportSize(size);
    let lost = /** @type {string[]} */ ([]);
    const nothingLost = async () => (lost = await page.evaluate(() => window.controlsLost())).length === 0;
    await until('', nothingLost).catch(() => {}); // tiles glide to their places
    assert.deepEqual(lost, [], `${where}, ${size.width} pixels wide: nobody could press these`);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= size.width, `${where} is ${width} pixels wide, the window ${size.width}`);
  }
}

/** What a control needs to be told from what is around it (WCAG 2.2, 1.4.11). */
const CONTRAST = 3;

/** Each control that is in sight stands out from its ground by some line or letter, and shows it when it has the focus. */
async function isSeen(person, where) {
  const picture = pixelsOf(await person.page.screenshot());
  const controls = await person.page.evaluate(() => window.controlsInSight());
  assert.ok(controls.length > 0, where);
  const faint = controls.filter((control) => contrastIn(picture, control) < CONTRAST);
  assert.deepEqual(faint.map(({ name }) => name), [], `${where}: not to be seen`);
  assert.deepEqual(await person.page.evaluate(() => window.statesUnseen()), [], `${where}: on and off look alike`);
  await person.page.keyboard.press('Tab');
  const { name, outlined } = await person.page.evaluate(() => window.focused());
  assert.ok(outlined, `${where}: '${name}' does not show that it has the focus`);
}

/** Between the lightest and the darkest pixel of a place. @param {import('../harness/png.mjs').Pixels} picture */
function contrastIn({ width, samples, data }, { left, top, right, bottom }) {
  let [lightest, darkest] = [0, 1];
  for (let y = Math.floor(top); y < Math.floor(bottom); y += 1) {
    for (let x = Math.floor(left); x < Math.floor(right); x += 1) {
      const at = (y * width + x) * samples;
      const light = luminance(data[at], data[at + 1], data[at + 2]);
      lightest = Math.max(lightest, light);
      darkest = Math.min(darkest, light);
    }
  }
  return (lightest + 0.05) / (darkest + 0.05);
}

/** Relative luminance (WCAG 2.2, definitions). @param {number[]} colour red, green, blue */
function luminance(...colour) {
  const [red, green, blue] = colour.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
