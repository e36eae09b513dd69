// A case of the matrix: two people call each other through the networks it names, and what they saw becomes a row of the table.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { scenario, Stage } from '../../browser/harness/scenario.mjs';
import { Person } from '../../browser/harness/person.mjs';
import * as probes from '../../browser/harness/probes.mjs';
import { GAP_MS, movesOn, record } from '../../browser/harness/recorder.mjs';
import { words } from '../../browser/harness/words.mjs';
import { Clocked } from './clocked.mjs';
import { Container, until } from './engine.mjs';
import { check, HOST, world } from './world.mjs';

const output = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../output');

/** How long somebody waits for a call to heal. It is only ever used up by a failure. */
const PATIENCE_MS = 60_000;

/** What the page may say about a call that is in trouble. */
const TROUBLE = ['tile.weak', 'tile.away', 'tile.lost', 'room.reconnecting'].map((key) => words(key));

/** @typedef {import('./network.mjs').Habits} Habits */

/**
 * One row of the table.
 * @typedef {object} Row
 * @property {string} name
 * @property {string} [alice] her path: own candidate and the other's, as her browser names them
 * @property {string} [bob]
 * @property {number} [first] milliseconds from Bob's click on *Join* to Alice's first picture
 * @property {string} [seen] the words on the page
 * @property {string} [heals] how long until what broke was whole again
 * @property {string} [check] what `callbox check` names, run at Alice's
 */

/** @type {Row[]} */
const rows = [];

/**
 * @param {string} name what is particular about these networks
 * @param {(stage: CallStage) => Promise<void>} play
 */
export function call(name, play) {
  const stage = new CallStage(name);
  scenario(name, async () => {
    await play(stage);
    rows.push(stage.row);
  }, { stage });
}

export class CallStage extends Stage {
  output = output;
  #servers = /** @type {(Container | Clocked)[]} */ ([]);

  /** @param {string} name */
  constructor(name) {
    super();
    /** @type {Row} */
    this.row = { name };
  }

  /**
   * The server everybody means who says nothing else: the first command of README.
   * @param {Record<string, string>} [settings]
   * @param {string[]} [flags] of `docker run`, after the network's
   */
  onHostNetwork(settings = {}, flags = ['-v', 'callbox:/data']) {
    return this.container(['--network', 'host', ...flags], settings);
  }

  /** @param {string[]} flags @param {Record<string, string>} [settings] */
  async container(flags, settings = {}) {
    await world();
    return this.#served(await Container.start({ name: `callbox-${Date.now()}`, flags: ['--read-only', ...flags], settings }));
  }

  /** One whose clock can jump. */
  async clocked() {
    await world();
    return this.#served(await Clocked.start(HOST));
  }

