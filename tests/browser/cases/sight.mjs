// The page for those who see little: enlarged to what is left of a window, and in the colours that the system was told to use.

import assert from 'node:assert/strict';
import { pixelsOf } from '../harness/png.mjs';
import { scenario } from '../harness/scenario.mjs';
import { until } from '../harness/until.mjs';
import { words } from '../harness/words.mjs';

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
