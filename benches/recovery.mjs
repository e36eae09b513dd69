#!/usr/bin/env node
// How a call comes back from real cuts: two Chromium in network namespaces of their own, a router between them that drops.
//
//   cargo build && tests/run types     # the second brings the npm packages
//   sudo benches/recovery.mjs [short] [long] [address]     # root, for the namespaces; TRIES=10 is the default
//
//   short    nothing passes to or from one of the two for 3 s, neither media nor signaling
//   long     the same for 20 s
//   address  one of the two gets another address in mid-call; no event tells the browser
//
// "seen" is the time from the cut until the tile of the other says that something is wrong, on the slower of the two pages; "healed"
// is the time from the path's return (or from the change of address) to the first picture that moves on, in the slower direction.

import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { GAP_MS, movesOn, record } from '../tests/browser/harness/recorder.mjs';

const tries = Number(process.env.TRIES ?? 10);
const PORT = 8443;
const PATIENCE_MS = 60_000;

const kinds = {
  short: { title: 'cut of 3 s', seenWithin: 2000, healedWithin: 2000, play: (net) => cutFor(net, 3000) },
  long: { title: 'cut of 20 s', seenWithin: 2000, healedWithin: 2000, play: (net) => cutFor(net, 20_000) },
  address: { title: 'another address', seenWithin: Infinity, healedWithin: 6000, play: readdress },
};

if (!process.env.ROUTER_OF) runInRouter();
else await measure(process.argv.slice(2));

