#!/usr/bin/env node
// How files travel from page to page, each figure beside what the browser does by itself on the same path in the same run.
//
//   cargo build && tests/run types     # the second brings the npm packages
//   benches/files.mjs [loopback] [far] [call] [large] [downloads]     # without a name: the first three; RUNS=3 and MIB=128 are the defaults
//
// How: two headless Chromium processes, a person in each, one callbox. A figure is the median of RUNS runs, in turn with the one it
// is compared with, the slowest and the fastest beside it.
//   loopback  a file of MIB mebibytes in a call without devices (nothing is paced), from *Accept* to checked and whole on the
//             receiver's disk; against one bare data channel that carries as many bytes (64 KiB messages, 1 MiB queue) and throws
//             them away, in the same call, first in every second run. Both keep files on a real disk, as windows that are not private do
//   far       the same with 25 ms each way and 0.1 % of packets lost, both emulated by Chromium's DevTools at the sender's sockets
//   call      pictures a second that the receiver of a call sees on an uplink of 2.5 Mbit/s and 15 ms each way: for 20 s without a
//             file, and for a minute from when one was accepted; then what the file got of the link
//   large     GIB gibibytes, 4 by default (zeros, read from a sparse file) once in Chromium and once in Firefox: the growth of all processes of the
//             receiving and of the sending browser, sampled every second. Needs 9 GB of disk and some minutes
//   downloads the same with MIB mebibytes of chance, for which the receiver has no room: they go straight into its downloads, where they
//             are read again. SECONDS=90 holds the file for so long on the way. Needs twice the disk. Firefox's driver keeps a copy of every
//             answer in its main process, so there the growth of the receiver is that of the driver: the file's size and what callbox takes
// The browsers share this machine's cores: on a busy one the bytes a second say more about it than about callbox, the ratios do not.

import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, readdir, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';

const { Server } = await import('../tests/browser/harness/server.mjs');
const { browserWithDisk, closeBrowsers, freshBrowser } = await import('../tests/browser/harness/browsers.mjs');
const { Person } = await import('../tests/browser/harness/person.mjs');
const { haveSmallDisk } = await import('../tests/browser/harness/probes.mjs');
const bare = await import('../tests/browser/harness/channel.mjs');

const runs = Number(process.env.RUNS ?? 3);
const mebibytes = Number(process.env.MIB ?? 128);
const gibibytes = Number(process.env.GIB ?? 4);
const heldFor = Number(process.env.SECONDS ?? 0);
const MIB = 2 ** 20;
const ALONE_S = 20;
/** Long enough for the file to find the end of the path more than once; it must not end before. */
const BESIDE_S = 60;

async function loopback() {
  await compare('loopback', mebibytes, null);
}

async function far() {
  await compare('50 ms, 0.1 % loss', Math.min(mebibytes, 64), { latency: 25, packetLoss: 0.1, downloadThroughput: -1, uploadThroughput: -1 });
}

/**
 * @param {string} title
 * @param {number} size mebibytes
 * @param {object | null} network of the sender, as DevTools emulates it
 */
async function compare(title, size, network) {
  const figures = { bare: [], file: [] };
  for (let run = 0; run < runs; run += 1) {
    await onStage({ network, silent: true, disk: true }, async ({ server, alice, bob }) => {
      await meet(alice, bob);
      const takes = [
        async () => figures.bare.push(await bare.carry(alice.page, bob.page, size * MIB)),
        async () => {
          const file = path.join(server.folder, 'bench.bin');
          await writeFile(file, randomBytes(size * MIB));
          figures.file.push((size * MIB) / await secondsOf(alice, bob, file));
        },
      ];
      for (const take of run % 2 === 0 ? takes : takes.toReversed()) await take();
    });
  }
  console.log(`${title}, ${size} MiB`);
  console.log(`  one bare channel   ${inMbit(figures.bare)}`);
  console.log(`  a file             ${inMbit(figures.file)}`);
  console.log(`  ratio              ${(median(figures.file) / median(figures.bare)).toFixed(2)}`);
}

