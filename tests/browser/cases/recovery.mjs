// What goes wrong during a call: the server dies and comes back, and nobody's call is harmed.

import assert from 'node:assert/strict';
import { scenario } from '../harness/scenario.mjs';
import { words } from '../harness/words.mjs';

scenario('the server is killed in mid-call: the call goes on, and newcomers can come once it is back', async (stage) => {
  const { server, people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesAndHears('Bob');
  const connections = await alice.page.evaluate(() => window.keptConnections.length);

  await server.kill();
  await alice.reads(words('room.reconnecting')); // the page has noticed, and says so
  await alice.seesAndHears('Bob');
  await bob.seesAndHears('Alice');

  await server.restart();
  await alice.page.getByText(words('room.reconnecting')).waitFor({ state: 'hidden' });
  const carol = await stage.person(server, 'Carol');
  await carol.join('kitchen');
  await carol.seesAndHears('Alice', 'Bob');
  await alice.seesAndHears('Bob', 'Carol');
  await bob.seesAndHears('Alice', 'Carol');

  const now = await alice.page.evaluate(() => window.keptConnections.length);
  if (now !== connections + 1) throw new Error(`the call between Alice and Bob was built anew: ${connections} connections before, ${now} with Carol`);
});

scenario('the network is away for a while: the call says so, and comes back by itself', async (stage) => {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice');
  const bob = await stage.person(server, 'Bob');
  const network = await bob.network(); // before his page makes a connection: a socket once free of it stays free
  await alice.join('kitchen');
  await bob.join('kitchen');
  await alice.seesAndHears('Bob');
  await network.cut();
  await alice.tile('Bob').getByText(words('tile.lost')).waitFor();
  await network.mend();
  await alice.seesAndHears('Bob');
  await bob.seesAndHears('Alice');
});

scenario('the server is upgraded in mid-call: a direct call does not notice, and a relayed one has moved before the old server ends', async (stage) => {
  const built = (person) => person.page.evaluate(() => window.keptConnections.length);
  for (const query of ['', 'relay']) {
    const { server, people: [alice, bob] } = await stage.call(['Alice', 'Bob'], { query });
    await alice.seesAndHears('Bob');
    await bob.seesAndHears('Alice');
    const before = [await built(alice), await built(bob)];
    assert.equal(await server.upgrade(), 0, server.log);
    await alice.seesAndHears('Bob');
    await bob.seesAndHears('Alice');
    const more = query === 'relay' ? 1 : 0;
    assert.deepEqual([await built(alice), await built(bob)], before.map((count) => count + more), 'connections');
    // A browser keeps an allocation beside a direct path, too: that may be cut.
    if (query === 'relay') assert.match(server.log, /the last relayed connection has ended/);
  }
});
