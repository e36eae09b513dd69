// Two servers with one set of rooms, and the Redis between them gone.

import { both, call, receives, seconds } from '../world/calls.mjs';
import { until } from '../world/engine.mjs';
import { words } from '../../browser/harness/words.mjs';

const REDIS = '/usr/bin/redis-server';

call('the Redis of two servers is gone in mid-call, and comes back', async (stage) => {
  const redis = await store(stage);
  const settings = { CLUSTER__REDIS: 'redis://127.0.0.1', CLUSTER__SECRET: 'a secret of twenty characters', TURN__LISTEN: '[]' };
  const flags = ['--network', 'host', '-v', '/data'];
  const one = await stage.container(flags, settings);
  const other = await stage.container(flags, { ...settings, LISTEN: '[::]:8443', ADMIN__LISTEN: '127.0.0.1:9444' }, 8443);
  for (const server of [one, other]) await until('the store is reached', () => says(server, 'store is reached'));
  const { alice, bob } = await stage.meet({ bobs: other });
  await stage.records(alice, bob);
  await redis.goes();
  for (const server of [one, other]) await until('the store is missed', () => says(server, 'store cannot be reached'));
  await stage.checkNames('the servers do not hear each other');
  const named = stage.row.check;
  const carol = await stage.opens('Carol', stage.world.browsers.bob, other.url);
  await carol.button('Join').click();
  await carol.reads(words('problems.apart'));
  await stage.heals(alice, bob, Date.now());
  const back = Date.now();
  await redis.comes();
  await until('Carol comes in', async () => {
    if (await carol.button('Leave').isVisible()) return;
    await carol.button('Join').click({ timeout: 1000 });
    await carol.button('Leave').waitFor({ timeout: 2000 });
  });
  stage.row.heals += `; newcomers come in ${seconds(Date.now() - back)} after Redis is back`;
  stage.row.seen += `, newcomers: “${words('problems.apart')}”`;
  await Promise.all([both(alice, bob), receives(carol, 'Alice'), receives(carol, 'Bob')]);
  await stage.checkNames();
  stage.row.check = `${named}; then ${stage.row.check}`;
});

/** This machine's Redis in a container. @param {import('../world/calls.mjs').CallStage} stage */
async function store({ world: { engine }, ...stage }) {
  await engine.carries(REDIS, 'redis');
  const started = await engine.docker('run', '--detach', '--network', 'host', '--tmpfs', '/data', '--workdir', '/data', 'redis', '--bind', '127.0.0.1', '--save', '');
  return {
    goes: () => engine.docker('kill', started.trim()),
    comes: () => engine.docker('start', started.trim()),
  };
}

/** @param {import('../world/engine.mjs').Container} server @param {string} words */
async function says(server, words) {
  const log = await server.log();
  if (!log.includes(words)) throw new Error(log);
}