/** Namespaces for two people and the router between them, in which this program starts itself again. */
function runInRouter() {
  const router = `callbox-router-${process.pid}`;
  const [a, b] = ['a', 'b'].map((side) => `callbox-${side}-${process.pid}`);
  const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const spaces = [router, a, b];
  try {
    for (const space of spaces) ip('netns', 'add', space);
    ip('-n', router, 'link', 'set', 'lo', 'up');
    for (const [index, space] of [a, b].entries()) {
      const net = `10.78.${index + 1}`;
      const [outside, inside] = [`side${index}`, 'eth0'];
      ip('-n', router, 'link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', space);
      ip('-n', router, 'address', 'add', `${net}.1/24`, 'dev', outside);
      ip('-n', router, 'link', 'set', outside, 'up');
      ip('-n', space, 'address', 'add', `${net}.2/24`, 'dev', inside);
      for (const device of ['lo', inside]) ip('-n', space, 'link', 'set', device, 'up');
      ip('-n', space, 'route', 'add', 'default', 'via', `${net}.1`);
    }
    ip('netns', 'exec', router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    const env = { ...process.env, ROUTER_OF: `${a} ${b}` };
    execFileSync('ip', ['netns', 'exec', router, process.execPath, ...process.argv.slice(1)], { env, stdio: 'inherit' });
  } finally {
    for (const space of spaces) ip('netns', 'delete', space);
  }
}

async function measure(names) {
  const { Server } = await import('../tests/browser/harness/server.mjs');
  const { freshBrowser, chromiumPath } = await import('../tests/browser/harness/browsers.mjs');
  const { Person } = await import('../tests/browser/harness/person.mjs');
  const spaces = process.env.ROUTER_OF.split(' ');
  const folder = await mkdtemp(path.join(os.tmpdir(), 'callbox-recovery-'));
  const server = await Server.start({ host: '10.78.1.1', port: PORT, settings: { NAMES: '10.78.1.1' } });
  const browsers = [];
  try {
    const people = [];
    for (const [index, space] of spaces.entries()) {
      const starter = path.join(folder, `chromium-${index}`);
      await writeFile(starter, `#!/bin/sh\nexec ip netns exec ${space} ${chromiumPath()} "$@"\n`);
      await chmod(starter, 0o755);
      browsers.push(await freshBrowser('chromium', starter));
      people.push(await Person.sitDown(browsers[index], { name: ['Alice', 'Bob'][index], url: server.url }));
      await people[index].join('recovery');
    }
    await people[0].seesMoving('Bob');
    await people[1].seesMoving('Alice');
    await people[0].page.evaluate(record, 'Bob');
    await people[1].page.evaluate(record, 'Alice');
    const net = { space: spaces[1], host: 2 };
    console.log(`${os.cpus().length} x ${os.cpus()[0].model.trim()}, ${os.type()} ${os.release()}`);
    console.log(['', 'healed', 'seen, ms', 'healed after, ms', 'within the target'].map(column).join(''));
    for (const name of names.length > 0 ? names : Object.keys(kinds)) console.log((await row(kinds[name], net, people)).map(column).join(''));
  } finally {
    await Promise.allSettled(browsers.map((one) => one.close()));
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function row({ title, seenWithin, healedWithin, play }, net, people) {
  const results = [];
  for (let n = 0; n < tries; n += 1) results.push(await attempt(play, net, people));
  const healed = results.filter((result) => result !== null);
  const good = healed.filter(({ seen, after }) => seen <= seenWithin && after <= healedWithin);
  return [title, `${healed.length} of ${tries}`, spread(healed.map(({ seen }) => seen)), spread(healed.map(({ after }) => after)), `${good.length} of ${tries}`];
}

/** @returns {Promise<{ seen: number, after: number } | null>} null: not within a minute */
async function attempt(play, net, people) {
  await until(people, (log) => log.link === 'good' && log.frames.length > 0 && Date.now() - log.frames.at(-1) < GAP_MS);
  await pause(6_000); // a call at rest
  for (const { page } of people) await page.evaluate(() => { window.recorded.frames.splice(0, window.recorded.frames.length - 1);
      window.recorded.links.length = 0; });
  const { begun, back } = await play(net);
  const logs = await until(people, (log) => log.link === 'good' && movesOn(log.frames, back) !== null);
  if (process.env.VERBOSE) console.log(JSON.stringify(logs?.map(({ links, frames }) => ({ links: links.map(({ at, link }) => [at - begun, link]), back: back - begun, first: movesOn(frames, back) - begun }))));
  if (!logs) return null;
  const seen = logs.map(({ links }) => (links.find(({ at, link }) => at >= begun && link !== 'good')?.at ?? begun) - begun);
  return { seen: Math.max(...seen), after: Math.max(0, ...logs.map(({ frames }) => movesOn(frames, back) - back)) };
}

async function until(people, good) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await pause(250)) {
    const logs = await Promise.all(people.map(({ page }) => page.evaluate(() => window.recorded)));
    if (logs.every(good)) return logs;
  }
  return null;
}

async function cutFor(_net, ms) {
  const begun = Date.now();
  const chains = ['input', 'output', 'forward'].map((hook) => `chain ${hook} { type filter hook ${hook} priority 0;\niifname "side1" drop\noifname "side1" drop\n}`);
  execFileSync('nft', ['-f', '-'], { input: `table ip cut {\n${chains.slice(0, 1).join('').replace('oifname "side1" drop\n', '')}\n${chains[1].replace('iifname "side1" drop\n', '')}\n${chains[2]}\n}\n` });
  await pause(ms);
  execFileSync('nft', ['delete', 'table', 'ip', 'cut']);
  return { begun, back: Date.now() };
}

async function readdress(net) {
  const ip = (...args) => execFileSync('ip', ['-n', net.space, ...args]);
  const begun = Date.now();
  ip('address', 'delete', `10.78.2.${net.host}/24`, 'dev', 'eth0');
  net.host = net.host === 250 ? 2 : net.host + 1;
  ip('address', 'add', `10.78.2.${net.host}/24`, 'dev', 'eth0');
  ip('route', 'add', 'default', 'via', '10.78.2.1');
  return { begun, back: begun };
}

function spread(values) {
  if (values.length === 0) return 'never';
  const sorted = values.toSorted((a, b) => a - b);
  return `${sorted[Math.floor(sorted.length / 2)]} (${sorted[0]} to ${sorted.at(-1)})`;
}

function column(text) {
  return text.padEnd(24);
}
