// Two servers with one set of rooms: whoever opens the other server's page is in the same call.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { scenario } from '../harness/scenario.mjs';
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
    const settings = { CLUSTER__REDIS: store.url, CLUSTER__SECRET: 'a secret of twenty characters' };
    const servers = [await stage.server(settings), await stage.server(settings)];
    for (const server of servers) await until('the store is reached', async () => server.log.includes('store is reached'));
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
