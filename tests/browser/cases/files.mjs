// Sending files from page to page: whole, watched on both sides, and stopped from either.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { holdsFile, pastes, stopsFile } from '../harness/moves.mjs';
import { scenario } from '../harness/scenario.mjs';
import { words } from '../harness/words.mjs';

const MIB = 1024 * 1024;

/** Bytes a second: an uplink of 2.5 Mbit/s, of which pictures and sound take a third. */
const NARROW = 312_500;

scenario('a file of 64 MiB arrives whole, with progress on both sides', async (stage) => {
  const { alice, bob, file } = await aboutToSend(stage, 64);
  await Promise.all([alice.noteProgress(), bob.noteProgress()]);
  await alice.sendsFile(file.path);
  const received = await bob.receivesFile('holiday.bin');
  assert.equal(sha256(received), file.sha256);
  for (const person of [alice, bob]) {
    const seen = await person.progressNoted();
    assert.ok(seen.length >= 3, `${person.name} saw no progress, only ${seen}`);
    // Both pages say what was sent when they are asked, and the keyboard is where the answer is.
    await person.transfer('holiday.bin').getByRole('button', { name: `${words('files.sum')} holiday.bin` }).press('Enter');
    await person.reads(file.sha256);
    await person.page.locator('.transfer-hash:focus').waitFor();
  }
});

