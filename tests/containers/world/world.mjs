// What cases share and nobody makes twice: the internet, and on it some worlds that know nothing of each other, each with a server and its
// engine, Alice and Bob's homes with their routers, a third network to move to, and one browser in each home. A case has one of
// them to itself while it lasts.

import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { chromiumPath, freshBrowser } from '../../browser/harness/browsers.mjs';
import { Container, Engine, found, programOfTheImage } from './engine.mjs';
import { Home, Router, inside, layInternet, rentServer } from './network.mjs';

/** How many: a case waits more than it computes. */
export const WORLDS = Number(process.env.WORLDS ?? 2);

/** @typedef {Awaited<ReturnType<typeof freshBrowser>>} Browser */

/** @type {World[]} */
const built = [];
/** @type {World[]} */
const free = [];

/** One that nobody else uses until it is given back. No more cases run at a time than there are worlds. */
export async function borrow() {
  const one = free.pop();
  if (one) return one;
  if (built.length === 0) layInternet();
  const world = new World(built.length);
  built.push(world);
  await world.begin();
  return world;
}

/** @param {World} world */
export function giveBack(world) {
  free.push(world);
}

export async function endOfTheWorlds() {
  await Promise.allSettled(built.map((world) => world.end()));
}

export class World {
  /** The one that all share, while it runs. @type {Container[]} */
  servers = [];
  engine = /** @type {Engine} */ (undefined);
  browsers = /** @type {Record<'alice' | 'bob', Browser>} */ (undefined);

  /** @param {number} number counted from 0 */
  constructor(number) {
    /** The server's computer, and its addresses. */
    this.host = `vps-${number}`;
    this.at = rentServer(this.host, number);
    const [alice, bob, third] = [1, 2, 3].map((place) => new Router(3 * number + place));
    this.routers = { alice, bob, third };
    this.homes = { alice: new Home(`alice-${number}`), bob: new Home(`bob-${number}`) };
  }

  async begin() {
    const { alice, bob } = this.homes;
    const [engine, ...browsers] = await Promise.all([Engine.start(this.host), browserIn(alice), browserIn(bob)]);
    this.engine = engine;
    this.browsers = { alice: browsers[0], bob: browsers[1] };
  }

  /** The server of everybody who asks for nothing particular and does it no harm: the first command of README. */
  async server() {
    if (this.servers.length === 0) this.servers = [await this.starts(['--network', 'host', '-v', 'callbox:/data'])];
    return this.servers[0];
  }

  /**
   * Another one, in place of the shared one.
   * @param {string[]} flags of `docker run` @param {Record<string, string>} [settings] @param {number} [port]
   */
  async starts(flags, settings, port) {
    const name = `callbox-${Date.now()}`;
    const server = await Container.start({ engine: this.engine, name, flags: ['--read-only', ...flags], settings, at: this.at, port });
    await server.serves().catch(async (error) => {
      await server.close();
      throw error;
    });
    return server;
  }

  /** Leaves its ports to others. */
  async clears() {
    const shared = this.servers.splice(0);
    for (const server of shared) await server.close();
  }

  /**
   * What `callbox check URL` says, in Alice's home: for each step that failed its cause.
   * @param {string} url
   * @param {string} patience for each step, such as `3s`
   * @returns {Promise<import('./engine.mjs').Found[]>}
   */
  async check(url, patience) {
    const program = await programOfTheImage(this.engine);
    const [nsenter, ...args] = inside(this.homes.alice.name, program, 'check', '--json', '--insecure', '--timeout', patience, url);
    // It exits with 1 when something is wrong.
    const { stdout } = await promisify(execFile)(nsenter, args).catch((failed) => failed);
    return found(stdout);
  }

  /** What its routers do. */
  traces() {
    return Object.values(this.routers).map((router) => router.traces()).join('\n');
  }

  async end() {
    await Promise.allSettled(Object.values(this.browsers).map((browser) => browser.close()));
    await this.engine.stop();
  }
}

/** @param {Home} home */
async function browserIn({ name }) {
  const starter = path.join(process.env.CALLBOX_LAB, `chromium-${name}`);
  // Few pictures a second: on two cores four people make them, and other people's too.
  const devices = '--use-fake-device-for-media-stream=device-count=2,fps=5';
  await writeFile(starter, `#!/bin/sh\nexec ${inside(name, chromiumPath()).join(' ')} "$@" ${devices}\n`);
  await chmod(starter, 0o755);
  return freshBrowser('chromium', starter);
}
