// The page for everybody: without a mouse, read aloud, on a narrow screen in a language with long words.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { scenario } from '../harness/scenario.mjs';
import { control } from '../harness/seats.mjs';
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
  await control(alice, 'tab-files').click();
  await alice.page.locator('[data-part="chooser"]').setInputFiles({ name: 'plans.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(20_000) });
  await li.page.locator('.transfer').waitFor();
  await passes(alice, 'the files');
  await passes(li, 'the files, in Chinese');
  await control(li, 'close', '.panel').click();
  await control(li, 'people').click();
  await control(li, 'locked', 'dialog').waitFor();
  await passes(li, 'the people, in Chinese');
  await li.page.keyboard.press('Escape');
  await alice.looksInto('小李');
  await alice.page.locator('.details-sheet dt').nth(8).waitFor();
  await passes(alice, 'a connection');
  await alice.page.keyboard.press('Escape');
  await control(alice, 'tab-files').focus();
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
