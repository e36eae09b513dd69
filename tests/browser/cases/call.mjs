// The heart of it: people who open the same link see and hear each other.

import assert from 'node:assert/strict';
import { scenario } from '../harness/scenario.mjs';

scenario('two people see and hear each other, without the relay', async (stage) => {
  const { people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesAndHears('Bob');
  await bob.seesAndHears('Alice');
  for (const person of [alice, bob]) {
    const pairs = await person.selectedPairs();
    assert.ok(pairs.length > 0, `${person.name} has no connection`);
    for (const pair of pairs) assert.ok(pair.local !== 'relay' && pair.remote !== 'relay', `${person.name} goes through the relay: ${JSON.stringify(pair)}`);
  }
});

scenario('four people see and hear one another', async (stage) => {
  const { people } = await stage.call(['Alice', 'Bob', 'Carol', 'David']);
  for (const person of people) {
    await person.seesAndHears(...people.filter((other) => other !== person).map((other) => other.name));
  }
});

scenario('a person sees her own picture', async (stage) => {
  const { people: [alice] } = await stage.call(['Alice']);
  await alice.seesHerself();
});