async function call() {
  const network = { latency: 15, downloadThroughput: 312_500, uploadThroughput: 312_500 };
  const figures = { alone: [], beside: [], rate: [] };
  for (let run = 0; run < runs; run += 1) {
    await onStage({ network, silent: false }, async ({ server, alice, bob }) => {
      await meet(alice, bob);
      await bob.seesMoving('Alice');
      await pause(15_000); // the estimate has found the link
      figures.alone.push(await picturesASecond(bob, ALONE_S));
      const file = path.join(server.folder, 'bench.bin');
      await writeFile(file, randomBytes(64 * MIB));
      await alice.sendsFile(file);
      await bob.acceptsFile('bench.bin');
      const before = await bytesOf(bob);
      figures.beside.push(await picturesASecond(bob, BESIDE_S));
      figures.rate.push((await bytesOf(bob) - before) / BESIDE_S);
    });
  }
  console.log('a call on 2.5 Mbit/s');
  console.log(`  pictures a second, alone          ${spread(figures.alone, 1)}`);
  console.log(`  pictures a second, beside a file  ${spread(figures.beside, 1)}`);
  console.log(`  the file                          ${inMbit(figures.rate)}`);
  console.log(`  ratio                             ${(median(figures.beside) / median(figures.alone)).toFixed(2)}`);
}

async function large() {
  for (const kind of /** @type {const} */ (['chromium', 'firefox'])) {
    await onStage({ network: null, silent: true, kind, disk: kind === 'chromium' }, async ({ server, alice, bob }) => {
      await meet(alice, bob);
      const file = path.join(server.folder, 'large.bin');
      await (await open(file, 'w')).close();
      await truncate(file, gibibytes * 1024 * MIB);
      await watched(`${gibibytes} GiB, ${kind}`, gibibytes * 1024, alice, bob, () => secondsOf(alice, bob, file, 3600));
    });
  }
}

async function downloads() {
  for (const kind of /** @type {const} */ (['chromium', 'firefox'])) {
    await onStage({ network: null, silent: true, kind, smallDisk: true }, async ({ server, alice, bob }) => {
      await meet(alice, bob);
      const file = path.join(server.folder, 'large.bin');
      const chance = await open(file, 'w');
      for (let n = 0; n < mebibytes; n += 1) await chance.write(randomBytes(MIB));
      await chance.close();
      const saving = bob.page.waitForEvent('download', { timeout: 0 });
      if (heldFor > 0) void holds(alice, bob, 'large.bin');
      await watched(`${mebibytes} MiB, ${kind}, straight into the downloads`, mebibytes, alice, bob, () => secondsOf(alice, bob, file, 3600));
      const [sent, saved] = [await hashOf(file), await hashOf(await (await saving).path())];
      if (sent !== saved) throw new Error(`${saved} was saved, not ${sent}`);
    });
  }
}

/** Half of the way in between. */
async function holds(from, to, name) {
  await to.seesPercent(name, 50);
  await from.pausesFile(name);
  await pause(heldFor * 1000);
  await from.resumesFile(name);
}

async function watched(title, size, alice, bob, go) {
  const watch = { alice: new Memory(alice.pid), bob: new Memory(bob.pid) };
  const timer = setInterval(() => { watch.alice.look(); watch.bob.look(); }, 1000);
  const seconds = await go();
  clearInterval(timer);
  console.log(`${title}: ${seconds.toFixed(0)} s, ${((size * MIB * 8) / 1e6 / seconds).toFixed(0)} Mbit/s`);
  console.log(`  growth: sender ${await watch.alice.growth()}, receiver ${await watch.bob.growth()}`);
}

