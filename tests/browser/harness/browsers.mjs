// The browsers of the suite: each kind is started once, when first asked for, and shared; a person is a context of its own in one.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium, firefox } from 'playwright-core';

/** Looked for in this order; the variables win. */
const CHROMIUMS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FIREFOXES = [process.env.FIREFOX, '/usr/bin/firefox-esr', '/usr/bin/firefox'];

const quiet = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--ignore-certificate-errors'];
const ask = '--use-fake-ui-for-media-stream'; // says yes to every question

// The fake camera is a moving picture with a clock, the fake microphone beeps. Fifteen pictures a second: every person of the
// suite shares the same few cores, and what is tested is that pictures move.
const devices = '--use-fake-device-for-media-stream=device-count=2,fps=15';

/** Where every Firefox puts what is saved, by the name it is saved under: its driver tells of no download. */
export const SAVED_BY_FIREFOX = mkdtempSync(path.join(tmpdir(), 'callbox-saved-'));
process.once('exit', () => rmSync(SAVED_BY_FIREFOX, { recursive: true, force: true }));

/** As Firefox keeps what somebody has said once and for all (`nsIPermissionManager`). */
const REFUSED = 2;

/** @typedef {'chromium' | 'chromium without devices' | 'chromium that refuses' | 'firefox' | 'firefox without devices' | 'firefox that refuses'} Kind */

/** @type {Record<Kind, (executable?: string) => Promise<import('playwright-core').Browser>>} */
const kinds = {
  chromium: (executable) => startChromium([ask, devices], executable),
  'chromium without devices': () => startChromium([ask]), // it can feign to have no camera, not to have no microphone
  'chromium that refuses': () => startChromium([devices]), // headless, and nobody there to say yes
  firefox: () => startFirefox({ 'media.navigator.streams.fake': true }),
  'firefox without devices': () => startFirefox({}),
  'firefox that refuses': () => startFirefox({
    'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': false, 'permissions.default.camera': REFUSED, 'permissions.default.microphone': REFUSED,
  }),
};

/** @type {Map<string, Promise<import('playwright-core').Browser>>} */
const running = new Map();

/** @param {Kind} kind */
export function browser(kind) {
  if (!running.has(kind)) running.set(kind, kinds[kind]());
  return running.get(kind);
}

/**
 * One that is not shared, for measuring: its `processId` tells which processes are its own. Whoever asked closes it.
 * @param {Kind} kind
 * @param {string} [executable] that starts it somewhere else: Chromium only
 */
export async function freshBrowser(kind, executable) {
  const before = new Set(ownChildren());
  const started = await kinds[kind](executable);
  const [processId] = ownChildren().filter((pid) => !before.has(pid));
  return Object.assign(started, { processId });
}

/**
 * A Chromium with a disk: contexts as people of the suite have them keep everything in memory, as private windows do. One person only.
 * @param {string} profile folder
 */
export function browserWithDisk(profile) {
  const before = new Set(ownChildren());
  const args = [...quiet, ask, devices];
  const started = /** @type {any} */ ({ close: async () => {} });
  started.newContext = async (/** @type {object} */ options) => {
    const context = await chromium.launchPersistentContext(profile, { executablePath: find(CHROMIUMS), headless: true, args, ...options });
    started.close = () => context.close();
    [started.processId] = ownChildren().filter((pid) => !before.has(pid));
    return context;
  };
  return started;
}

/**
 * A Chromium that judges certificates as it does for anybody whose home folder is `home`. Whoever asked closes it.
 * @param {string} home
 */
export function trustingBrowser(home) {
  mkdirSync(home, { recursive: true });
  const args = [...quiet.filter((arg) => arg !== '--ignore-certificate-errors'), ask, devices];
  return chromium.launch({ executablePath: find(CHROMIUMS), headless: true, args, env: { ...process.env, HOME: home } });
}

/**
 * Why this kind cannot run here; null when it can.
 * @param {Kind} kind
 */
export function missing(kind) {
  if (kind.endsWith('without devices') && hasDevices()) return 'this machine has a camera or a microphone';
  const installed = kind.startsWith('firefox') ? FIREFOXES : CHROMIUMS;
  return find(installed) ? null : `no ${kind.split(' ')[0]} is installed`;
}

export async function closeBrowsers() {
  const all = [...running.values()];
  running.clear();
  await Promise.allSettled(all.map(async (one) => (await one).close()));
}

function startChromium(args, executablePath = find(CHROMIUMS)) {
  return chromium.launch({ executablePath, headless: true, args: [...quiet, ...args] });
}

/** @param {Record<string, boolean | number>} prefs */
function startFirefox(prefs) {
  return firefox.launch({
    channel: 'moz-firefox', // speaks WebDriver BiDi to an unpatched Firefox
    executablePath: find(FIREFOXES),
    headless: true,
    downloadsPath: SAVED_BY_FIREFOX,
    firefoxUserPrefs: {
      'media.navigator.permission.disabled': true,
      'media.autoplay.default': 0,
      'media.gmp-manager.updateEnabled': false,
      'media.peerconnection.ice.loopback': true,
      'media.peerconnection.ice.obfuscate_host_addresses': false, // names nobody resolves on a machine without multicast
      ...prefs,
    },
  });
}

/** Processes that this one started. */
function ownChildren() {
  return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').map(Number);
}

function hasDevices() {
  const names = ['/dev', '/dev/snd'].filter((folder) => existsSync(folder)).flatMap((folder) => readdirSync(folder));
  return names.some((name) => /^video\d|^pcm.*c$/.test(name));
}

/** Where Chromium is. */
export function chromiumPath() {
  return find(CHROMIUMS);
}

function find(paths) {
  return paths.find((path) => path && existsSync(path));
}
