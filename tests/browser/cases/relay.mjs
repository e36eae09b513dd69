// `?relay`: whoever opens the link with it is reached through the relay only, and nobody learns an address.

import assert from 'node:assert/strict';
import { scenario } from '../harness/scenario.mjs';
import { words } from '../harness/words.mjs';

scenario('two people on ?relay see and hear each other through the relay, on both sides', async (stage) => {
  const { people: [alice, bob] } = await stage.call(['Alice', 'Bob'], { query: 'relay' });
  await alice.seesAndHears('Bob');
  await bob.seesAndHears('Alice');
  for (const person of [alice, bob]) {
    const pairs = await person.selectedPairs();
    assert.ok(pairs.length > 0, `${person.name} has no connection`);
    for (const pair of pairs) assert.deepEqual([pair.local, pair.remote], ['relay', 'relay'], `${person.name}: ${JSON.stringify(pair)}`);
  }
});

scenario('one person on ?relay is enough to keep her address from the other', async (stage) => {
  const { server, people: [alice] } = await stage.call(['Alice'], { query: 'relay' });
  const bob = await stage.person(server, 'Bob');
  await bob.join('kitchen');
  await bob.seesAndHears('Alice');
  await alice.seesAndHears('Bob');
  for (const pair of await alice.selectedPairs()) assert.equal(pair.local, 'relay');
  for (const pair of await bob.selectedPairs()) assert.equal(pair.remote, 'relay');
});

scenario('a page that reaches the relay by a stream alone: both read that its network blocks UDP', async (stage) => {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice');
  const bob = await stage.person(server, 'Bob');
  await alice.context.addInitScript(onlyByTcp);
  await alice.join('kitchen', { query: 'relay' });
  await bob.join('kitchen');
  await alice.seesAndHears('Bob');
  await bob.seesAndHears('Alice');
  await alice.looksInto('Bob');
  await alice.reads(words('why.udp-blocked.you', { over: 'TCP' }));
  await bob.looksInto('Alice');
  await bob.reads(words('why.udp-blocked.peer', { name: 'Alice', over: 'TCP' }));
});

/** As in a network that drops every datagram: the relay's other addresses are not even tried. */
function onlyByTcp() {
  const strict = (config) => ({
    ...config,
    iceServers: (config.iceServers ?? [])
      .map((server) => ({ ...server, urls: [server.urls].flat().filter((url) => url.startsWith('turn:') && url.endsWith('transport=tcp')) }))
      .filter(({ urls }) => urls.length > 0),
  });
  window.RTCPeerConnection = class extends window.RTCPeerConnection {
    constructor(config) {
      super(strict(config));
    }

    setConfiguration(config) {
      super.setConfiguration(strict(config));
    }
  };
}