  /** @template {Container | Clocked} S @param {S} server */
  async #served(server) {
    this.#servers.push(server);
    await server.serves();
    return server;
  }

  /**
   * Alice and Bob in the room *kitchen*, seeing and hearing each other.
   * @param {object} how
   * @param {Habits} [how.alice] her router's
   * @param {Habits} [how.bob] his
   * @param {{ v4: boolean, v6: boolean }[]} [how.families] that Alice's and Bob's networks have; IPv4 alone if not told otherwise
   * @param {boolean} [how.together] both behind Alice's router
   * @param {number} [how.mtu] of the cables at home
   * @param {string} [how.query] of the room's link
   * @param {Container | Clocked} [how.server]
   */
  async meet({ alice: aliceHabits = {}, bob: bobHabits = {}, families = [], together = false, mtu = 1500, query = '', server }) {
    const { routers, homes, browsers } = await world();
    server ??= await this.onHostNetwork();
    routers.alice.behaves(aliceHabits);
    routers.bob.behaves(bobHabits);
    for (const router of [routers.alice, routers.bob]) router.narrows(mtu);
    homes.alice.plug(routers.alice, { ...families[0], mtu });
    homes.bob.plug(together ? routers.alice : routers.bob, { ...families[1], mtu });
    const alice = this.enters(await Person.sitDown(browsers.alice, { name: 'Alice', url: families[0]?.v6 ? server.url6 : server.url }));
    const bob = this.enters(await Person.sitDown(browsers.bob, { name: 'Bob', url: families[1]?.v6 ? server.url6 : server.url }));
    await Promise.all([alice, bob].map((person) => opens(person, query)));
    await alice.enter();
    await bob.page.evaluate(probes.timeFirstPicture, 'Alice');
    await bob.enter();
    await both(alice, bob);
    this.row.first = Math.round(await bob.page.evaluate(() => window.firstPicture));
    [this.row.alice, this.row.bob] = await Promise.all([pathOf(alice), pathOf(bob)]);
    return { alice, bob, server };
  }

  /**
   * Asserts which way the call goes. The first pair that works is not always the one that stays, so it may take a moment.
   * @param {RegExp} way that both sides' paths have to match
   */
  async goes(way) {
    await until(`the call goes ${way}`, async () => {
      [this.row.alice, this.row.bob] = await Promise.all(this.people.map(pathOf));
      for (const side of [this.row.alice, this.row.bob]) assert.match(side, way, `Alice: ${this.row.alice}, Bob: ${this.row.bob}`);
    });
  }

  /** From now on it is written down when each of them sees pictures of the other, and what the page says. @param {Person} alice @param {Person} bob */
  async records(alice, bob) {
    await alice.page.evaluate(record, 'Bob');
    await bob.page.evaluate(record, 'Alice');
    for (const { page } of [alice, bob]) await page.evaluate(noteWords, TROUBLE);
  }

  /**
   * Waits until both see moving pictures after `begun` and no page says that anything is wrong; notes how long that took, and what was said.
   * @param {Person} alice @param {Person} bob @param {number} begun as `Date.now()`
   */
  async heals(alice, bob, begun) {
    const moved = await until('both see moving pictures again', async () => {
      const logs = await Promise.all([alice, bob].map(({ page }) => page.evaluate(() => ({ ...window.recorded, words: window.wordsNoted }))));
      const back = logs.map(({ frames }) => movesOn(frames, begun));
      if (back.some((at) => at === null) || logs.some(({ words: noted }) => noted.some(({ gone }) => !gone))) throw new Error('not yet');
      this.#sees(logs.flatMap(({ words: noted }) => noted));
      return Math.max(...back, ...logs.flatMap(({ words: noted }) => noted.map(({ gone }) => gone))) - begun;
    }, PATIENCE_MS);
    this.row.heals = moved < GAP_MS ? 'at once' : `${(moved / 1000).toFixed(1)} s`;
    await both(alice, bob);
  }

  /** @param {{ text: string }[]} noted */
  #sees(noted) {
    this.row.seen = [...new Set(noted.map(({ text }) => `“${text}”`))].join(', ') || 'nothing';
  }

  /**
   * Asserts that `callbox check`, run at Alice's, names these causes; if none is given, that it names none.
   * @param {Container | Clocked} server @param {string[]} causes in its words
   */
  async checkNames(server, ...causes) {
    const verdicts = await check(server.url);
    const others = verdicts.filter(({ cause }) => cause.cause !== 'self-made'); // as every server here has made its certificate
    const named = [...new Set(others.map(({ title }) => title))];
    if (causes.length === 0) assert.deepEqual(named, []);
    for (const cause of causes) assert.ok(named.includes(cause), `${cause} is not among ${named.join(', ')}`);
    this.row.check = named.join('; ') || 'all is well';
  }

  async leaveTraces(folder) {
    await super.leaveTraces(folder);
    for (const person of this.people) await writeFile(path.join(folder, `${person.name}.ice.json`), await candidatesOf(person));
    for (const server of this.#servers) await writeFile(path.join(folder, `${server.name}.log`), await server.log());
  }

  async clear() {
    await super.clear();
    await Promise.allSettled(this.#servers.map((server) => server.close()));
  }
}

/** The matrix as a Markdown table, to be read and to be kept. */
export async function writeTable() {
  const head = ['networks', 'Alice', 'Bob', 'first picture', 'on the page', 'healed after', '`callbox check`'];
  const lines = rows.map(({ name, alice, bob, first, seen, heals, check: named }) => [name, alice, bob, first && `${first} ms`, seen, heals, named]);
  const text = [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.map((cell) => cell ?? '').join(' | ')} |\n`).join('');
  await mkdir(output, { recursive: true });
  await writeFile(path.join(output, 'matrix.md'), text);
  console.log(text);
}

/** @param {Person} alice @param {Person} bob */
export function both(alice, bob) {
  return Promise.all([alice.seesAndHears('Bob'), bob.seesAndHears('Alice')]);
}

/**
 * Opens the room's page; once more if it does not come: a browser that has just been carried elsewhere gives up what it was loading
 * (ERR_NETWORK_CHANGED).
 * @param {Person} person @param {string} query
 */
async function opens(person, query) {
  await until(`${person.name} has the page`, async () => {
    await person.page.goto(`${person.url}/r/kitchen${query && `?${query}`}`, { timeout: 5000 });
    await person.box('Your name').waitFor({ timeout: 5000 });
  });
  await person.box('Your name').fill(person.name);
}

/** `own candidate → the other's`, with the way to the relay where the own one is there. @param {Person} person */
export async function pathOf(person) {
  const pairs = await person.selectedPairs();
  return pairs.map(({ local, remote, relayProtocol }) => `${local}${relayProtocol ? ` (${relayProtocol})` : ''} → ${remote}`).join(', ');
}

/** Every pair that was tried, for who wants to know why none worked. @param {Person} person */
async function candidatesOf({ page }) {
  const pairs = await page.evaluate(async () => {
    const reports = await Promise.all(window.keptConnections.map((one) => one.getStats()));
    return reports.flatMap((stats) => [...stats.values()].filter(({ type }) => /candidate/.test(type)));
  });
  return JSON.stringify(pairs, null, 1);
}

/** In the page: notes each of these texts when it is to be seen, and when no longer. @param {string[]} texts */
function noteWords(texts) {
  const noted = (window.wordsNoted = /** @type {{ text: string, gone: number }[]} */ ([]));
  const standing = new Map();
  setInterval(() => {
    const page = document.body.innerText;
    for (const text of texts) {
      const there = page.includes(text);
      if (there && !standing.has(text)) {
        const entry = { text, gone: 0 };
        standing.set(text, entry);
        noted.push(entry);
      }
      if (!there && standing.has(text)) {
        standing.get(text).gone = Date.now();
        standing.delete(text);
      }
    }
  }, 100);
}
