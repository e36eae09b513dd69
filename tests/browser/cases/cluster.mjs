// Two servers with one set of rooms: whoever opens the other server's page is in the same call.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { operator } from '../harness/operator.mjs';
import { scenario } from '../harness/scenario.mjs';
import { sitSilently } from '../harness/seats.mjs';
import { freePort } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';

/** A Redis that remembers nothing, and ends with `stop`. */
async function redis() {
  const port = await freePort();
  const process = spawn('redis-server', ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no'], { cwd: tmpdir() });
  for await (const chunk of process.stdout) if (String(chunk).includes('Ready to accept connections')) break;
  return { url: `redis://127.0.0.1:${port}`, stop: () => { process.kill(); return once(process, 'exit'); } };
}

scenario('people on two servers see and hear each other, and their call outlives one of them', async (stage) => {
  const store = await redis();
  try {
    const servers = await twoServers(stage, store);
    const alice = await stage.person(servers[0], 'Alice');
    await alice.join('kitchen');
    const bob = await stage.person(servers[1], 'Bob');
    await bob.join('kitchen');
    await alice.seesAndHears('Bob');
    await bob.seesAndHears('Alice');
    await servers[0].kill();
    await alice.button('Chat').click();
    await bob.says('your server is gone');
    await alice.reads('your server is gone');
    await bob.seesMoving('Alice');
    const carol = await stage.person(servers[1], 'Carol');
    await carol.join('kitchen');
    await carol.seesMoving('Bob');
    assert.ok(!servers[1].log.includes('twenty characters'), 'no secret in a log');
  } finally {
    await store.stop();
  }
});

scenario('the dashboard of each server shows the rooms it keeps, names the keeper of the others, and the keeper sends out who came by another', async (stage) => {
  const store = await redis();
  try {
    const servers = await twoServers(stage, store, { ADMIN__LISTEN: '127.0.0.1:0' });
    for (const [index, name] of ['Alice', 'Bob'].entries()) {
      const person = await stage.person(servers[index], name);
      await person.page.goto(`${servers[index].url}/test`);
      await person.page.evaluate(sitSilently, { room: 'kitchen', names: [name] });
    }
    const [{ page: keeper }, { page: other }] = [await operator(stage, servers[0]), await operator(stage, servers[1])];
    await keeper.getByRole('row', { name: /kitchen 2 open/ }).getByRole('button', { name: 'Close kitchen' }).waitFor();
    const [, node] = /server (\S+) of several/.exec(await keeper.getByText('of several').textContent());
    const row = other.getByRole('row', { name: `kitchen 1 by this server kept by server ${node}` });
    await row.waitFor();
    assert.equal(await row.getByRole('button').count(), 0, 'nothing can be done to it from here');
    const [, its] = /server (\S+) of several/.exec(await other.getByText('of several').textContent());
    assert.notEqual(its, node);

    await keeper.getByRole('button', { name: 'kitchen', exact: true }).click();
    await keeper.getByRole('button', { name: 'Remove Bob from kitchen' }).click();
    await keeper.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await keeper.getByRole('cell', { name: 'Bob', exact: true }).waitFor({ state: 'detached' });
    await row.waitFor({ state: 'detached' });
    await other.getByText('No rooms.').waitFor();
  } finally {
    await store.stop();
  }
});

/** Which share their rooms. @param {import('../harness/scenario.mjs').Stage} stage @param {{ url: string }} store */
async function twoServers(stage, { url }, more = {}) {
  const settings = { CLUSTER__REDIS: url, CLUSTER__SECRET: 'a secret of twenty characters', ...more };
  const servers = [await stage.server(settings), await stage.server(settings)];
  for (const server of servers) await until('the store is reached', async () => server.log.includes('store is reached'));
  return servers;
}
