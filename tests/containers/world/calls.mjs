// A case of the matrix: two people call each other through the networks it names, and what they saw becomes a row of the table.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { scenario, Stage } from '../../browser/harness/scenario.mjs';
import { Person } from '../../browser/harness/person.mjs';
import * as probes from '../../browser/harness/probes.mjs';
import { GAP_MS, movesOn } from '../../browser/harness/recorder.mjs';
import { words } from '../../browser/harness/words.mjs';
import { Clocked } from './clocked.mjs';
import { Container, until } from './engine.mjs';
import { noteWords, watch } from './eyes.mjs';
import { borrow, giveBack } from './world.mjs';

const output = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../output');

/** How long somebody waits for a call to heal, and what a case may take in all. Only ever used up by a failure. */
const PATIENCE_MS = 180_000;
const LIMIT_MS = 600_000;

/** How long `callbox check` waits for each step: the second and the third time, should a busy machine have kept it waiting. */
const CHECK_WITHIN = ['3s', '10s', '30s'];

/** As many looks with new pictures are a moving picture. */
const ENOUGH = 5;

/** What the page may say about a call that is in trouble. */
const WEAK = words('tile.weak');
const TROUBLE = [WEAK, ...['tile.away', 'tile.lost', 'room.reconnecting'].map((key) => words(key))];

/** Small windows: how large the pictures are has no part in this, and two people encode and decode them on the same cores. */
const WINDOW = { viewport: { width: 640, height: 480 } };

/** @typedef {import('./network.mjs').Habits} Habits */
/** @typedef {import('./world.mjs').World} World */

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

/** In the order of the cases, whichever ends first. @type {Row[]} */
const rows = [];

/** So that nobody of an earlier case is in the room. */
let rooms = 0;

/**
 * @param {string} name what is particular about these networks
 * @param {(stage: CallStage) => Promise<void>} play
 */
export function call(name, play) {
  const stage = new CallStage(name);
  rows.push(stage.row);
  scenario(name, async () => {
    stage.world = await borrow();
    await play(stage);
    if (stage.row.check === undefined) await stage.checkNames();
  }, { stage, limit: LIMIT_MS });
}

export class CallStage extends Stage {
  output = output;
  world = /** @type {World} */ (undefined);
  room = `kitchen-${(rooms += 1)}`;
  #servers = /** @type {(Container | Clocked)[]} */ ([]);

  /** @param {string} name */
  constructor(name) {
    super();
    /** @type {Row} */
    this.row = { name };
  }

  /**
   * A server of this case's own, as the first command of README starts it.
   * @param {Record<string, string>} [settings]
   * @param {string[]} [flags] of `docker run`, after the network's
   */
  onHostNetwork(settings = {}, flags = ['-v', 'callbox:/data']) {
    return this.container(['--network', 'host', ...flags], settings);
  }

  /** @param {string[]} flags @param {Record<string, string>} [settings] @param {number} [port] that it is opened by */
  async container(flags, settings = {}, port = 443) {
    await this.world.clears();
    return this.#own(await this.world.starts(flags, settings, port));
  }

  /** One whose clock can jump. */
  async clocked() {
    await this.world.clears();
    const server = this.#own(await Clocked.start(this.world.host, this.world.at));
    await server.serves();
    return server;
  }

