// Two different browsers in one call. Who was there first makes the offers, so it is played both ways round.

import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { draws, inked, until } from '../harness/paper.mjs';
import { scenario } from '../harness/scenario.mjs';
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
    await receiver.reads(createHash('sha256').update(bytes).digest('hex')); // its driver sees no downloads in Firefox
    await receiver.transfer(name).getByRole('link').waitFor();
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

scenario('firefox and chromium draw on one board', async (stage) => {
  const { alice, bob } = await meet(stage);
  await alice.button('Whiteboard').click();
  await bob.page.locator('.board canvas').waitFor();
  await draws(alice, [0.1, 0.1], [0.9, 0.9]);
  await until('Bob sees no line', async () => await inked(bob) > 1000);
  await draws(bob, [0.1, 0.9], [0.9, 0.1]);
  const both = await inked(bob);
  await until('Alice sees one line only', async () => await inked(alice) > 0.9 * both);
  await alice.button(words('board.undo')).click();
  await until('Alice took back nothing, or both lines', async () => {
    const left = await inked(bob);
    return left < 0.7 * both && left > 0.3 * both;
  });
}, { needs });

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
