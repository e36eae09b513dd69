// Two different browsers in one call. Who was there first makes the offers, so it is played both ways round.

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
