// How every view looks, to four people at once, beside the pictures of it that are kept in `snapshots/`.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { browser } from '../harness/browsers.mjs';
import { Gallery, missingFonts } from '../harness/gallery.mjs';
import { draws } from '../harness/paper.mjs';
import { scenario } from '../harness/scenario.mjs';
import { all, closesDialog, comesTo, control, fallSilent, fourOnlookers, goesIn, pairOfOnlookers, places, press, sitSilently, twoOnlookers } from '../harness/seats.mjs';
import { wordsIn } from '../harness/words.mjs';

/** @typedef {import('../harness/seats.mjs').Onlooker} Onlooker */
/** @typedef {import('../harness/scenario.mjs').Stage} Stage */

const lacks = missingFonts();

scenario('every view on the way into a call looks as it was agreed', async (stage) => {
  const server = await stage.server({ ROOMS__MAX_PEOPLE: '2' });
  const looks = await gallery(stage, 'door');
  const [people, refused] = [await fourOnlookers(stage, server), await fourOnlookers(stage, server, 'chromium that refuses')];
  await all(people, (person) => comesTo(person, 'kitchen'));
  await all(people, (person) => person.page.locator('.inside').waitFor());
  await looks.at(people, 'lobby');
  await all(refused, (person) => comesTo(person, 'kitchen'));
  await all(refused, (person) => person.page.locator('.notice').waitFor());
  await looks.at(refused, 'refused');

  const hanna = await stage.person(server, 'Hanna', { context: { ...places.desk, bypassCSP: true } });
  await enters(hanna, 'kitchen');
  await control(hanna, 'people').click();
  const door = (name) => control(hanna, name, 'dialog');
  await door('locked').check();
  await all(people, (person) => control(person, 'join').click());
  await all(people, (person) => person.page.locator('.notice').waitFor());
  await looks.at(people, 'locked');
  await door('locked').uncheck();
  await door('password').fill('open barley');
  await door('password').press('Enter');
  await door('forget').waitFor();
  await all(people, (person) => control(person, 'join').click());
  await all(people, (person) => control(person, 'field', 'dialog').waitFor());
  await looks.at(people, 'password');
  await all(people, closesDialog);
  await door('forget').click();
  await door('lobby').check();
  await closesDialog(hanna);
  for (const [index, person] of people.entries()) {
    await control(person, 'join').click();
    await hanna.page.locator('.knock').nth(index).waitFor(); // who knocks first stands first
  }
  await all(people, (person) => person.page.locator('.message').waitFor());
  await looks.at(people, 'knocking');
  await looks.compares(hanna, 'knocks-desk-light');

  const pair = await pairOfOnlookers(stage, server);
  await hanna.page.evaluate(sitSilently, { room: 'pantry', names: ['David', 'Erin'] });
  await all(pair, (person) => comesTo(person, 'pantry'));
  await all(pair, (person) => control(person, 'join').click());
  await all(pair, (person) => person.page.locator('.message').waitFor());
  await looks.at(pair, 'full');
  looks.close();
}, { needs: ['chromium', 'chromium that refuses'], lacks });

scenario('every view beside the calls looks as it was agreed', async (stage) => {
  const server = await stage.server();
  const looks = await gallery(stage, 'beside');
  const without = await stage.server({ TURN__ENABLED: 'false', ROOMS__OPEN: 'false' });
  const [people, testers, relayless] = [await fourOnlookers(stage, server), await fourOnlookers(stage, server), await pairOfOnlookers(stage, without)];
  await all([...testers, ...relayless], (person) => person.page.goto(`${person.url}/test`)); // takes its time, during which the others are looked at
  await all(people, (person) => person.page.goto(`${server.url}/test?phone#phone=nobody-waits-for-this`));
  await all(people, (person) => person.page.locator('.phone h1', { hasText: wordsIn(person.language)('problems.code-ended') }).waitFor());
  await looks.at(people, 'phone');
  await all(people, (person) => person.page.goto(`${server.url}/manual`));
  await all(people, (person) => control(person, 'offer').waitFor());
  await looks.at(people, 'manual');
  await all(people, async (person) => {
    await control(person, 'offer').click();
    await person.page.locator('.manual .qr svg').waitFor();
  });
  await looks.at(people, 'manual-offer');
  await all(testers, (person) => person.testsTheNetwork());
  await looks.at(testers, 'test');
  await all(relayless, (person) => person.testsTheNetwork());
  await looks.at(relayless, 'no-relay');
  await all(relayless, (person) => comesTo(person, 'kitchen?i=nobody-knows-this-one'));
  await all(relayless, (person) => control(person, 'join').click());
  await all(relayless, (person) => person.page.locator('.notice').waitFor());
  await looks.at(relayless, 'ended');
  await all(people, async ({ page }) => {
    await page.goto(server.url);
    await page.evaluate(() => navigator.serviceWorker.ready);
  });
  await server.kill();
  await all(people, async ({ page }) => {
    await page.reload();
    await page.locator('.message').waitFor();
  });
  await looks.at(people, 'offline');
  looks.close();
}, { lacks });