async function hashOf(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/**
 * Two people at two browsers, at the page, not in the room yet.
 * @param {{ network: object | null, silent: boolean, kind?: import('../tests/browser/harness/browsers.mjs').Kind, disk?: boolean, smallDisk?: boolean }} how
 * @param {(stage: any) => Promise<void>} play
 */
async function onStage({ network, silent, kind = 'chromium', disk = false, smallDisk = false }, play) {
  const server = await Server.start();
  const browsers = [];
  try {
    const people = [];
    for (const name of ['Alice', 'Bob']) {
      const browser = disk ? browserWithDisk(path.join(server.folder, name)) : await freshBrowser(kind);
      browsers.push(browser);
      people.push(await Person.sitDown(browser, { name, url: server.url }));
    }
    const [alice, bob] = people;
    if (smallDisk) await bob.context.addInitScript(haveSmallDisk);
    for (const [n, person] of [alice, bob].entries()) {
      Object.assign(person, { silent, pid: browsers[n].processId });
      await person.openRoom('bench');
    }
    if (network) await emulate(alice, network);
    await play({ server, alice, bob });
  } finally {
    await Promise.allSettled(browsers.map((browser) => browser.close()));
    await server.close();
  }
}

async function meet(...people) {
  for (const person of people) {
    if (person.silent) for (const device of ['Microphone', 'Camera']) await person.button(device).click();
    await person.enter();
  }
  for (const person of people) await person.page.locator('[data-link="good"]').first().waitFor();
}

/** Before any connection is made, and never let go of: the traps stand at `network` in tests/browser/harness/person.mjs. */
async function emulate(person, network) {
  const devtools = await person.context.newCDPSession(person.page);
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', { offline: false, ...network });
}

/** From *Accept* to the receiver's word that all is there and right. */
async function secondsOf(alice, bob, file, patience = 600) {
  const name = path.basename(file);
  await alice.sendsFile(file);
  await bob.transfer(name).waitFor();
  const begun = performance.now();
  await bob.acceptsFile(name);
  if (await bob.transfer(name).evaluate(end, patience * 1000) !== 'done') throw new Error(await bob.transfer(name).textContent());
  return (performance.now() - begun) / 1000;
}

/** In the receiver's page, which is not asked again and again meanwhile: that would be work too. */
function end(row, patience) {
  return new Promise((resolve) => {
    const look = () => { if (['done', 'failed'].includes(row.dataset.state)) resolve(row.dataset.state); };
    new MutationObserver(look).observe(row, { attributeFilter: ['data-state'] });
    setTimeout(() => resolve('late'), patience);
    look();
  });
}

function picturesASecond(person, seconds) {
  return person.tile('Alice').locator('video').evaluate((video, seconds) => new Promise((resolve) => {
    const before = video.getVideoPlaybackQuality().totalVideoFrames;
    setTimeout(() => resolve((video.getVideoPlaybackQuality().totalVideoFrames - before) / seconds), seconds * 1000);
  }), seconds);
}

/** Bytes of files that arrived, as the browser counts its data channels. */
function bytesOf(person) {
  return person.page.evaluate(async () => {
    const reports = await Promise.all(window.keptConnections.filter(({ connectionState }) => connectionState === 'connected').map((one) => one.getStats()));
    return reports.flatMap((report) => [...report.values()]).filter(({ type, label }) => type === 'data-channel' && label !== 'control')
      .reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
  });
}

/** The private memory of a browser with all its processes. */
class Memory {
  #looks = /** @type {Promise<number>[]} */ ([]);

  constructor(pid) {
    this.pid = pid;
    this.look();
  }

  look() {
    this.#looks.push(privateBytes(this.pid));
  }

  async growth() {
    const looks = await Promise.all(this.#looks);
    return `${((Math.max(...looks) - looks[0]) / MIB).toFixed(0)} MiB`;
  }
}

async function privateBytes(root) {
  const children = new Map();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const family = [root];
  for (const pid of family) family.push(...(children.get(pid) ?? []));
  const sizes = await Promise.all(family.map(async (pid) => {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    return ['Private_Dirty', 'Private_Clean'].reduce((sum, key) => sum + Number(rollup.match(new RegExp(`^${key}:\\s+(\\d+)`, 'm'))?.[1] ?? 0), 0) * 1024;
  }));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function inMbit(rates) {
  return `${spread(rates.map((rate) => (rate * 8) / 1e6), 1)} Mbit/s`;
}

function spread(values, digits) {
  const sorted = values.toSorted((a, b) => a - b);
  return `${median(values).toFixed(digits)} (${sorted[0].toFixed(digits)} to ${sorted.at(-1).toFixed(digits)})`;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.length % 2 ? sorted[(sorted.length - 1) / 2] : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
}

const parts = { loopback, far, call, large, downloads };
const wanted = process.argv.slice(2);
console.log(`${os.cpus().length} x ${os.cpus()[0].model.trim()}, ${os.type()} ${os.release()}`);
for (const name of wanted.length > 0 ? wanted : ['loopback', 'far', 'call']) await parts[name]();
await closeBrowsers();
