/**
 * Keeps the page openable when the server is not there, so that it can say so itself instead of the browser's dinosaur;
 * and tells open pages, by being new, that the server was updated. Never in the way of a server that answers: the page
 * is always asked for first, only files whose name changes with their content are taken from the cache.
 */

const worker = /** @type {any} */ (globalThis);
/** The build writes its hash into these addresses: another version is another worker with a cache of its own. */
const ASSETS = '/a/dev/';
/** What index.html does not name: texts are fetched by language. */
const TEXTS = ['locales/en.json', 'locales/zh-CN.json'];
/** And what a call without any server is made of, which is of use just then. */
const MANUAL = ['ui/manual/view.js', 'ui/manual/scan.js', 'manual/post.js', 'manual/letter.js', 'manual/short.js', 'style/manual.css', 'ui/qr.js'];

worker.addEventListener('install', (/** @type {any} */ event) => {
  event.waitUntil(fill().then(() => worker.skipWaiting()));
});

worker.addEventListener('activate', (/** @type {any} */ event) => {
  event.waitUntil(forgetOthers());
});

worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== worker.location.origin) return;
  if (request.mode === 'navigate' && isPage(pathname)) event.respondWith(page(request));
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
