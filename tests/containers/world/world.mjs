// What all cases share and nobody makes twice: the internet, the server's engine, Alice and Bob's homes with their routers, a third
// network to move to, and one browser in each home.

import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { chromiumPath, freshBrowser } from '../../browser/harness/browsers.mjs';
import { Engine, programOfTheImage } from './engine.mjs';
import { Home, Router, VPS, inside, layInternet, rentServer } from './network.mjs';

/** The server's computer. */
export const HOST = 'vps';

/** @typedef {Awaited<ReturnType<typeof build>>} World */

/** @type {Promise<World> | undefined} */
let built;

/** Built when first asked for. */
export function world() {
  return (built ??= build());
}

export async function endOfTheWorld() {
  if (!built) return;
  const { engine, browsers } = await built;
  await Promise.allSettled(Object.values(browsers).map((browser) => browser.close()));
  await engine.stop();
}

/**
 * What `callbox check URL` says, in Alice's home: for each step that failed its cause.
 * @param {string} url
 * @returns {Promise<{ cause: { cause: string }, title: string }[]>}
 */
export async function check(url) {
  const program = await programOfTheImage();
  const [nsenter, ...args] = inside('alice', program, 'check', '--json', '--insecure', '--timeout', '3s', url);
  // It exits with 1 when something is wrong.
  const { stdout } = await promisify(execFile)(nsenter, args).catch((failed) => failed);
  return JSON.parse(stdout).checks.flatMap((/** @type {any} */ checked) => checked.verdicts);
}

async function build() {
  layInternet();
  rentServer(HOST, VPS);
  const routers = { alice: new Router(1, 'router-a'), bob: new Router(2, 'router-b'), third: new Router(3, 'router-c') };
  const homes = { alice: new Home('alice'), bob: new Home('bob') };
  const engine = await Engine.start(HOST);
  const browsers = { alice: await browserIn(homes.alice), bob: await browserIn(homes.bob) };
  return { engine, routers, homes, browsers };
}

/** @param {Home} home */
async function browserIn({ name }) {
  const starter = path.join(process.env.CALLBOX_LAB, `chromium-${name}`);
  await writeFile(starter, `#!/bin/sh\nexec ${inside(name, chromiumPath()).join(' ')} "$@"\n`);
  await chmod(starter, 0o755);
  return freshBrowser('chromium', starter);
}
