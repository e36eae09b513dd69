// What goes wrong during a call, and how long until it is whole again.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { both, call, pathOf, seconds } from '../world/calls.mjs';
import { inside } from '../world/network.mjs';

call('Bob moves to another network in mid-call', async (stage) => {
  const { alice, bob } = await stage.meet({});
  const { homes, routers } = stage.world;
  await stage.records(alice, bob);
  const begun = Date.now();
  homes.bob.plug(routers.third);
  await stage.heals(alice, bob, begun);
});

call('Bob moves to a network that lets out TCP 443 only', async (stage) => {
  const { alice, bob } = await stage.meet({});
  const { homes, routers } = stage.world;
  routers.third.behaves({ out: 'only TCP 443' });
  await stage.records(alice, bob);
  const begun = Date.now();
  homes.bob.plug(routers.third);
  await stage.heals(alice, bob, begun);
  stage.row.bob += `, then ${await pathOf(bob)}`;
});

for (const query of ['', 'relay']) {
  call(`the server is killed in mid-call, and started again by the engine${query && '; the call goes through the relay'}`, async (stage) => {
    const server = await stage.onHostNetwork();
    const { alice, bob } = await stage.meet({ query });
    await stage.records(alice, bob);
    const begun = Date.now();
    await server.crash();
    await stage.heals(alice, bob, begun);
    await bob.reloads(); // whoever comes now comes in
    await both(alice, bob);
  });
}

call('the disk is full in mid-call, and the server has to start again', async (stage) => {
  const disk = await smallDisk();
  try {
    const server = await stage.onHostNetwork({}, ['-v', `${disk.folder}:/data`]);
    const { alice, bob } = await stage.meet({ query: 'relay' });
    await stage.records(alice, bob);
    const begun = Date.now();
    disk.fill();
    await server.crash();
    await stage.heals(alice, bob, begun);
    await stage.checkInsideNames(server, 'the disk is full');
  } finally {
    await disk.remove();
  }
});

for (const [jump, words] of [['+1h', 'forward'], ['-1h', 'back']]) {
  call(`the server's clock jumps by an hour, ${words}; the call goes through the relay`, async (stage) => {
    const server = await stage.clocked();
    const { alice, bob } = await stage.meet({ query: 'relay' });
    await stage.records(alice, bob);
    const begun = Date.now();
    await server.jumps(jump);
    await stage.heals(alice, bob, begun);
    await stage.checkNames('the clocks differ');
  });
}

call('strangers take every file descriptor', async (stage) => {
  await stage.onHostNetwork({}, ['--ulimit', 'nofile=120:120', '-v', 'callbox:/data']);
  const { alice, bob } = await stage.meet({ query: 'relay' });
  await stage.records(alice, bob);
  const begun = Date.now();
  const crowd = await strangers(150, stage.world);
  try {
    await stage.heals(alice, bob, begun);
    await stage.checkNames('the connection is cut');
  } finally {
    crowd.leave();
  }
  const left = Date.now();
  await bob.reloads();
  stage.row.heals += `; newcomers come in ${seconds(Date.now() - left)} after they left`;
  await both(alice, bob);
});

/** A disk of its own for the server's data. */
async function smallDisk() {
  const folder = await mkdtemp(path.join(process.env.CALLBOX_LAB, 'disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,uid=65532,gid=65532,mode=700', 'none', folder]);
  return {
    folder,
    fill: () => execFileSync('sh', ['-c', `cat /dev/zero > ${folder}/filled 2>/dev/null || true`]),
    remove: async () => {
      await rm(path.join(folder, 'filled'), { force: true });
      execFileSync('umount', ['--lazy', folder]);
    },
  };
}

/**
 * Always so many connections to the server, which say nothing.
 * @param {number} count @param {import('../world/world.mjs').World} world
 */
async function strangers(count, { homes, at }) {
  const program = path.join(process.env.CALLBOX_LAB, `strangers-${homes.bob.name}.mjs`);
  await writeFile(program, `import net from 'node:net';
    let come = 0;
    const comes = () => net.connect(443, '${at.v4}').on('error', () => {}).on('close', comes).on('connect', () => { if (++come === ${count}) console.log('all'); });
    for (let n = 0; n < ${count}; n += 1) comes();
    process.stdin.resume().on('end', () => process.exit());`);
  const [nsenter, ...args] = inside(homes.bob.name, process.execPath, program);
  const crowd = spawn(nsenter, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(crowd.stdout, 'data');
  return { leave: () => crowd.stdin.end() };
}
