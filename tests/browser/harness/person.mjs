// One person at one browser: does what a user does, by the names a user reads, and says what this person sees and hears.

import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { SAVED_BY_FIREFOX } from './browsers.mjs';
import * as probes from './probes.mjs';
import { PATIENCE_MS, until } from './until.mjs';
import { words } from './words.mjs';

/**
 * As small as the page of a desk gets (64 rem): half of what a call costs here is painting without a graphics card, pixel by pixel. How
 * larger ones look is in the kept pictures.
 */
const DESK = { width: 1024, height: 640 };

export class Person {
  /** What the page said on its console, and every error it threw. */
  console = /** @type {string[]} */ ([]);
  /** Every address the page asked for, WebSockets included. */
  requests = /** @type {string[]} */ ([]);

  /**
   * @param {import('playwright-core').Browser} browser
   * @param {{ name: string, url: string, context?: import('playwright-core').BrowserContextOptions }} who
   */
  static async sitDown(browser, { name, url, context: options = {} }) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', viewport: DESK, ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    for (const script of [probes.keepConnections, probes.keepRefusals, probes.keepLocks, probes.bringTools, probes.bringGlasses]) await context.addInitScript(script);
    return new Person(name, url, await context.newPage());
  }

  /**
   * @param {string} name
   * @param {string} url of the server, without a path
   * @param {import('playwright-core').Page} page
   */
  constructor(name, url, page) {
    this.name = name;
    this.url = url;
    this.page = page;
    this.context = page.context();
    this.page.on('console', (message) => this.console.push(`${message.type()}: ${message.text()}`));
    this.page.on('pageerror', (error) => this.console.push(`uncaught: ${error.stack ?? error}`));
    this.page.on('request', (request) => this.requests.push(request.url()));
    this.page.on('websocket', (socket) => this.requests.push(socket.url()));
  }

  // --- what a person does

  /** Opens the room's link, gives a name, goes in. `query` is what follows the `?` of the link. */
  async join(room, { query = '' } = {}) {
    await this.openRoom(room, { query });
    await this.enter();
  }

  async openRoom(room, { query = '' } = {}) {
    await this.page.goto(`${this.url}/r/${room}${query && `?${query}`}`);
    await this.box('Your name').fill(this.name);
  }

  async enter() {
    await this.button('Join').click();
    await this.button('Leave').waitFor();
  }

  /** Opens what there is to know of the connection to somebody. */
  async looksInto(name) {
    await this.tile(name).getByRole('button', { name: new RegExp(`^${name}: `) }).click();
  }

  async leave() {
    await this.button('Leave').click();
    await this.button(words('left.again')).waitFor();
  }

  /** From the page that says goodbye. */
  async joinAgain() {
    await this.button(words('left.again')).click();
    await this.button('Leave').waitFor();
  }

  /** Closes the window, as one does: without a word to anybody. */
  async goAway() {
    await this.context.close();
  }

  /** Writes to everybody, opening the chat if it is not. */
  async says(text) {
    if (!(await this.box('Message').isVisible())) await this.button('Chat').click();
    await this.box('Message').fill(text);
    await this.box('Message').press('Enter');
  }

  async sendsFile(...paths) {
    const chosen = this.page.waitForEvent('filechooser');
    await this.button('Send file').click();
    await (await chosen).setFiles(paths);
  }

  async acceptsFile(name) {
    await this.transfer(name).getByRole('button', { name: `${words('files.accept')} ${name}` }).click();
  }

  /** Takes the file, waits for the whole of it, saves it. */
  async receivesFile(name) {
    await this.acceptsFile(name);
    return this.savesFile(name);
  }

  async cancelsFile(name) {
    await this.transfer(name).getByRole('button', { name: `${words('files.cancel')} ${name}` }).click();
  }

  /** Holds a transfer. */
  async pausesFile(name) {
    await this.transfer(name).getByRole('button', { name: `${words('files.pause')} ${name}` }).click();
  }

  /** Watches a file until this much of it is there, in percent. */
  async seesPercent(name, percent) {
    await this.transfer(name).evaluate(probes.reachProgress, { percent });
  }

  /** Where a file goes on, in percent. */
  firstProgress(name) {
    return this.transfer(name).evaluate(probes.firstProgress);
  }

  async resumesFile(name) {
    await this.transfer(name).getByRole('button', { name: `${words('files.resume')} ${name}` }).click();
  }

  /** After this page was reloaded: the same file once more. */
  async choosesAgain(name, file) {
    const chosen = this.page.waitForEvent('filechooser');
    await this.transfer(name).getByRole('button', { name: `${words('files.again')} ${name}` }).click();
    await (await chosen).setFiles(file);
  }

  async sendsFolder(folder) {
    const chosen = this.page.waitForEvent('filechooser');
    await this.button(words('files.folder')).click();
    await (await chosen).setFiles(folder);
  }

  /** Waits for the whole of a file that was accepted, saves it. */
  async savesFile(name) {
    const save = this.transfer(name).getByRole('link');
    await save.waitFor({ timeout: 120_000 });
    return this.saves(name, () => save.click());
  }

  /** What is saved under this name when something is pressed. @param {string} name @param {() => Promise<void>} press */
  async saves(name, press) {
    if (this.context.browser()?.browserType().name() === 'firefox') return this.#savesAtFirefox(name, press);
    const saving = this.page.waitForEvent('download');
    await press();
    const download = await saving;
    if (download.suggestedFilename() !== name) throw new Error(`saved as ${download.suggestedFilename()}, not ${name}`);
    return readFile(await download.path());
  }

  /** The name stands there from the beginning, before an empty file; all bytes come to it at once, in the end. */
  async #savesAtFirefox(name, press) {
    const file = path.join(SAVED_BY_FIREFOX, name);
    await rm(file, { force: true });
    await press();
    await until(`nothing was saved as ${name}`, () => existsSync(file) && statSync(file).size > 0);
    return readFile(file);
  }

  /** The same tab, loaded anew, and back in the room. */
  async reloads() {
    await this.page.reload();
    await this.enter();
  }

  async seesProgress(name) {
    await this.transfer(name).getByRole('progressbar').waitFor();
  }

  button(name) {
    return this.page.getByRole('button', { name, exact: true });
  }

  box(name) {
    return this.page.getByRole('textbox', { name, exact: true });
  }

  /** The row of a file, coming or going. */
  transfer(name) {
    return this.page.getByRole('article').filter({ hasText: name });
  }

  /** The tile of the screen somebody shares. */
  screenOf(name) {
    return this.page.getByLabel(words('tile.screen', { name }), { exact: true });
  }

  /** The tile of somebody. */
  tile(name) {
    return this.page.getByRole('region', { name, exact: true });
  }

  /**
   * A hand on the cable, in Chromium. Its emulation reaches WebRTC, with two traps: it has to be on before a socket is made, and a
   * socket that was let go of cannot be caught again, so that the mended network keeps a millisecond of delay.
   */
  async network() {
    const devtools = await this.context.newCDPSession(this.page);
    await devtools.send('Network.enable');
    const emulate = (offline, latency = 1, uploadThroughput = -1) => devtools.send('Network.emulateNetworkConditions', { offline, latency, downloadThroughput: -1, uploadThroughput });
    await emulate(false);
    return {
      cut: () => emulate(true),
      mend: () => emulate(false),
      slow: (/** @type {number} */ ms) => emulate(false, ms),
      narrow: (/** @type {number} */ bytesPerSecond) => emulate(false, 15, bytesPerSecond),
    };
  }

  // --- what a person sees and hears

  /** Moving pictures of `name`: shown, changing, and counted by the decoder. */
  async seesMoving(name, { frames = 30 } = {}) {
    await this.watchesMoving(this.tile(name), { frames });
  }

  async watchesMoving(tile, { frames = 30 } = {}) {
    const seen = await tile.evaluate(probes.watchPictures, { frames, patience: PATIENCE_MS });
    assert.ok(seen.moves, `${this.name} sees no moving picture in that tile, only ${JSON.stringify(seen)}`);
    return seen;
  }

  /** Sound of `name`: received, with energy in it, and played. */
  async hears(name) {
    const heard = await this.tile(name).evaluate(probes.listen, { patience: PATIENCE_MS });
    assert.ok(heard.sounds, `${this.name} does not hear ${name}: ${JSON.stringify(heard)}`);
  }

  async seesAndHears(...names) {
    for (const name of names) {
      await this.seesMoving(name);
      await this.hears(name);
    }
  }

  /** Her own picture, which no decoder has to do with. */
  async seesHerself() {
    const size = await this.tile(words('tile.you', { name: this.name })).locator('video').evaluate((/** @type {HTMLVideoElement} */ video) => new Promise((resolve) => {
      video.requestVideoFrameCallback((_, frame) => resolve(frame.width * frame.height));
    }));
    assert.ok(size > 0);
  }

  /** How pictures go from this page to `name`: the sender's bounds, and how high and how many they are. @param {'camera' | 'screen'} [what] */
  sendsTo(name, what = 'camera') {
    return this.tile(name).evaluate(probes.sentTo, { what });
  }

  /** The person is there, without a picture. */
  async seesNoPictureOf(name) {
    await this.tile(name).evaluate(probes.watchPictureGo, { patience: PATIENCE_MS });
  }

  /** A second of sound of `name` with nothing in it. */
  async hearsNothingOf(name) {
    const heard = await this.tile(name).evaluate(probes.listenForSilence, { patience: PATIENCE_MS });
    assert.ok(heard.silent, `${this.name} still hears ${name}: ${JSON.stringify(heard)}`);
  }

  async seesNobodyCalled(name, { within = PATIENCE_MS } = {}) {
    await this.tile(name).waitFor({ state: 'detached', timeout: within });
  }

  async reads(text) {
    await this.page.getByText(text).first().waitFor();
  }

  /** @returns {Promise<{local: string, remote: string, relayProtocol: string | null}[]>} one a living connection */
  selectedPairs() {
    return this.page.evaluate(probes.selectedPairs);
  }

  /** All that was asked of somebody else than callbox, or would have been if the page's policy had let it; STUN and TURN included. */
  async foreignRequests() {
    const iceUrls = await this.page.evaluate(probes.iceUrls);
    const refused = await this.page.evaluate(() => window.keptRefusals);
    const home = new URL(this.url).host;
    const foreignPages = this.requests.filter((url) => /^(https?|wss?):/.test(url) && new URL(url).host !== home);
    const foreignRelays = iceUrls.filter((url) => url.replace(/^(stun|turn)s?:/, '').split('?')[0] !== home);
    return [...foreignPages, ...foreignRelays, ...refused];
  }

  /** @param {string} where named in the failure @param {string} checker the path of axe's script */
  async passesAxe(where, checker) {
    await this.page.addScriptTag({ path: checker });
    const { violations } = await this.page.evaluate(() => window.axe.run());
    const found = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => node.html).join('\n  ')}`);
    assert.equal(found.length, 0, `axe, ${where}:\n${found.join('\n')}`);
  }

  /** Begins a call without a server; what to give to the other side. */
  async beginsManually() {
    await this.page.goto(`${this.url}/manual`);
    await this.page.getByLabel(words('lobby.name')).fill(this.name);
    await this.button(words('manual.offer')).click();
    return this.#givenText();
  }

  /** Opens the link that somebody began a call with; what to give back. */
  async answersManually(link) {
    await this.page.goto('about:blank'); // a link that differs behind `#` alone loads nothing
    await this.page.goto(link);
    await this.page.getByLabel(words('lobby.name')).fill(this.name);
    await this.button(words('manual.go.answer')).click();
    return this.#givenText();
  }

  async #givenText() {
    const field = this.page.getByLabel(words('manual.given'));
    await field.waitFor();
    return field.inputValue();
  }

  /** Waits until the test page is through. */
  async testsTheNetwork() {
    await this.page.locator('[data-part="again"][aria-disabled="false"]').waitFor();
    return this.page.evaluate(() => ({
      verdict: document.querySelector('.verdict').getAttribute('data-verdict'),
      nat: document.querySelector('[data-part="nat"]').textContent,
      ways: Object.fromEntries([...document.querySelectorAll('.way')].map((row) => [row.getAttribute('data-transport'), row.getAttribute('data-state')])),
    }));
  }

  noteProgress() {
    return this.page.evaluate(probes.noteProgress);
  }

  progressNoted() {
    return this.page.evaluate(probes.progressNoted);
  }
}
