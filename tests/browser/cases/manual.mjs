// A call without a server between the two pages: texts are carried by the test, as people would.

import assert from 'node:assert/strict';
import { scenario } from '../harness/scenario.mjs';
import { words } from '../harness/words.mjs';

/** @typedef {import('../harness/browsers.mjs').Kind} Kind */

/** @type {[Kind, Kind][]} who begins, who answers */
const pairs = [['chromium', 'chromium'], ['chromium', 'firefox'], ['firefox', 'chromium']];

for (const [first, second] of pairs) {
  scenario(`${first} and ${second} meet by two texts: pictures, sound, words and a file, and no socket to any server`, async (stage) => {
    const server = await stage.server();
    const alice = await stage.person(server, 'Alice', { kind: first });
    const bob = await stage.person(server, 'Bob', { kind: second });
    const link = await alice.beginsManually();
    assert.ok(link.startsWith(`${server.url}/manual#`));
    assert.ok(link.length < 950, `${link.length} signs are too many for a code that phones read`);
    await alice.page.getByRole('img', { name: words('invite.qr') }).waitFor();
    const answer = await bob.answersManually(link);
    await alice.page.getByLabel(words('manual.take.answer')).fill(answer);
    await alice.button(words('manual.go.connect')).click();
    for (const person of [alice, bob]) await person.button('Leave').waitFor();
    await alice.seesAndHears('Bob');
    await bob.seesAndHears('Alice');
    await alice.button('Chat').click();
    await bob.says('no server here');
    await alice.reads('no server here');
    if (first === second) {
      await alice.sendsFile(import.meta.filename);
      assert.ok((await bob.receivesFile('manual.mjs')).includes('no server here'));
    }
    for (const person of [alice, bob]) {
      assert.deepEqual(person.requests.filter((address) => address.startsWith('ws')), [], 'a signaling socket was opened');
      assert.deepEqual(await person.foreignRequests(), []);
      for (const { local, remote } of await person.selectedPairs()) assert.ok(local !== 'relay' && remote !== 'relay');
    }
    await bob.button('Leave').click();
    await alice.page.getByRole('heading', { name: words('manual.over') }).waitFor();
  }, { needs: [...new Set([first, second])] });
}

scenario('a text that does not fit is told from one that does', async (stage) => {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice');
  const bob = await stage.person(server, 'Bob');
  const link = await alice.beginsManually();
  const answer = await bob.answersManually(link);
  const paste = async (text) => {
    await alice.page.getByLabel(words('manual.take.answer')).fill(text);
    await alice.button(words('manual.go.connect')).click();
  };
  await paste(answer.slice(0, 300));
  await alice.reads(words('problems.letter-unreadable'));
  await paste(link);
  await alice.reads(words('problems.letter-own'));
  const carol = await stage.person(server, 'Carol');
  await paste(await carol.answersManually(await bob.beginsManually()));
  await alice.reads(words('problems.letter-other'));
});

scenario('a call without a server is possible when the server is gone', async (stage) => {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice');
  const bob = await stage.person(server, 'Bob');
  for (const person of [alice, bob]) {
    await person.page.goto(`${server.url}/manual`);
    await person.page.evaluate(() => navigator.serviceWorker.ready);
  }
  await server.kill();
  const answer = await bob.answersManually(await alice.beginsManually());
  await alice.page.getByLabel(words('manual.take.answer')).fill(answer);
  await alice.button(words('manual.go.connect')).click();
  await alice.seesMoving('Bob');
  await alice.button('Chat').click();
  await bob.says('still here');
  await alice.reads('still here');
});
