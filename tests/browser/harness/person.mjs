// One person at one browser: does what a user does, by the names a user reads, and says what this person sees and hears.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import * as probes from './probes.mjs';
import { words } from './words.mjs';

/** How long a person waits for something that should happen soon. Generous: it is only ever used up by a failure. */
export const PATIENCE_MS = 30_000;

export class Person {
  /** What the page said on its console, and every error it threw. */
  console = [];
  /** Every address the page asked for, WebSockets included. */
  requests = [];

  /** @param {import('playwright-core').Browser} browser */
  static async sitDown(browser, { name, url, context: options = {} }) {
    const person = new Person();
    person.name = name;
    person.url = url;
    person.context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', viewport: { width: 1280, height: 800 }, ...options });
    person.context.setDefaultTimeout(PATIENCE_MS);
    await person.context.addInitScript(probes.keepConnections);
    await person.context.addInitScript(probes.soundsOfTiles);
    await person.#openTab();
    return person;
  }

  async #openTab() {
    this.page = await this.context.newPage();
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

  async leave() {
    await this.button('Leave').click();
    await this.button(words('left.again')).waitFor();
  }

  /** After leaving: straight back in, without the lobby. */
  async joinAgain() {
    await this.button(words('left.again')).click();
    await this.button('Leave').waitFor();
  }

  /** After a reload: the page knows the room and the name. */
  async comeBack() {
    await this.box('Your name').fill(this.name);
    await this.enter();
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
    await this.transfer(name).getByRole('button', { name: words('files.accept') }).click();
  }

  /** Takes the file, waits for the whole of it, saves it. */
  async receivesFile(name) {
    await this.acceptsFile(name);
    const saving = this.page.waitForEvent('download');
    await this.transfer(name).getByRole('link').click({ timeout: 120_000 });
    const download = await saving;
    if (download.suggestedFilename() !== name) throw new Error(`saved as ${download.suggestedFilename()}, not ${name}`);
    return readFile(await download.path());
  }

  async cancelsFile(name) {
    await this.transfer(name).getByRole('button', { name: words('files.cancel') }).click();
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
    return this.tile(words('tile.screen', { name }));
  }

  /** The tile of somebody. */
  tile(name) {
    return this.page.getByRole('region', { name, exact: true });
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
    const size = await this.tile(words('tile.you', { name: this.name })).locator('video').evaluate((video) => new Promise((resolve) => {
      video.requestVideoFrameCallback((_, frame) => resolve(frame.width * frame.height));
    }));
    assert.ok(size > 0);
  }

  /** A second of sound of `name` with nothing in it. */
  async hearsNothingOf(name) {
    const heard = await this.tile(name).evaluate(probes.listenForSilence, { patience: PATIENCE_MS });
    assert.ok(heard.silent, `${this.name} still hears ${name}: ${JSON.stringify(heard)}`);
  }

  async seesNobodyCalled(name) {
    await this.tile(name).waitFor({ state: 'detached' });
  }

  async reads(text) {
    await this.page.getByText(text).first().waitFor();
  }

  /** @returns {Promise<{local: string, remote: string, relayProtocol: string | null}[]>} one a living connection */
  selectedPairs() {
    return this.page.evaluate(probes.selectedPairs);
  }

  /** Everything that was asked for somewhere else than at callbox, STUN and TURN servers included. */
  async foreignRequests() {
    const iceUrls = await this.page.evaluate(probes.iceUrls);
    const home = new URL(this.url).host;
    const foreignPages = this.requests.filter((url) => /^(https?|wss?):/.test(url) && new URL(url).host !== home);
    const foreignRelays = iceUrls.filter((url) => url.replace(/^(stun|turn)s?:/, '').split('?')[0] !== home);
    return [...foreignPages, ...foreignRelays];
  }

  /** @param {string} where named in the failure @param {string} checker the path of axe's script */
  async passesAxe(where, checker) {
    await this.page.addScriptTag({ path: checker });
    const { violations } = await this.page.evaluate(() => window.axe.run());
    const found = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => node.html).join('\n  ')}`);
    assert.equal(found.length, 0, `axe, ${where}:\n${found.join('\n')}`);
  }

  noteProgress() {
    return this.page.evaluate(probes.noteProgress);
  }

  progressNoted() {
    return this.page.evaluate(probes.progressNoted);
  }
}