scenario('every view of somebody who is alone looks as it was agreed', async (stage) => {
  const server = await stage.server();
  const looks = await gallery(stage, 'alone');
  const people = await fourOnlookers(stage, server);
  await all(people, async (person) => {
    await enters(person, `attic-${people.indexOf(person)}`);
    await person.page.locator('.waiting .invitation-qr svg').waitFor();
  });
  await looks.at(people, 'alone');
  await each(looks, people, 'settings', 'settings');
  await each(looks, people, 'invite', 'invite');
  await all(people, (person) => press(person, 'board'));
  await all(people, (person) => person.page.locator('.board canvas').waitFor());
  await all(people, (person) => draws(person, [0.1, 0.2], [0.6, 0.7]));
  await looks.at(people, 'board');
  await all(people, (person) => control(person, 'leave', '.bar').click());
  await all(people, (person) => person.page.locator('.message').waitFor());
  await looks.at(people, 'goodbye');
  looks.close();
}, { lacks });

scenario('every view of a call looks as it was agreed', async (stage) => {
  const server = await stage.server({ ROOMS__MAX_PEOPLE: '6' });
  const looks = await gallery(stage, 'call');
  const people = await twoOnlookers(stage, server);
  const [alice, wang] = people;
  /** Somebody who is quiet: who speaks is shown large. @param {string} name */
  const comes = async (name) => {
    const person = await stage.person(server, name);
    await comesTo(person, 'kitchen');
    for (const device of ['camera', 'microphone']) await control(person, device).click();
    await goesIn(person);
    return person;
  };
  for (const person of people) await enters(person, 'kitchen');
  const carol = await comes('Carol');
  await all(people, (person) => person.page.locator('.tile[data-link="good"]').nth(1).waitFor());
  await wang.seesMoving('Alice', { frames: 1 });
  await control(wang, 'microphone', '.bar').click();
  await looks.at(people, 'three');
  await all(people, async (person) => {
    await control(person, 'people').click();
    await person.page.locator('.person').nth(2).waitFor();
  });
  await looks.at(people, 'people');
  await all(people, closesDialog);
  await all(people, async ({ page }) => {
    await page.locator('.tile[aria-label="Carol"] [data-part="link"]').click();
    await page.locator('.details-sheet dt').nth(8).waitFor();
  });
  await looks.at(people, 'details');
  await all(people, closesDialog);

  await all(people, (person) => control(person, 'chat', '.bar').click());
  await says(alice, 'Shall we look at the plans?');
  await says(wang, '好的，在这里：https://example.org/plans');
  await all(people, (person) => person.page.locator('.said').nth(1).waitFor());
  await looks.at(people, 'chat');
  await sendsPlans(server, alice, wang);
  await looks.at(people, 'files');
  await all(people, (person) => control(person, 'close', '.panel').click());

  await all(people, async (person) => {
    await control(person, person.place === 'phone' ? 'more' : 'react', '.bar').click();
    await control(person, 'hand', '.bar').click();
    await control(person, person.place === 'phone' ? 'more' : 'react', '.bar').click();
  });
  await all(people, (person) => person.page.locator('.tile-hand:not([hidden])').nth(1).waitFor());
  await looks.at(people, 'signs');
  await all(people, (person) => control(person, person.place === 'phone' ? 'more' : 'react', '.bar').click());
  await all(people, (person) => control(person, 'layout').click());
  await looks.at(people, 'speaker');
  await all(people, (person) => control(person, 'layout').click());
  await press(alice, 'screen');
  await all(people, (person) => person.page.locator('.tile.screen.pictured').waitFor());
  await looks.at(people, 'screen');
  await press(alice, 'screen');

  await carol.page.evaluate(sitSilently, { room: 'kitchen', names: ['David', 'Erin', 'Frank'] });
  await all(people, (person) => person.page.locator('.tile').nth(5).waitFor());
  await looks.at(people, 'six');
  await server.kill();
  await all(people, (person) => control(person, 'banner').waitFor());
  await looks.at(people, 'reconnecting');
  looks.close();
}, { lacks });

