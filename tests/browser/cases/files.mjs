// Sending files from page to page: whole, watched on both sides, and stopped from either.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { scenario } from '../harness/scenario.mjs';
import { words } from '../harness/words.mjs';

const MIB = 1024 * 1024;

scenario('a file of 64 MiB arrives whole, with progress on both sides', async (stage) => {
  const { alice, bob, file } = await aboutToSend(stage, 64);
  await Promise.all([alice.noteProgress(), bob.noteProgress()]);
  await alice.sendsFile(file.path);
  const received = await bob.receivesFile('holiday.bin');
  assert.equal(sha256(received), file.sha256);
  for (const person of [alice, bob]) {
    const seen = await person.progressNoted();
    assert.ok(seen.length >= 3, `${person.name} saw no progress, only ${seen}`);
    await person.reads(file.sha256); // both pages say what was sent
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
  await bob.seesProgress('holiday.bin');
  await alice.cancelsFile('holiday.bin');
  await alice.transfer('holiday.bin').getByText(words('files.cancelled.you')).waitFor();
  await bob.transfer('holiday.bin').getByText(words('files.cancelled.peer', { name: 'Alice' })).waitFor();
});

scenario('the receiver cancels a file, and the sender is told', async (stage) => {
  const { alice, bob, file } = await aboutToSend(stage, 256);
  await alice.sendsFile(file.path);
  await bob.acceptsFile('holiday.bin');
  await bob.seesProgress('holiday.bin');
  await bob.cancelsFile('holiday.bin');
  await bob.transfer('holiday.bin').getByText(words('files.cancelled.you')).waitFor();
  await alice.transfer('holiday.bin').getByText(words('files.cancelled.peer', { name: 'Bob' })).waitFor();
});

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
