// The page itself: in Chinese, without a foreign request, without its server.

import assert from 'node:assert/strict';
import { Rebuilt } from '../harness/rebuilt.mjs';
import { scenario } from '../harness/scenario.mjs';
import { words, wordsIn } from '../harness/words.mjs';

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
  await alice.button('Whiteboard').click();
  await bob.page.locator('.board canvas').waitFor();
  await alice.button('Invite').click();
  await alice.page.getByRole('img', { name: words('invite.qr') }).waitFor();
  await alice.page.keyboard.press('Escape');
  await bob.leave();
  for (const person of [alice, bob]) {
    assert.ok(person.requests.length > 3, `${person.name}'s requests were not seen: ${person.requests}`);
    assert.deepEqual(await person.foreignRequests(), []);
  }
  // The watch itself works.
  await alice.page.evaluate(() => fetch('https://example.invalid/').catch(() => {}));
  assert.match(String(await alice.foreignRequests()), /example\.invalid/);
});

scenario('before the door one sees how many are inside', async (stage) => {
  const { server, people: [alice] } = await stage.call(['Alice']);
  const bob = await stage.person(server, 'Bob');
  await bob.openRoom('kitchen');
  await bob.reads(words('inside.people.one', { n: 1 }));
  await alice.leave();
  await bob.reads(words('inside.nobody'));
});

scenario('without its server the page opens and says so, and comes back with it', async (stage) => {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice');
  await alice.page.goto(`${server.url}/r/kitchen`);
  await alice.page.evaluate(() => navigator.serviceWorker.ready);
  await server.kill();
  await alice.page.reload();
  await alice.reads(words('offline.title'));
  await server.restart();
  await alice.button(words('notice.retry')).click();
  await alice.button('Join').waitFor();
});

scenario('a server that was updated in mid-call is offered, and tears nobody out of the call', async (stage) => {
  const server = await stage.server({ TLS__MODE: 'off' });
  const rebuilt = await Rebuilt.inFrontOf(server);
  stage.ends(() => rebuilt.close());
  const alice = await stage.person(rebuilt, 'Alice');
  await alice.openRoom('kitchen');
  await alice.page.evaluate(() => navigator.serviceWorker.ready);
  await alice.join('kitchen'); // the worker takes over with the second visit
  const hash = rebuilt.build();
  await alice.page.evaluate(() => dispatchEvent(new Event('online'))); // as after sleep
  await alice.reads(words('update.ready'));
  await alice.button(words('update.later')).click();
  await alice.page.getByText(words('update.ready')).waitFor({ state: 'detached' });
  await alice.button('Leave').waitFor(); // the call is still on
  await alice.reloads();
  assert.match(await alice.page.content(), new RegExp(`/a/${hash}/`));
});

scenario('the page can be installed: the browser takes its manifest, and every icon is what it says', async (stage) => {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice');
  await alice.page.goto(server.url);
  await alice.page.evaluate(() => navigator.serviceWorker.ready);
  const devtools = await alice.context.newCDPSession(alice.page);
  const { url, errors, data } = await devtools.send('Page.getAppManifest');
  assert.deepEqual(errors, []);
  const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors');
  assert.deepEqual(installabilityErrors.map(({ errorId }) => errorId), ['in-incognito']); // as all of the suite's windows are
  const { icons, start_url: start, name } = JSON.parse(String(data));
  assert.deepEqual([name, new URL(start, url).href], ['callbox', `${server.url}/`]);
  for (const { src, sizes, type } of icons) {
    const seen = await alice.page.evaluate(drawn, new URL(src, url).href);
    assert.equal(seen.type, type);
    if (sizes === 'any') assert.ok(seen.width > 0, src);
    else assert.equal(`${seen.width}x${seen.height}`, sizes, src);
  }
});

/** In the page: a picture, as it is when it has been decoded. @param {string} address */
async function drawn(address) {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  const { headers } = await fetch(address);
  return { width: picture.naturalWidth, height: picture.naturalHeight, type: headers.get('content-type') };
}