scenario('every view of a call in trouble looks as it was agreed', async (stage) => {
  const server = await stage.server();
  const looks = await gallery(stage, 'trouble');
  const people = await pairOfOnlookers(stage, server);
  const carol = await stage.person(server, 'Carol');
  for (const person of people) await enters(person, 'kitchen#k=the-same-key-for-both');
  await comesTo(carol, 'kitchen');
  for (const device of ['camera', 'microphone']) await control(carol, device).click();
  await goesIn(carol);
  await all(people, (person) => person.page.locator('.tile[data-link="good"]').nth(1).waitFor());
  await control(carol, 'chat', '.bar').click();
  await says(carol, 'Can you still hear me?');
  await all(people, (person) => person.page.locator('.toast', { hasText: 'Can you' }).evaluate(keepStill));
  await looks.at(people, 'toast');
  await all(people, (person) => person.page.locator('.toast[data-still]').evaluate((toast) => toast.remove()));

  await carol.page.evaluate(fallSilent);
  for (const link of ['weak', 'lost']) {
    await all(people, async ({ page }) => {
      await page.evaluate(bendTime, link === 'weak' ? 1 : 2);
      const tile = page.locator(`.tile[aria-label="Carol"][data-link="${link}"]`);
      await tile.waitFor();
      await page.evaluate(bendTime, 0); // until it has been looked at
      await tile.locator('.tile-state').evaluate(keepStill);
    });
    await looks.at(people, link);
  }
  await all(people, ({ page }) => page.evaluate(bendTime, 1));

  await carol.page.goto('about:blank'); // an address that differs behind `#` alone loads nothing
  await enters(carol, 'kitchen#k=the-key-of-another-room');
  await all(people, (person) => person.page.locator('.alarm').waitFor());
  await all(people, (person) => person.page.locator('.tile[data-link="good"]').nth(1).waitFor());
  await looks.at(people, 'alarm');
  looks.close();
}, { lacks });

/** With a name, and with a camera as `Alice` alone: more pictures would only warm the machine. @param {import('../harness/person.mjs').Person} person @param {string} room */
async function enters(person, room) {
  await comesTo(person, room);
  if (person.name !== 'Alice') await control(person, 'camera').click();
  await goesIn(person);
}

/** A dialog that the bar opens. @param {Looks} looks @param {Onlooker[]} people @param {string} button @param {string} name */
async function each(looks, people, button, name) {
  await all(people, async (person) => {
    await press(person, button);
    await person.page.locator('dialog[open]').waitFor();
  });
  await looks.at(people, name);
  await all(people, closesDialog);
}

/** @param {import('../harness/person.mjs').Person} person @param {string} text */
async function says(person, text) {
  const field = control(person, 'message');
  await field.fill(text);
  await field.press('Enter');
  await person.page.locator('.said-text', { hasText: text }).waitFor();
}

/** One file that has arrived, and one that nobody has answered yet. @param {import('../harness/server.mjs').Server} server @param {Onlooker} sender @param {Onlooker} receiver */
async function sendsPlans(server, sender, receiver) {
  const files = ['Kitchen plans, second floor.pdf', 'holiday.mp4'].map((name) => path.join(server.folder, name));
  for (const file of files) await writeFile(file, Buffer.alloc(3 << 20));
  await control(sender, 'tab-files').click();
  await sender.page.locator('[data-part="chooser"]').setInputFiles(files);
  await control(receiver, 'tab-files').click();
  const plans = receiver.page.locator('.transfer', { hasText: 'plans' });
  await plans.locator('[data-part="accept"]').click();
  await plans.locator('[data-part="save"]').waitFor();
  await sender.page.locator('.transfer[data-state="done"]').waitFor();
  for (const { page } of [sender, receiver]) await page.mouse.move(0, 0); // what stands below the pointer by now looks different
}

/** In a page: a message that passes, or a state that changes, is to be seen in pictures. @param {Element} element */
function keepStill(element) {
  const still = element.classList.contains('toast') ? /** @type {Element} */ (element.cloneNode(true)) : element; // the page takes away its own
  still.setAttribute('data-still', '');
  if (still !== element) element.replaceWith(still);
}

/** In a page: the clock that measures silence goes on so many times as fast, or stands still. @param {number} pace */
function bendTime(pace) {
  const clock = (window.bentClock ??= { now: performance.now.bind(performance), begun: 0, since: 0, pace: 1 });
  const read = () => clock.since + (clock.now() - clock.begun) * clock.pace;
  Object.assign(clock, { since: read(), begun: clock.now(), pace });
  performance.now = read;
}

/** @typedef {Awaited<ReturnType<typeof gallery>>} Looks */

/** @param {Stage} stage @param {string} name */
async function gallery(stage, name) {
  const context = await (await browser('chromium')).newContext();
  stage.ends(() => context.close());
  const pictures = await Gallery.open(name, await context.newPage(), path.join(stage.output, 'looks', name));
  return {
    /** What each of them sees. @param {Onlooker[]} people @param {string} view */
    at: (people, view) => all(people, async (person) => {
      for (const colorScheme of person.looks) {
        if (person.looks.length > 1) await person.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await pictures.compares(person, `${view}-${person.place}-${colorScheme}`);
      }
    }),
    compares: pictures.compares.bind(pictures),
    close: () => pictures.close(),
  };
}
