// The page for everybody: without a mouse, with large letters on a narrow screen, read aloud, in a language with long words.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { pixelsOf } from '../harness/png.mjs';
import { scenario } from '../harness/scenario.mjs';
import { until } from '../harness/until.mjs';
import { words, wordsIn } from '../harness/words.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const zh = wordsIn('zh-CN');

scenario('axe finds nothing to mend in any view, in light and dark, in English and Chinese', async (stage) => {
  const server = await stage.server();
  // The checker comes in as a script of the test, which the page's own policy would not let in.
  const li = await stage.person(server, '小李', { context: { bypassCSP: true, locale: 'zh-CN' } });
  const alice = await stage.person(server, 'Alice', { context: { bypassCSP: true } });
  await li.page.goto(`${server.url}/r/kitchen`);
  await passes(li, 'the lobby, in Chinese');
  await li.box(zh('lobby.name')).fill('小李');
  await li.button(zh('lobby.join')).click();
  await li.button(zh('bar.leave')).waitFor();
  await passes(li, 'alone, in Chinese');
  await alice.openRoom('kitchen');
  await alice.page.getByText(words('lobby.devices')).click();
  await passes(alice, 'the lobby');
  await alice.enter();
  await alice.seesMoving('小李');
  await alice.button('React').click();
  await passes(alice, 'the call');
  await alice.says('hello https://example.org');
  await passes(alice, 'the chat');
  await alice.page.keyboard.press('Escape');
  await alice.button('Whiteboard').click();
  await alice.page.locator('.board canvas').waitFor();
  await passes(alice, 'the whiteboard');
  await passes(li, 'the whiteboard, in Chinese');
  for (const dialog of ['Settings', 'Invite']) {
    await alice.button(dialog).click();
    await alice.page.getByRole('dialog').waitFor();
    await passes(alice, dialog);
    await alice.page.keyboard.press('Escape');
  }
  await alice.leave();
  await passes(alice, 'the goodbye');
});

scenario('axe finds nothing to mend in the test page and in a call without a server, in light and dark, in English and Chinese', async (stage) => {
  const server = await stage.server();
  for (const locale of ['en-GB', 'zh-CN']) {
    const alice = await stage.person(server, `Alice in ${locale}`, { context: { bypassCSP: true, locale } });
    await alice.page.goto(`${server.url}/test`);
    await alice.page.locator('.test h1').waitFor();
    await passes(alice, `the test while it runs, ${locale}`);
    await alice.testsTheNetwork();
    await alice.page.locator('[data-part="open-devices"]').click();
    await alice.page.locator('[data-part="test-sound"]').click();
    await alice.page.locator('.others summary').click();
    await alice.page.locator('[data-part="others-url"]').fill('stun:127.0.0.1:9');
    await alice.page.locator('[data-part="others"] button').click();
    await alice.page.locator('[data-part="copy"]').click();
    await passes(alice, `the test, ${locale}`);
    await alice.page.goto(`${server.url}/test?phone#phone=nobody-waits-for-this`);
    await alice.page.locator('.way[data-state="works"]').last().waitFor();
    await passes(alice, `the phone, ${locale}`);
    await alice.page.goto(`${server.url}/manual`);
    await alice.page.locator('.manual h1').waitFor();
    await passes(alice, `a call without a server, ${locale}`);
    await alice.page.locator('[data-part="offer"]').click();
    await alice.page.locator('.manual .qr svg').waitFor();
    await alice.page.locator('[data-part="go"]').click();
    await alice.page.locator('.notice').waitFor();
    await passes(alice, `the texts of one, ${locale}`);
  }
});

async function passes(person, where) {
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    await person.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    // A colour on its way from one theme to the other belongs to neither.
    await person.page.evaluate(() => Promise.allSettled(document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished)));
    await person.passesAxe(`${where}, ${colorScheme}`, axe);
  }
}

