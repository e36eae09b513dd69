#!/usr/bin/env node
// What the newcomer waits for and what the host pays: start-up to the first served page, page weight, idle memory, sizes, and the
// time from *Join* to the first picture of the other person.
//
//   cargo build --release && tests/run types     # the second brings the npm packages
//   benches/startup.mjs                          # CALLBOX_BINARY=… measures another build, RUNS=10 is the default
//
// How: every figure that is a time is the median of RUNS runs, with the fastest and the slowest beside it.
//   start-up      from spawning the process to the last byte of GET / over TLS; first with an empty data folder (it makes its
//                 certificate), then with the one it left
//   page weight   bytes on the wire of everything Chromium loads for /, headers included, as its DevTools protocol counts them
//   idle memory   resident set and its private part 3 s after the first page was served, nobody there
//   first picture from the click on Join to the first remote frame handed to the compositor of a 1280x720 call between two
//                 headless Chromium tabs on this machine, the other person already in the room; a fresh tab each run
// The two tabs share this machine's cores with the server: on a busy machine the last figure says more about it than about callbox.

import { execFileSync } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
process.env.CALLBOX_BINARY ??= path.join(repository, 'target/release/callbox');
const runs = Number(process.env.RUNS ?? 10);

const { Server } = await import('../tests/browser/harness/server.mjs');
const { browser, closeBrowsers } = await import('../tests/browser/harness/browsers.mjs');
const { Person } = await import('../tests/browser/harness/person.mjs');
const { timeFirstPicture } = await import('../tests/browser/harness/probes.mjs');

const rows = [
  ['machine', `${os.cpus().length} x ${os.cpus()[0].model.trim()}, ${os.type()} ${os.release()}`],
  ...(await startUp()),
  ...(await pageWeight()),
  ...(await idleMemory()),
  ...(await sizes()),
  ['Join to first picture, direct', await firstPicture('')],
  ['Join to first picture, ?relay', await firstPicture('relay')],
];
await closeBrowsers();
const width = Math.max(...rows.map(([what]) => what.length));
for (const [what, figure] of rows) console.log(`${what.padEnd(width)}  ${figure}`);

async function startUp() {
  const fresh = [];
  const again = [];
  for (let run = 0; run < runs; run++) {
    const server = await Server.start();
    await firstByteToLast(server);
    fresh.push(performance.now() - server.spawnedAt);
    await server.kill();
    await server.restart();
    await firstByteToLast(server);
    again.push(performance.now() - server.spawnedAt);
    await server.close();
  }
  return [
    ['start-up to first page, first start', inMs(fresh)],
    ['start-up to first page, later starts', inMs(again)],
  ];
}

function firstByteToLast(server) {
  return new Promise((resolve, reject) => {
    https.get(`${server.url}/`, { rejectUnauthorized: false, agent: false }, (response) => response.resume().on('end', resolve)).on('error', reject);
  });
}

async function pageWeight() {
  const server = await Server.start();
  const context = await (await browser('chromium')).newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  let bytes = 0;
  let requests = 0;
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
    requests++;
  });
  await devtools.send('Network.enable');
  await page.goto(server.url, { waitUntil: 'networkidle' });
  await context.close();
  await server.close();
  return [['page weight, first view', `${(bytes / 1024).toFixed(1)} KiB in ${requests} requests`]];
}

async function idleMemory() {
  const server = await Server.start();
  await firstByteToLast(server);
  await pause(3000);
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
  const of = (name) => `${(Number(status.match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))[1]) / 1024).toFixed(1)} MiB`;
  await server.close();
  return [['idle memory', `${of('VmRSS')} resident, ${of('RssAnon')} of it private`]];
}

async function sizes() {
  const { size } = await stat(process.env.CALLBOX_BINARY);
  return [
    ['binary', `${(size / 1024 / 1024).toFixed(1)} MiB`],
    ['image', imageSize()],
  ];
}

function imageSize() {
  try {
    const bytes = execFileSync('docker', ['image', 'inspect', '--format', '{{.Size}}', 'callbox'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return `${(Number(bytes) / 1024 / 1024).toFixed(1)} MiB`;
  } catch {
    return 'not measured: no docker image named callbox here';
  }
}

async function firstPicture(query) {
  const server = await Server.start();
  const bob = await Person.sitDown(await browser('chromium'), { name: 'Bob', url: server.url });
  await bob.join('kitchen', { query });
  const times = [];
  for (let run = 0; run < runs; run++) {
    const alice = await Person.sitDown(await browser('chromium'), { name: 'Alice', url: server.url });
    await alice.openRoom('kitchen', { query });
    await alice.page.evaluate(timeFirstPicture, 'Bob');
    await alice.enter();
    times.push(await alice.page.evaluate(() => window.firstPicture));
    await alice.leave();
    await alice.goAway();
  }
  await bob.goAway();
  await server.close();
  return inMs(times);
}

function inMs(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const middle = sorted.length % 2 ? sorted[(sorted.length - 1) / 2] : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
  return `${middle.toFixed(0)} ms (${sorted[0].toFixed(0)} to ${sorted.at(-1).toFixed(0)})`;
}