scenario('several files at once arrive whole', async (stage) => {
  const { server, people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob');
  const files = [await fileOf(server, 'one.bin', 1), await fileOf(server, 'two.bin', 2), await fileOf(server, '三.bin', 0)];
  await alice.sendsFile(...files.map((file) => file.path));
  for (const file of files) {
    const received = await bob.receivesFile(path.basename(file.path));
    assert.equal(sha256(received), file.sha256);
  }
});

scenario('the sender cancels a file, and the receiver is told', async (stage) => {
  const { alice, bob, file } = await aboutToSend(stage, 256);
  await alice.sendsFile(file.path);
  await bob.acceptsFile('holiday.bin');
  await stopsFile(alice, bob, 'holiday.bin');
  await bob.button(words('files.clear')).click(); // the list does not keep what is over
  await bob.transfer('holiday.bin').waitFor({ state: 'detached' });
  await bob.button(words('files.clear')).waitFor({ state: 'hidden' });
});

scenario('files are dropped on the page and pasted into it; one that was not saved yet stays in the list when that is cleared', async (stage) => {
  const { server, people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob');
  const dropped = await fileOf(server, 'dropped.bin', 1);
  const devtools = await alice.context.newCDPSession(alice.page);
  for (const type of /** @type {const} */ (['dragEnter', 'dragOver', 'drop'])) {
    await devtools.send('Input.dispatchDragEvent', { type, x: 400, y: 400, data: { items: [], files: [dropped.path], dragOperationsMask: 1 } });
  }
  await bob.acceptsFile('dropped.bin');
  await bob.transfer('dropped.bin').getByRole('link').waitFor();
  await pastes(alice, 'pasted.txt');
  await bob.transfer('pasted.txt').getByRole('button', { name: `${words('files.decline')} pasted.txt` }).click();
  await bob.button(words('files.clear')).click();
  await bob.transfer('pasted.txt').waitFor({ state: 'detached' });
  assert.equal(sha256(await bob.savesFile('dropped.bin')), dropped.sha256);
  await bob.button(words('files.clear')).click();
  await bob.reads(words('files.empty'));
  await alice.page.keyboard.press('h'); // a list of files is in nobody's way
  await alice.tile(words('tile.you', { name: 'Alice' })).getByText(words('tile.hand')).waitFor({ state: 'attached' });
});

scenario('the receiver cancels a file, and the sender is told', async (stage) => {
  const { alice, bob, file } = await aboutToSend(stage, 256);
  await alice.sendsFile(file.path);
  await bob.acceptsFile('holiday.bin');
  await stopsFile(bob, alice, 'holiday.bin');
});

scenario('a file is held from either side, and goes on', async (stage) => {
  const { alice, bob, file } = await aboutToSend(stage, 32);
  await alice.sendsFile(file.path);
  await bob.acceptsFile('holiday.bin');
  await holdsFile(alice, bob, 'holiday.bin');
  assert.equal(sha256(await bob.savesFile('holiday.bin')), file.sha256);
});

for (const who of ['receiver', 'sender']) {
  scenario(`the ${who}'s page is reloaded in the middle of a file, and the file goes on where it was`, async (stage) => {
    const { alice, bob, file } = await aboutToSend(stage, 40);
    await alice.sendsFile(file.path);
    await bob.acceptsFile('holiday.bin');
    await bob.seesPercent('holiday.bin', 10);
    await (who === 'receiver' ? bob : alice).reloads();
    if (who === 'sender') await alice.choosesAgain('holiday.bin', file.path);
    const from = await bob.firstProgress('holiday.bin');
    assert.ok(from >= 8, `it began again at ${from} %`);
    assert.equal(sha256(await bob.savesFile('holiday.bin')), file.sha256);
  });
}

scenario('a file on a narrow uplink leaves the call its way', async (stage) => {
  const server = await stage.server();
  const [alice, bob] = [await stage.person(server, 'Alice'), await stage.person(server, 'Bob')];
  await alice.openRoom('kitchen'); // before the emulation, which a page is loaded very slowly under
  await (await alice.network()).narrow(NARROW);
  await alice.enter();
  await bob.join('kitchen');
  await bob.seesMoving('Alice');
  const file = await fileOf(server, 'holiday.bin', 16);
  await alice.page.evaluate(noteTrips);
  await alice.sendsFile(file.path);
  await bob.acceptsFile('holiday.bin');
  await bob.seesPercent('holiday.bin', 10);
  const trips = await alice.page.evaluate(() => window.trips);
  assert.ok(trips.length >= 4 && Math.max(...trips) < 0.4, `a voice would have been so many seconds late: ${trips}`);
});

scenario('a folder arrives as one archive', async (stage) => {
  const { server, people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob');
  const folder = path.join(server.folder, 'Holiday');
  await mkdir(path.join(folder, 'sea'), { recursive: true });
  const photo = await fileOf(server, 'Holiday/sea/浪.bin', 2);
  await fileOf(server, 'Holiday/empty.txt', 0);
  await alice.button('Chat').click();
  await alice.page.getByRole('tab', { name: words('files.title') }).click();
  await alice.sendsFolder(folder);
  const archive = path.join(server.folder, 'received.zip');
  await writeFile(archive, await bob.receivesFile('Holiday.zip'));
  execFileSync('unzip', ['-q', archive, '-d', path.join(server.folder, 'out')], { env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  assert.equal(sha256(await readFile(path.join(server.folder, 'out', 'Holiday/sea/浪.bin'))), photo.sha256);
  assert.equal((await readFile(path.join(server.folder, 'out', 'Holiday/empty.txt'))).length, 0);
});

/** Notes how long the way of her pictures and back takes, as often as the other side reports on them, in seconds. */
function noteTrips() {
  window.trips = [];
  let last = 0;
  setInterval(async () => {
    const reports = await Promise.all(window.keptConnections.filter(({ connectionState }) => connectionState === 'connected').map((one) => one.getStats()));
    const told = reports.flatMap((report) => [...report.values()]).find(({ type, kind, roundTripTime }) => type === 'remote-inbound-rtp' && kind === 'video' && roundTripTime);
    if (!told || told.timestamp === last) return;
    last = told.timestamp;
    window.trips.push(told.roundTripTime);
  }, 100);
}

async function aboutToSend(stage, mebibytes) {
  const { server, people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob');
  return { alice, bob, file: await fileOf(server, 'holiday.bin', mebibytes) };
}

/** A file nobody can compress or guess, in the server's folder so that it goes with it. */
async function fileOf(server, name, mebibytes) {
  const bytes = randomBytes(mebibytes * MIB);
  const file = path.join(server.folder, name);
  await writeFile(file, bytes);
  return { path: file, sha256: sha256(bytes) };
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
