// The page itself: in Chinese, without a foreign request, and usable by everybody.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { scenario } from '../harness/scenario.mjs';
import { wordsIn } from '../harness/words.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

scenario('a Chinese browser gets a Chinese page', async (stage) => {
  const server = await stage.server();
  const zh = wordsIn('zh-CN');
  const li = await stage.person(server, '小李', { context: { locale: 'zh-CN' } });
  await li.page.goto(`${server.url}/r/kitchen`);
  await li.box(zh('lobby.name')).fill('小李');
  assert.match(await li.page.locator('html').getAttribute('lang'), /^zh/);
  await li.button(zh('lobby.join')).click();
  await li.button(zh('bar.leave')).waitFor();
  const bob = await stage.person(server, 'Bob');
  await bob.join('kitchen');
  await bob.seesAndHears('小李');
  await li.seesAndHears('Bob');
});

scenario('nothing of a whole call is asked for anywhere else', async (stage) => {
  const { people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesAndHears('Bob');
  await alice.says('hello');
  await bob.button('Share screen').click();
  await alice.watchesMoving(alice.screenOf('Bob'));
  await bob.leave();
  for (const person of [alice, bob]) {
    assert.ok(person.requests.length > 3, `${person.name}'s requests were not seen: ${person.requests}`);
    assert.deepEqual(await person.foreignRequests(), []);
  }
  // The watch itself works.
  await alice.page.evaluate(() => fetch('https://example.invalid/').catch(() => {}));
  assert.match(String(await alice.foreignRequests()), /example\.invalid/);
});

for (const colours of /** @type {('light' | 'dark')[]} */ (['light', 'dark'])) {
  scenario(`axe finds nothing to mend in ${colours} colours`, async (stage) => {
    const server = await stage.server();
    const bob = await stage.person(server, 'Bob');
    await bob.join('kitchen');
    // The checker comes in as a script of the test, which the page's own policy would not let in.
    const alice = await stage.person(server, 'Alice', { context: { bypassCSP: true, colorScheme: colours } });
    await alice.page.goto(server.url);
    await alice.box('Your name').waitFor();
    await alice.passesAxe('lobby', axe);
    await alice.join('kitchen');
    await alice.seesMoving('Bob');
    await alice.passesAxe('call', axe);
    await alice.says('hello');
    await alice.passesAxe('chat', axe);
    await alice.button('Settings').click();
    await alice.passesAxe('settings', axe);
  });
}
