#!/usr/bin/env node
// What the image costs: its size, and how long it takes from `docker run` to the first page, as root on a machine with tests/run's packages.
//
//   tests/containers/image --build-arg=CARGO_PROFILE_RELEASE_{OPT_LEVEL=3,LTO=thin,CODEGEN_UNITS=4}    as users build it
//   tests/containers/lab benches/image.mjs                                                             RUNS=10 is the default
//
// How: medians of RUNS, the fastest and the slowest beside them. From spawning `docker run --detach` (or the program out of the image, without
// a container) to the last byte of GET / over TLS, asked for every 2 ms until it comes; each with an empty data folder, so that it makes its keys.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import https from 'node:https';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Engine, programOfTheImage } from '../tests/containers/world/engine.mjs';

const runs = Number(process.env.RUNS ?? 10);
const flags = ['--network', 'host', '--read-only', '--volume', '/data', '--env', 'CALLBOX_TLS__MODE=self-signed'];

const engine = await Engine.start(null);
const size = Number(await engine.docker('image', 'inspect', '--format', '{{.Size}}', 'callbox'));
console.log(`image                        ${(size / 1024 / 1024).toFixed(1)} MiB`);
console.log(`docker run to first page     ${await median(inContainer)}`);
console.log(`the program to first page    ${await median(byItself)}`);
await engine.stop();

async function inContainer(name) {
  const begun = performance.now();
  const [, took] = await Promise.all([engine.docker('run', '--detach', '--name', name, ...flags, 'callbox'), firstPage(begun)]);
  await engine.docker('rm', '--force', '--volumes', name);
  return took;
}

async function byItself() {
  const program = await programOfTheImage(engine);
  const folder = await mkdtemp(path.join(process.env.CALLBOX_LAB, 'alone-'));
  const env = { CALLBOX_LISTEN: '[::]:443', CALLBOX_DATA_DIR: folder, CALLBOX_TLS__MODE: 'self-signed' };
  const begun = performance.now();
  const child = spawn(program, { env, stdio: 'ignore' });
  const took = await firstPage(begun);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return took;
}

async function firstPage(begun) {
  while (!(await page())) await pause(2);
  return performance.now() - begun;
}

/** Whether it came, whole. */
function page() {
  return new Promise((resolve) => {
    const asked = https.get('https://127.0.0.1/', { rejectUnauthorized: false, agent: false });
    asked.on('response', (response) => response.resume().on('end', () => resolve(response.statusCode === 200)));
    asked.on('error', () => resolve(false));
  });
}

/** @param {(name: string) => Promise<number>} measure */
async function median(measure) {
  const times = [];
  for (let run = 0; run < runs; run++) times.push(await measure(`callbox-${run}`));
  const sorted = times.toSorted((a, b) => a - b);
  const middle = (sorted[Math.floor((runs - 1) / 2)] + sorted[Math.ceil((runs - 1) / 2)]) / 2;
  return `${middle.toFixed(0)} ms (${sorted[0].toFixed(0)} to ${sorted.at(-1).toFixed(0)})`;
}
