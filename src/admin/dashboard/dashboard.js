/**
 * The dashboard: asks the admin API every two seconds and shows what it says. The token, where there is one, is kept for as
 * long as this tab lives and nowhere else.
 */

/** @typedef {{ status: 'ok' | 'degraded' | 'down', parts: { name: string, status: string, says: string[] }[] }} Health */
/** @typedef {{ allocations: number, bytes_to_peers: number, bytes_to_clients: number, packets_dropped: number }} Relay */
/** @typedef {{ version: string, now: number, health: Health, rooms: number, people: number, connections: number,
 *   relay: Relay | null, refusals: { code: string, times: number, last: number }[] }} Status */
/** @typedef {{ name: string, people: number, away: number, waiting: number, locked: boolean, lobby: boolean,
 *   password: boolean, opened: number }} Room */
/** @typedef {{ name: string, keeper: string, visitors: number }} Elsewhere A room that another server keeps. */
/** @typedef {{ id: string, name: string, host: boolean, away: boolean, since: number, network: string | null }} Person */
/** @typedef {{ user: string, network: string, transport: string, families: string[], bytes_to_peers: number,
 *   bytes_to_client: number, permissions: number, expires_in: number }} Allocation */

const EVERY = 2000;
const KEY = 'callbox-admin-token';
/** Looks kept for the line: five minutes. */
const LOOKS = 150;
/** Allocations shown; the API tells more. */
const SHOWN = 50;

/** Rooms whose people are shown. @type {Set<string>} */
const unfolded = new Set();
/** Bytes a second, the latest last. @type {number[]} */
const rates = [];
/** @type {{ at: number, bytes: number } | null} */
let last = null;
/** When each part was last drawn, as text: what has not changed is left alone, so that a press meets the same button. */
const drawn = new Map();

