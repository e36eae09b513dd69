/**
 * Keeps the page openable when the server is not there, so that it can say so itself instead of the browser's dinosaur;
 * tells open pages, by being new, that the server was updated; and hands files to the browser's downloads (downloads.js).
 * Never in the way of a server that answers: the page is always asked for first, only files whose name changes with their
 * content are taken from the cache.
 */

const worker = /** @type {any} */ (globalThis);
/** The build writes its hash into these addresses: another version is another worker with a cache of its own. */
const ASSETS = '/a/dev/';
/** The page's policy (Trusted Types) is this script's too. */
const door = worker.trustedTypes?.createPolicy('callbox-service', { createScriptURL: () => `${ASSETS}downloads.js` });
worker.importScripts(door?.createScriptURL('') ?? `${ASSETS}downloads.js`);
const downloads = new Downloads();
/** The lock of pages whose files go through a worker: its successor waits, or they would break off. */
const IN_USE = 'callbox-downloads';
/** What index.html does not name: texts are fetched by language. */
const TEXTS = ['locales/en.json', 'locales/zh-CN.json'];
/** And what a call without any server is made of, which is of use just then. */
const MANUAL = ['ui/manual/view.js', 'ui/manual/scan.js', 'manual/post.js', 'manual/letter.js', 'manual/short.js', 'style/manual.css', 'ui/qr.js'];

worker.addEventListener('install', (/** @type {any} */ event) => {
  event.waitUntil(fill().then(takeOver));
});

worker.addEventListener('message', (/** @type {MessageEvent} */ event) => {
  if (event.data?.type === 'take-over') void takeOver();
  else downloads.heard(event);
});

worker.addEventListener('activate', (/** @type {any} */ event) => {
  event.waitUntil(forgetOthers());
});

worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== worker.location.origin) return;
  const download = downloads.answer(pathname);
  if (download) event.respondWith(download);
  else if (request.mode === 'navigate' && isPage(pathname)) event.respondWith(page(request));
  else if (pathname.startsWith(ASSETS)) event.respondWith(asset(request));
});

/** @param {string} path */
function isPage(path) {
  return path === '/' || path === '/manual' || path.startsWith('/r/');
}

/** Everything the first view needs: what index.html names, and the texts. The browser has most of it already. */
async function fill() {
  const cache = await caches.open(ASSETS);
  const index = await fetch('/', { cache: 'no-cache' });
  const named = (await index.clone().text()).matchAll(/(?:href|src)="(\/a\/[^"]+)"/g);
  await cache.addAll([...named].map(([, address]) => address).concat([...TEXTS, ...MANUAL].map((name) => ASSETS + name)));
  await cache.put('/', index);
}

/** At once, or when a page says so and none needs this one's predecessor any more. */
async function takeOver() {
  const { held = [] } = await worker.navigator.locks?.query().catch(() => ({})) ?? {};
  if (!held.some((/** @type {{ name: string }} */ { name }) => name === IN_USE)) await worker.skipWaiting();
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== ASSETS).map((name) => caches.delete(name)));
}

/** @param {Request} request */
async function page(request) {
  try {
    return await fetch(request);
  } catch (cause) {
    const kept = await caches.match('/');
    if (kept) return kept;
    throw cause;
  }
}

/** @param {Request} request */
async function asset(request) {
  const kept = await caches.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) (await caches.open(ASSETS)).put(request, answer.clone());
  return answer;
}
