// Two different browsers in one call. Who was there first makes the offers, so it is played both ways round.

import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { scenario } from '../harness/scenario.mjs';

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
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice', { kind: 'firefox' });
  const bob = await stage.person(server, 'Bob');
  await alice.join('kitchen');
  await bob.join('kitchen');
  await alice.seesAndHears('Bob');
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