  /** @template {Container | Clocked} S @param {S} server */
  #own(server) {
    this.#servers.push(server);
    return server;
  }

  /** Of this case, or the one that all share. */
  async #server() {
    return this.#servers.at(0) ?? this.world.server();
  }

  /**
   * Alice and Bob in one room, seeing and hearing each other.
   * @param {object} how
   * @param {Habits} [how.alice] her router's
   * @param {Habits} [how.bob] his
   * @param {{ v4: boolean, v6: boolean }[]} [how.families] that Alice's and Bob's networks have; IPv4 alone if not told otherwise
   * @param {boolean} [how.together] both behind Alice's router
   * @param {number} [how.mtu] of the cables at home
   * @param {string} [how.query] of the room's link
   * @param {Container} [how.bobs] the server that Bob opens, if it is another one
   */
  async meet({ alice: aliceHabits = {}, bob: bobHabits = {}, families = [], together = false, mtu = 1500, query = '', bobs }) {
    const { routers, homes } = this.world;
    const server = await this.#server();
    routers.alice.behaves(aliceHabits);
    routers.bob.behaves(bobHabits);
    for (const router of [routers.alice, routers.bob]) router.narrows(mtu);
    homes.alice.plug(routers.alice, { ...families[0], mtu });
    homes.bob.plug(together ? routers.alice : routers.bob, { ...families[1], mtu });
    const alice = await this.opens('Alice', this.world.browsers.alice, families[0]?.v6 ? server.url6 : server.url, query);
    const bob = await this.opens('Bob', this.world.browsers.bob, families[1]?.v6 ? server.url6 : (bobs ?? server).url, query);
    await comesIn(alice);
    await bob.page.evaluate(probes.timeFirstPicture, 'Alice');
    await comesIn(bob);
    await both(alice, bob);
    this.row.first = Math.round(await bob.page.evaluate(() => window.firstPicture));
    await this.goes(/./);
    return { alice, bob };
  }

  /**
   * Somebody with the room's page before them; asked for again if it does not come: a browser that has just been carried elsewhere gives up
   * what it was loading (ERR_NETWORK_CHANGED).
   * @param {string} name @param {import('./world.mjs').Browser} browser @param {string} url @param {string} [query]
   */
  async opens(name, browser, url, query = '') {
    const person = this.enters(await Person.sitDown(browser, { name, url, context: WINDOW }));
    person.page.setDefaultTimeout(PATIENCE_MS);
    await until(`${name} has the page`, async () => {
      await person.page.goto(`${url}/r/${this.room}${query && `?${query}`}`, { timeout: 20_000 });
      await person.box('Your name').waitFor({ timeout: 20_000 });
    });
    await person.box('Your name').fill(name);
    return person;
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
    for (const { page } of [alice, bob]) await page.evaluate(noteWords, TROUBLE);
  }

  /**
   * Waits until both see moving pictures after `begun` and no page says that anything is broken; notes how long that took, and what was
   * said. A connection may be called weak, as every one is on a machine with too much to do.
   * @param {Person} alice @param {Person} bob @param {number} begun as `Date.now()`
   */
  async heals(alice, bob, begun) {
    const moved = await until('both see moving pictures again', async () => {
      const pictures = await Promise.all([notedOf(alice, 'Bob'), notedOf(bob, 'Alice')]);
      const said = (await Promise.all([alice, bob].map(({ page }) => page.evaluate(() => window.wordsNoted)))).flat();
      const back = pictures.map(({ frames }) => movesOn(frames, begun));
      assert.ok(!back.includes(null), 'there are none');
      const broken = said.filter(({ text }) => text !== WEAK);
      assert.ok(broken.every(({ gone }) => gone), `the page says ${broken.filter(({ gone }) => !gone).map(({ text }) => text)}`);
      this.sees(said.map(({ text }) => text));
      return Math.max(...back, ...broken.map(({ gone }) => gone)) - begun;
    }, PATIENCE_MS);
    this.row.heals = moved < GAP_MS ? 'at once' : seconds(moved);
    await both(alice, bob);
  }

  /** @param {string[]} texts that somebody read */
  sees(texts) {
    this.row.seen = [...new Set(texts.map((text) => `“${text}”`))].join(', ') || 'nothing';
  }

  /**
   * Asserts that `callbox check`, run at Alice's, names exactly these causes.
   * @param {string[]} causes in its words
   */
  async checkNames(...causes) {
    const [alice] = this.people;
    await this.#names(causes, (patience) => this.world.check(alice.url, patience));
  }

  /** The same for a check from inside: in the server's own container. @param {Container} server @param {string[]} causes */
  async checkInsideNames(server, ...causes) {
    await this.#names(causes, (patience) => server.checksItself(patience));
    this.row.check += ' (in the container)';
  }

  /** @param {string[]} causes @param {(patience: string) => Promise<import('./engine.mjs').Found[]>} check */
  async #names(causes, check) {
    let named = /** @type {string[]} */ ([]);
    for (const patience of CHECK_WITHIN) {
      const others = (await check(patience)).filter(({ cause }) => cause.cause !== 'self-made'); // as every server here has made its certificate
      named = [...new Set(others.map(({ title }) => title))];
      if (named.toSorted().join() === causes.toSorted().join()) break;
    }
    assert.deepEqual(named.toSorted(), causes.toSorted());
    this.row.check = named.join('; ') || 'all is well';
  }

  async leaveTraces(folder) {
    await super.leaveTraces(folder);
    for (const person of this.people) await writeFile(path.join(folder, `${person.name}.ice.json`), await candidatesOf(person).catch(String));
    await writeFile(path.join(folder, 'row.json'), JSON.stringify(this.row, null, 1));
    if (!this.world) return;
    await writeFile(path.join(folder, 'routers.nft'), this.world.traces());
    await writeFile(path.join(folder, 'engine.log'), this.world.engine.log());
    for (const server of [...this.#servers, ...this.world.servers]) await writeFile(path.join(folder, `${server.name}.log`), await server.log());
  }

  async clear() {
    await super.clear();
    await Promise.allSettled(this.#servers.map((server) => server.close()));
    if (this.world) giveBack(this.world);
  }
}

/** Once more where the page has given up waiting and offers it again, as on a machine with too much to do. @param {Person} person */
function comesIn(person) {
  return until(`${person.name} comes in`, async () => {
    if (await person.button('Join').isVisible()) await person.button('Join').click({ timeout: 5000 });
    await person.button('Leave').waitFor({ timeout: 20_000 });
  }, PATIENCE_MS);
}

/** @param {number} ms */
export function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** The matrix as a Markdown table, to be read and to be kept. */
export async function writeTable() {
  const head = ['networks', 'Alice', 'Bob', 'first picture', 'on the page', 'healed after', '`callbox check`'];
  const lines = rows.filter(({ check }) => check !== undefined).map(({ name, alice, bob, first, seen, heals, check: named }) => [name, alice, bob, first && `${first} ms`, seen, heals, named]);
  const text = [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.map((cell) => cell ?? '').join(' | ')} |\n`).join('');
  await mkdir(output, { recursive: true });
  await writeFile(path.join(output, 'matrix.md'), text);
  console.log(text);
}

/** Waits until both get new pictures and sound of each other. @param {Person} alice @param {Person} bob */
export function both(alice, bob) {
  return Promise.all([receives(alice, 'Bob'), receives(bob, 'Alice')]);
}

/** @param {Person} person @param {string} name whose pictures and sound */
export async function receives(person, name) {
  const begun = Date.now();
  await person.page.evaluate(watch, name);
  await until(`${person.name} sees and hears ${name}`, async () => {
    const { frames, sounds } = await notedOf(person, name);
    const fresh = [frames, sounds].map((all) => all.filter((at) => at > begun).length);
    assert.ok(fresh[0] >= ENOUGH && fresh[1] >= 1, `${fresh[0]} looks with new pictures, ${fresh[1]} with sound`);
  }, PATIENCE_MS);
}

/** @param {Person} person @param {string} name @returns {Promise<import('./eyes.mjs').Noted>} */
function notedOf({ page }, name) {
  return page.evaluate((whose) => window.decodedOf[whose], name);
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
