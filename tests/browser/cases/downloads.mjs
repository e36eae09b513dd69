// Files that a browser has no room for and asks nobody about: they go straight into its downloads, past memory and page.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { holdsFile, stopsFile } from '../harness/moves.mjs';
import { haveSmallDisk } from '../harness/probes.mjs';
import { Rebuilt } from '../harness/rebuilt.mjs';
import { scenario } from '../harness/scenario.mjs';
import { words } from '../harness/words.mjs';

/** @typedef {import('../harness/scenario.mjs').Stage} Stage */

const MIB = 1024 * 1024;

for (const kind of /** @type {const} */ (['chromium', 'firefox'])) {
  scenario(`${kind} has no room for a file: it is held, and arrives whole among the downloads; one that is called off is a download that failed`, async (stage) => {
    const server = await stage.server();
    const { alice, bob } = await meet(stage, server, kind);
    const name = '假期’s 录像 (1).bin';
    const { file, bytes } = await fileOf(server, name);
    await alice.sendsFile(file);
    const saved = await bob.saves(name, async () => {
      await bob.acceptsFile(name);
      await holdsFile(alice, bob, name);
    });
    assert.equal(sha256(saved), sha256(bytes));
    await bob.page.locator('article[data-state="done"]').waitFor();
    for (const role of /** @type {const} */ (['link', 'button'])) assert.equal(await bob.transfer(name).getByRole(role).count(), 0, 'it is saved already, where no page can read it');
    for (const [one, other, title] of /** @type {const} */ ([[alice, bob, 'one.bin'], [bob, alice, 'two.bin']])) {
      const download = await beginsLarge({ server, alice, bob }, title);
      await stopsFile(one, other, title);
      assert.ok(await download.failure(), 'a part is not to be taken for the whole');
    }
  }, { needs: ['chromium', kind] });
}

scenario('a server that is updated while a file goes into the downloads waits with its new service worker until it is there', async (stage) => {
  const server = await stage.server({ TLS__MODE: 'off' });
  const rebuilt = await Rebuilt.inFrontOf(server);
  stage.ends(() => rebuilt.close());
  const { alice, bob } = await meet(stage, rebuilt);
  await bob.reloads(); // a page that a service worker has is told of the next one
  const { file, bytes } = await fileOf(server, 'film.bin');
  await alice.sendsFile(file);
  const saved = await bob.saves('film.bin', async () => {
    await bob.acceptsFile('film.bin');
    await bob.seesPercent('film.bin', 5);
    await bob.pausesFile('film.bin');
    rebuilt.build();
    await wakes(bob);
    await bob.page.waitForFunction(async () => Boolean((await navigator.serviceWorker.getRegistration()).waiting));
    await bob.resumesFile('film.bin');
  });
  assert.equal(sha256(saved), sha256(bytes));
  await wakes(bob);
  await bob.reads(words('update.ready'));
});

/** As after sleep. */
function wakes(person) {
  return person.page.evaluate(() => void dispatchEvent(new Event('online')));
}

/**
 * Alice sends, Bob has a small disk.
 * @param {Stage} stage
 * @param {{ url: string }} server
 * @param {'chromium' | 'firefox'} [kind] what Bob sits at
 */
async function meet(stage, server, kind) {
  const alice = await stage.person(server, 'Alice');
  const bob = await stage.person(server, 'Bob', { kind });
  await bob.context.addInitScript(haveSmallDisk);
  await alice.join('kitchen');
  await bob.join('kitchen');
  await bob.page.evaluate(() => navigator.serviceWorker.ready);
  await alice.page.locator('[data-link="good"]').first().waitFor();
  return { alice, bob };
}

/** A little more than there is room for. */
async function fileOf(server, name) {
  const file = path.join(server.folder, name);
  const bytes = randomBytes(16 * MIB + 7);
  await writeFile(file, bytes);
  return { file, bytes };
}

/** One that takes a while is on its way to Bob. */
async function beginsLarge({ server, alice, bob }, name) {
  const file = path.join(server.folder, name);
  execFileSync('truncate', ['--size=256M', file]); // nothing on the disk
  await alice.sendsFile(file);
  const begun = bob.page.waitForEvent('download');
  await bob.acceptsFile(name);
  return begun;
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