scenario('every button of a call is reached with the Tab key, and seen to have the focus', async (stage) => {
  const { people: [alice] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob');
  const wanted = await alice.page.evaluate(() => window.buttonsSeen());
  assert.ok(wanted.length > 12, `few buttons are there: ${wanted}`);
  await alice.page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
  const reached = new Set();
  for (let presses = 0; presses < 60; presses += 1) {
    await alice.page.keyboard.press('Tab');
    const { name, outlined } = await alice.page.evaluate(() => window.focused());
    if (name && reached.has(name)) break;
    reached.add(name);
    assert.ok(outlined, `'${name}' does not show that it has the focus`);
  }
  assert.deepEqual(wanted.filter((name) => !reached.has(name)), []);
});

scenario('into the call, to the chat and out again with the keyboard alone', async (stage) => {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice');
  await alice.page.goto(`${server.url}/r/kitchen`);
  await alice.box('Your name').focus();
  await alice.page.keyboard.type('Alice');
  await alice.page.keyboard.press('Enter');
  await alice.button('Leave').waitFor();
  await alice.page.keyboard.press('c');
  await alice.page.keyboard.type('anybody?');
  await alice.page.keyboard.press('Enter');
  await alice.reads('anybody?');
  await alice.page.keyboard.press('Escape');
  await alice.page.keyboard.press('?');
  await alice.page.getByRole('dialog').getByText(words('keys.layout')).waitFor();
  await alice.page.keyboard.press('Escape');
  await alice.button('Leave').focus();
  await alice.page.keyboard.press('Enter');
  await alice.button(words('left.again')).waitFor();
});

scenario('with words half as long again nothing is left untranslated, and 320 pixels are wide enough', async (stage) => {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice', { context: { viewport: { width: 320, height: 640 }, serviceWorkers: 'block' } });
  await alice.page.route('**/locales/en.json', async (route) => route.fulfill({ json: longWords(await (await route.fetch()).json()) }));
  await alice.page.goto(`${server.url}/r/kitchen`);
  const join = alice.page.locator('[data-part="join"]');
  await join.waitFor();
  await fits(alice, 'the lobby');
  await alice.page.locator('[data-part="name"]').fill('Alice');
  await join.click();
  await alice.page.locator('.bar').waitFor();
  await fits(alice, 'the call');
  await alice.page.locator('[data-part="more"]').click();
  await fits(alice, 'the sheet');
  await alice.page.locator('.bar [data-part="settings"]').click();
  await fits(alice, 'the settings');
  await alice.page.keyboard.press('Escape');
  await alice.page.locator('.bar [data-part="leave"]').click();
  await alice.page.locator('.message').waitFor();
  await fits(alice, 'the goodbye');
  await alice.page.goto(`${server.url}/test`);
  await alice.testsTheNetwork();
  await alice.page.locator('[data-part="open-devices"]').click();
  await alice.page.locator('.others summary').click();
  await fits(alice, 'the test');
  await alice.page.goto(`${server.url}/test?phone#phone=nobody-waits-for-this`);
  await alice.page.locator('.way[data-state="works"]').last().waitFor();
  await fits(alice, 'the phone');
  await alice.page.goto(`${server.url}/manual`);
  await alice.page.locator('[data-part="offer"]').click();
  await alice.page.locator('.manual .qr svg').waitFor();
  await fits(alice, 'a call without a server');
});

/** Every text as a strange and longer one between brackets: what has none was not translated. */
function longWords(table) {
  const letters = { a: 'å', e: 'é', i: 'ï', o: 'ø', u: 'û', A: 'Å', E: 'É', I: 'Ï', O: 'Ø', U: 'Û' };
  const long = (text) => text.split(/(\{\w+\})/).map((piece) => (piece.startsWith('{') ? piece : piece.replace(/[aeiouAEIOU]/g, (letter) => letters[letter] + (Math.abs(letter.charCodeAt(0)) % 2 ? letters[letter] : '')))).join('');
  return Object.fromEntries(Object.entries(table).map(([key, text]) => [key, `⟦${long(text)}⟧`]));
}

async function fits(person, where) {
  const { untranslated, width } = await person.page.evaluate(() => ({ untranslated: window.untranslated(), width: document.documentElement.scrollWidth }));
  assert.deepEqual(untranslated, [], `${where}: not translated`);
  assert.ok(width <= 320, `${where} is ${width} pixels wide`);
}

scenario('at 200 percent no control is lost or covered, and with the system\'s own colours each is seen, with and without the focus', async (stage) => {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice', { context: { viewport: ENLARGED[1], deviceScaleFactor: 2 } });
  const bob = await stage.person(server, 'Bob', { context: { forcedColors: 'active', reducedMotion: 'reduce' } });
  const looks = { Alice: losesNothing, Bob: isSeen };
  const each = async (/** @type {string} */ where, /** @type {(person: import('../harness/person.mjs').Person) => Promise<unknown>} */ does) => {
    for (const person of [alice, bob]) {
      await does(person);
      await looks[person.name](person, where);
    }
  };
  await each('the lobby', async (person) => {
    await person.openRoom('kitchen');
    await person.page.getByText(words('lobby.devices')).click();
  });
  for (const person of [alice, bob]) await person.enter();
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
    for (const person of [alice, bob]) await person.page.keyboard.press('Escape');
  }
  await each('the goodbye', (person) => person.leave());
});

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
