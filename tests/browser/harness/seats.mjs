// Who looks at a view: at a desk and at a phone, in light and in dark, in English and in Chinese. What they press they find by its
// place in the page, since its name depends on the language.

/** Four people, so that each two of these meet in one of them. */
const FOUR = {
  Alice: { place: 'desk', looks: ['light'], locale: 'en-GB' },
  小李: { place: 'desk', looks: ['dark'], locale: 'zh-CN' },
  小王: { place: 'phone', looks: ['light'], locale: 'zh-CN' },
  Bob: { place: 'phone', looks: ['dark'], locale: 'en-GB' },
};

/** Two people who change between light and dark: in a call, where everybody costs as much as the call. */
const TWO = {
  Alice: { place: 'desk', looks: ['light', 'dark'], locale: 'en-GB' },
  小王: { place: 'phone', looks: ['light', 'dark'], locale: 'zh-CN' },
};

/** Two people where few words stand: what differs most. */
const PAIR = {
  Alice: { place: 'desk', looks: ['light'], locale: 'en-GB' },
  小王: { place: 'phone', looks: ['dark'], locale: 'zh-CN' },
};

/** @type {Record<string, import('playwright-core').BrowserContextOptions>} */
export const places = {
  desk: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};

/** @typedef {import('./person.mjs').Person & {place: string, looks: ('light' | 'dark')[], language: string}} Onlooker */

/**
 * @param {import('./scenario.mjs').Stage} stage
 * @param {import('./server.mjs').Server} server
 * @param {import('./browsers.mjs').Kind} [kind]
 */
export const fourOnlookers = (stage, server, kind) => onlookers(FOUR, stage, server, kind);

/** @param {import('./scenario.mjs').Stage} stage @param {import('./server.mjs').Server} server */
export const twoOnlookers = (stage, server) => onlookers(TWO, stage, server);

/** @param {import('./scenario.mjs').Stage} stage @param {import('./server.mjs').Server} server */
export const pairOfOnlookers = (stage, server) => onlookers(PAIR, stage, server);

/** @returns {Promise<Onlooker[]>} */
function onlookers(who, stage, server, kind = 'chromium') {
  return Promise.all(Object.entries(who).map(async ([name, { place, looks, locale }]) => {
    // The style that stills a picture is not the page's own.
    const context = { ...places[place], locale, colorScheme: looks[0], bypassCSP: true, reducedMotion: 'reduce' };
    const person = await stage.person(server, name, { kind, context });
    return Object.assign(person, { place, looks, language: locale === 'zh-CN' ? 'zh-CN' : 'en' });
  }));
}

/** Each of them does the same. @param {Onlooker[]} people @param {(person: Onlooker) => Promise<unknown>} does */
export async function all(people, does) {
  await Promise.all(people.map(does));
}

/** A control of the page. @param {import('./person.mjs').Person} person @param {string} name @param {string} [within] */
export function control(person, name, within = '') {
  return person.page.locator(`${within} [data-part="${name}"]`).filter({ visible: true }).first();
}

/** On a phone the rarer controls stand in a sheet. @param {Onlooker} person @param {string} name */
export async function press(person, name) {
  const more = control(person, 'more', '.bar');
  if (!(await control(person, name, '.bar').isVisible()) && (await more.isVisible())) await more.click();
  await control(person, name, '.bar').click();
}

/** Comes to a room's door. @param {import('./person.mjs').Person} person @param {string} room */
export async function comesTo(person, room) {
  await person.page.goto(`${person.url}/r/${room}`, { waitUntil: 'commit' }); // the form is what is waited for: a `load` was 30 seconds late once
  await person.page.locator('form [data-part="name"]').fill(person.name);
}

/** And goes in. @param {import('./person.mjs').Person} person */
export async function goesIn(person) {
  await control(person, 'join').click();
  await person.page.locator('.bar').waitFor();
  await person.page.mouse.move(0, 0); // a tile under the pointer shows its tools
}

/** @param {import('./person.mjs').Person} person */
export async function closesDialog(person) {
  await person.page.keyboard.press('Escape');
  await person.page.locator('dialog[open]').waitFor({ state: 'detached' });
}

/**
 * In a page: more people, by their sockets alone, one after the other. Six at their browsers would take the machine for themselves;
 * here it is about their tiles.
 * @param {{ room: string, names: string[] }} who
 */
export async function sitSilently({ room, names }) {
  for (const name of names) {
    const socket = new WebSocket(`wss://${location.host}/ws`);
    window[`socket-${name}`] = socket;
    await new Promise((opened) => socket.addEventListener('open', opened));
    const answered = new Promise((answer) => socket.addEventListener('message', answer, { once: true }));
    socket.send(JSON.stringify({ type: 'join', room, name, instance: name }));
    await answered;
  }
}

/** In a page: from now on nothing of it arrives at the others, by the hub neither, so that nothing they try can heal it. */
export function fallSilent() {
  RTCDataChannel.prototype.send = WebSocket.prototype.send = () => {};
  const replace = RTCRtpSender.prototype.replaceTrack;
  RTCRtpSender.prototype.replaceTrack = function (_) { return replace.call(this, null); }; // also in connections to come
  for (const connection of window.keptConnections) for (const sender of connection.getSenders()) void sender.replaceTrack(null);
}
