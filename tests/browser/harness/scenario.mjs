// A scenario: a test with a stage of its own, on which servers and people appear and from which they leave at the end. When it
// fails, what everybody saw and said stays behind in `output/`.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { browser, missing } from './browsers.mjs';
import { Person } from './person.mjs';
import { Server } from './server.mjs';

/** @typedef {import('./browsers.mjs').Kind} Kind */

/** No scenario takes so long; one that hangs must not take the suite with it. */
const LIMIT_MS = 180_000;

const scenarios = /** @type {Promise<void>[]} */ ([]);

/**
 * When every scenario is over, so that the browsers can be closed. The test runner's own hook for the end is not always called while
 * they run, and they run until they are closed.
 */
export async function allOver() {
  await Promise.allSettled(scenarios);
}

/**
 * @template {Stage} [S=Stage]
 * @param {string} name what somebody would notice
 * @param {(stage: S) => Promise<void>} play
 * @param {{ needs?: Kind[], lacks?: string | null, stage?: S, limit?: number }} [options] the kinds of browser it cannot do without; what
 *   else is missing here; one stage instead of a common one; another limit, in milliseconds
 */
export function scenario(name, play, { needs = [/** @type {Kind} */ ('chromium')], lacks = null, stage = /** @type {S} */ (new Stage()), limit = LIMIT_MS } = {}) {
  const lacking = needs.map(missing).find(Boolean) ?? lacks;
  scenarios.push(test(name, { timeout: limit, skip: lacking ?? false }, async (t) => {
    t.after(() => stage.clear()); // also when the limit is over
    const folder = path.join(stage.output, name.replaceAll(/[^\p{L}\p{N}]+/gu, '-'));
    await rm(folder, { recursive: true, force: true });
    try {
      await play(stage);
    } catch (error) {
      await stage.leaveTraces(folder).catch(console.error); // what failed is told, whatever else does
      if (t.signal.aborted) console.error(`${name}: when its time was over it stood here`, error); // the runner does not wait for this
      throw error;
    }
  }));
}

export class Stage {
  /** Where the traces of what failed are left. */
  output = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../output');
  #servers = /** @type {Server[]} */ ([]);
  people = /** @type {Person[]} */ ([]);
  #endings = /** @type {(() => Promise<void>)[]} */ ([]);

  /**
   * @param {Record<string, string>} [settings] as `CALLBOX_*` names without the prefix
   * @param {Partial<import('./server.mjs').Where>} [where] instead of a free port on loopback
   */
  async server(settings, where = {}) {
    const server = await Server.start({ settings, ...where });
    this.#servers.push(server);
    return server;
  }

  /**
   * Somebody at a browser in front of `server`'s page, not in any room yet.
   * @param {{ url: string }} server
   * @param {string} name
   * @param {{ kind?: Kind, context?: import('playwright-core').BrowserContextOptions }} [options]
   */
  async person(server, name, { kind = 'chromium', context = {} } = {}) {
    return this.enters(await Person.sitDown(await browser(kind), { name, url: server.url, context }));
  }

  /** From now on this person belongs to the scenario. @param {Person} person */
  enters(person) {
    this.people.push(person);
    return person;
  }

  /**
   * A server and these people in its room *kitchen*, the first one first.
   * @param {string[]} names
   * @param {{ settings?: Record<string, string>, query?: string, kind?: Kind, context?: import('playwright-core').BrowserContextOptions }} [options]
   *   `query` is what follows the `?` of the room's link; `kind` and `context`: what all of them sit at
   */
  async call(names, { settings, query, kind, context } = {}) {
    const server = await this.server(settings);
    const people = [];
    for (const name of names) {
      const person = await this.person(server, name, { kind, context });
      await person.join('kitchen', { query });
      people.push(person);
    }
    return { server, people };
  }

  /**
   * What a scenario opened besides, closed at its end.
   * @param {() => Promise<void>} ending
   */
  ends(ending) {
    this.#endings.push(ending);
  }

  async leaveTraces(folder) {
    await mkdir(folder, { recursive: true });
    for (const person of this.people) {
      // Before the picture: Playwright puts a style into the page for it, and Firefox reports that the page's policy blocked it.
      await writeFile(path.join(folder, `${person.name}.console.txt`), person.console.join('\n'));
      await person.page.screenshot({ path: path.join(folder, `${person.name}.png`), timeout: 5000 }).catch(() => {});
    }
    for (const [number, server] of this.#servers.entries()) {
      await writeFile(path.join(folder, `server-${number}.log`), server.log);
    }
  }

  async clear() {
    await Promise.allSettled(this.#endings.map((ending) => ending()));
    await Promise.allSettled(this.people.map((person) => person.context.close()));
    await Promise.allSettled(this.#servers.map((server) => server.close()));
  }
}