/** Why an answer is none: the token is wanted, or something else is the matter. */
class Refused extends Error {
  /** @param {number} status @param {string} words */
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

/**
 * @template {Element} [T=HTMLElement]
 * @param {string} name
 * @param {{ new (): T }} [type]
 * @returns {T}
 */
function part(name, type) {
  const element = document.querySelector(`[data-part="${name}"]`);
  if (!(element instanceof (type ?? HTMLElement))) throw new Error(`index.html has no part '${name}'`);
  return /** @type {T} */ (element);
}

/**
 * @param {string} path
 * @param {string} [method]
 * @returns {Promise<any>} What the API says; null when it has done what was asked.
 */
async function ask(path, method = 'GET') {
  const token = sessionStorage.getItem(KEY);
  /** @type {Record<string, string>} */
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const answer = await fetch(path, { method, headers, cache: 'no-store' });
  const body = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Refused(answer.status, body?.detail ?? answer.statusText);
  return body;
}

/** One look at everything. */
async function look() {
  /** @type {Status} */
  const status = await ask('/api/v1/status');
  const [{ rooms, node, elsewhere }, { allocations }] = await Promise.all([ask('/api/v1/rooms'), ask('/api/v1/allocations')]);
  const people = new Map();
  for (const room of rooms) {
    if (unfolded.has(room.name)) people.set(room.name, await peopleOf(room.name));
  }
  showStatus(status);
  part('node').hidden = !node;
  part('node').textContent = node && `This is server ${node} of several that share their rooms: of rooms that another one keeps, its own dashboard knows more.`;
  redraw('rooms', [rooms, elsewhere, [...people], minute(status.now)], () => {
    const rows = [...rooms.flatMap((/** @type {Room} */ room) => roomRows(room, people.get(room.name), status.now)), ...elsewhere.map(elsewhereRow)];
    return rows.length ? rows : [none(5, 'No rooms.')];
  });
  redraw('allocations', allocations.slice(0, SHOWN), () => allocations.length ? allocations.slice(0, SHOWN).map(allocationRow) : [none(6, 'None.')]);
}

/** @param {number} now */
const minute = (now) => Math.floor(now / 60_000);

/** The room may have ended between two questions. @param {string} room @returns {Promise<Person[]>} */
async function peopleOf(room) {
  try {
    return (await ask(`/api/v1/rooms/${encodeURIComponent(room)}/people`)).people;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return [];
    throw error;
  }
}

/** @param {Status} status */
function showStatus(status) {
  part('version').textContent = status.version;
  say(status.health.status, { ok: 'All is well', degraded: 'Something needs a look', down: 'Something is down' }[status.health.status]);
  part('rooms-count').textContent = String(status.rooms);
  part('people-count').textContent = String(status.people);
  part('connections').textContent = String(status.connections);
  part('allocations-count').textContent = status.relay ? String(status.relay.allocations) : 'off';
  showRate(status);
  redraw('health', status.health, () => status.health.parts.map((one) => {
    const name = element('b', one.name);
    name.dataset.status = one.status;
    return element('li', name, ` ${one.status}`, ...one.says.map((words) => element('p', words)));
  }));
  const refusals = status.refusals.toSorted((a, b) => b.last - a.last);
  redraw('refusals', [refusals, minute(status.now)], () => refusals.length
    ? refusals.map(({ code, times, last }) => element('tr', rowHead(code), element('td', String(times)), element('td', `${span(status.now - last)} ago`)))
    : [none(3, 'Nothing.')]);
}

/** @param {Status} status */
function showRate({ relay, now }) {
  if (!relay) {
    part('rate').textContent = 'off';
    return;
  }
  const bytes = relay.bytes_to_peers + relay.bytes_to_clients;
  // A server that was restarted counts from zero.
  if (last && now > last.at && bytes >= last.bytes) rates.push((bytes - last.bytes) / (now - last.at) * 1000);
  last = { at: now, bytes };
  rates.splice(0, rates.length - LOOKS);
  const rate = rates.at(-1);
  part('rate').textContent = rate === undefined ? '–' : `${amount(rate * 8, 1000, ['bit', 'kbit', 'Mbit', 'Gbit'])}/s`;
  const most = Math.max(...rates, 1);
  const wide = Math.max(rates.length, 30) - 1;
  const points = rates.map((one, at) => `${(at * 120 / wide).toFixed(1)},${(26 - one / most * 24).toFixed(1)}`);
  part('line', SVGElement).querySelector('polyline')?.setAttribute('points', points.join(' '));
}

/**
 * @param {Room} room
 * @param {Person[] | undefined} people Shown when they are there.
 * @param {number} now
 */
function roomRows(room, people, now) {
  const more = button(room.name, () => (unfolded.has(room.name) ? unfolded.delete(room.name) : unfolded.add(room.name), refresh()));
  more.className = 'link';
  more.setAttribute('aria-expanded', String(people !== undefined));
  const door = [room.locked && 'locked', room.lobby && 'lobby', room.password && 'password'].filter(Boolean).join(', ') || 'open';
  const count = [String(room.people), room.away && `${room.away} away`, room.waiting && `${room.waiting} waiting`].filter(Boolean).join(', ');
  const close = order('Close', `Close ${room.name}`, `Send everybody out of “${room.name}”?`, `/api/v1/rooms/${encodeURIComponent(room.name)}`);
  const row = element('tr', element('th', more), element('td', count), element('td', door), element('td', span(now - room.opened)), element('td', close));
  row.querySelector('th')?.setAttribute('scope', 'row');
  return [row, ...(people ?? []).map((person) => personRow(room, person, now))];
}

/** @param {Room} room @param {Person} person @param {number} now */
function personRow(room, person, now) {
  const path = `/api/v1/rooms/${encodeURIComponent(room.name)}/people/${encodeURIComponent(person.id)}`;
  const remove = order('Remove', `Remove ${person.name} from ${room.name}`, `Send ${person.name} out of “${room.name}”?`, path);
  const role = [person.host && 'host', person.away && 'away'].filter(Boolean).join(', ');
  const row = element('tr', element('td', person.name), element('td', person.network ?? '–'), element('td', role), element('td', span(now - person.since)), element('td', remove));
  row.className = 'inner';
  return row;
}

/** @param {Elsewhere} room */
function elsewhereRow({ name, keeper, visitors }) {
  const kept = element('td', `kept by server ${keeper}`);
  kept.setAttribute('colspan', '3');
  kept.className = 'none';
  return element('tr', rowHead(name), element('td', `${visitors} by this server`), kept);
}

/** @param {Allocation} one */
function allocationRow(one) {
  const bytes = (/** @type {number} */ count) => amount(count, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
  const cells = [one.network, `${one.transport}, ${one.families.join(' and ')}`, `${bytes(one.bytes_to_peers)} out, ${bytes(one.bytes_to_client)} in`, String(one.permissions), span(one.expires_in * 1000)];
  return element('tr', rowHead(one.user), ...cells.map((text) => element('td', text)));
}

/** A button for what cannot be taken back. @param {string} label @param {string} name @param {string} question @param {string} path @param {string} [method] */
function order(label, name, question, path, method = 'DELETE') {
  const made = button(label, () => confirmAndDo(question, label, path, method));
  made.className = 'danger';
  made.setAttribute('aria-label', name);
  return made;
}

/** @param {string} question @param {string} label @param {string} path @param {string} method */
function confirmAndDo(question, label, path, method) {
  const dialog = part('ask', HTMLDialogElement);
  part('question').textContent = question;
  part('answer').textContent = label;
  dialog.returnValue = 'no';
  dialog.onclose = async () => {
    if (dialog.returnValue !== 'yes') return;
    try {
      await ask(path, method);
    } catch (error) {
      // Whoever left meanwhile needs no sending out.
      if (!(error instanceof Refused && error.status === 404)) return trouble(error);
    }
    refresh();
  };
  dialog.showModal();
}

/** @param {string} status @param {string} words */
function say(status, words) {
  const state = part('state');
  state.dataset.status = status;
  if (state.textContent !== words) state.textContent = words;
  part('main').classList.toggle('stale', status === 'lost');
}

/** @param {unknown} error */
function trouble(error) {
  if (error instanceof Refused && error.status === 401) return login();
  say('lost', error instanceof Refused ? error.message : 'The server does not answer');
}

/** Asks for the token; looks again once it is given. */
function login() {
  const [dialog, form] = [part('login', HTMLDialogElement), part('login-form', HTMLFormElement)];
  if (dialog.open) return;
  say('lost', 'The token is wanted');
  if (sessionStorage.getItem(KEY)) part('wanted').textContent = 'That is not the token of this server.';
  sessionStorage.removeItem(KEY);
  form.reset();
  dialog.onclose = () => {
    const token = new FormData(form).get('token');
    if (typeof token === 'string' && token) sessionStorage.setItem(KEY, token);
    refresh();
  };
  dialog.showModal();
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Looks now, and then again and again while somebody sees it. */
async function refresh() {
  clearTimeout(timer);
  try {
    await look();
    part('forget').hidden = !sessionStorage.getItem(KEY);
  } catch (error) {
    trouble(error);
  }
  clearTimeout(timer);
  if (!document.hidden && !part('login', HTMLDialogElement).open) timer = setTimeout(refresh, EVERY);
}

/**
 * Fills a part anew if what it shows has changed.
 * @param {string} name @param {unknown} shows @param {() => Element[]} fill
 */
function redraw(name, shows, fill) {
  const text = JSON.stringify(shows);
  if (drawn.get(name) === text) return;
  drawn.set(name, text);
  const focused = document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent;
  const held = part(name).contains(document.activeElement);
  part(name).replaceChildren(...fill());
  if (!held) return;
  const same = [...part(name).querySelectorAll('button')].find((one) => (one.getAttribute('aria-label') ?? one.textContent) === focused);
  same?.focus();
}

/** @param {string} name @param {...(string | Node)} children */
function element(name, ...children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

/** @param {string} text */
function rowHead(text) {
  const head = element('th', text);
  head.setAttribute('scope', 'row');
  return head;
}

/** @param {number} columns @param {string} words */
function none(columns, words) {
  const cell = element('td', words);
  cell.setAttribute('colspan', String(columns));
  cell.className = 'none';
  return element('tr', cell);
}

/** @param {string} text @param {() => void} press */
function button(text, press) {
  const made = /** @type {HTMLButtonElement} */ (element('button', text));
  made.type = 'button';
  made.addEventListener('click', press);
  return made;
}

/** A number with the unit that keeps it short. @param {number} value @param {number} step @param {string[]} units */
function amount(value, step, units) {
  let at = 0;
  for (; value >= step && at < units.length - 1; at += 1) value /= step;
  return `${value >= 100 || at === 0 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

/** @param {number} milliseconds */
function span(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** What this server can do besides: an older or a smaller one lacks it. */
async function offer() {
  const { paths } = await ask('/api/v1/openapi.json');
  const drain = part('drain');
  drain.hidden = !paths['/api/v1/drain'];
  drain.addEventListener('click', () => confirmAndDo('Let nobody new in, let calls end, then stop the server?', 'Drain', '/api/v1/drain', 'POST'));
}

part('forget').addEventListener('click', () => {
  sessionStorage.removeItem(KEY);
  part('wanted').textContent = 'The token is forgotten.';
  refresh();
});
document.addEventListener('visibilitychange', () => document.hidden || refresh());
offer().catch(trouble);
refresh();

export {};
