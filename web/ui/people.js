/**
 * Everybody in the room, who of them is a host, and the words that prove two pages to each other. Hosts find here what only
 * they may do: change who may come in, ask for quiet, hand over, send somebody out.
 */

import { openDialog } from './dialog.js';
import { make, part, stamp } from './dom.js';
import { toast } from './toasts.js';
import { label, localise, say, t } from './words.js';

/** @typedef {import('../call/call.js').Call} Call */
/** @typedef {import('../call/peer.js').Peer} Peer */

/** What a host may do to somebody, in the order of the buttons. */
const WISHES = /** @type {const} */ (['mute', 'hand-over', 'remove']);

/**
 * @param {Call} call
 * @param {AbortSignal} signal  the end of the call
 */
export function openPeople(call, signal) {
  const body = stamp('people');
  localise(body);
  const closing = new AbortController();
  const open = AbortSignal.any([signal, closing.signal]);
  const list = part(body, 'list');
  const own = stamp('person');
  localise(own);
  list.append(own);
  /** @type {Map<Peer, HTMLElement>} kept, so that a button stays the one that was pressed */
  const rows = new Map();
  const show = () => {
    showYou(own, call);
    for (const [peer, row] of rows) if (!call.peers.has(peer.id)) dismiss(rows, peer, row);
    for (const peer of call.peers.values()) {
      const row = rows.get(peer) ?? person(peer, call);
      if (!rows.has(peer)) list.append(row);
      rows.set(peer, row);
      showPerson(row, peer, call);
    }
    showDoor(body, call);
  };
  for (const event of ['door', 'peer', 'peer-joined', 'peer-left']) call.addEventListener(event, show, { signal: open });
  listenToDoor(body, call);
  show();
  openDialog('people.title', body, { onClose: () => closing.abort() });
}

/**
 * @param {Map<Peer, HTMLElement>} rows
 * @param {Peer} peer
 * @param {HTMLElement} row
 */
function dismiss(rows, peer, row) {
  row.remove();
  rows.delete(peer);
}

/**
 * @param {HTMLElement} row
 * @param {Call} call
 */
function showYou(row, { you: { name }, door }) {
  part(row, 'name').textContent = t('tile.you', { name });
  part(row, 'host').hidden = !door.host;
}

/**
 * @param {Peer} peer
 * @param {Call} call
 */
function person(peer, call) {
  const row = stamp('person');
  localise(row);
  part(row, 'wishes').append(...WISHES.map((wish) => wishButton(wish, peer, call)));
  return row;
}

/**
 * @param {HTMLElement} row
 * @param {Peer} peer
 * @param {Call} call
 */
function showPerson(row, peer, { door }) {
  part(row, 'name').textContent = peer.name;
  part(row, 'host').hidden = !peer.host;
  part(row, 'wishes').hidden = !door.host;
  showIdentity(row, peer);
}

/**
 * @param {HTMLElement} row
 * @param {Peer} peer
 */
function showIdentity(row, { identity, name }) {
  const { standing, words } = identity;
  const line = part(row, 'identity');
  line.hidden = words.length === 0;
  line.dataset.standing = standing;
  say(part(line, 'identity-words'), `identity.${standing}`, { name, words: words.join(' ') });
}

/**
 * @param {typeof WISHES[number]} wish
 * @param {Peer} peer
 * @param {Call} call
 */
function wishButton(wish, peer, call) {
  const button = make('button', 'button small');
  button.setAttribute('type', 'button');
  say(button, `people.${wish}`);
  label(button, `people.${wish}.who`, { name: peer.name });
  let sure = wish === 'mute';
  button.addEventListener('click', () => {
    if (sure) {
      call.door.command(wish, peer.id);
      if (wish === 'mute') toast('people.mute.asked', { name: peer.name });
      return;
    }
    sure = true; // once more: a slip of the finger must not send anybody out
    button.classList.add('danger');
    say(button, 'people.sure');
    label(button, 'people.sure.who', { what: t(`people.${wish}.who`, { name: peer.name }) });
  });
  return button;
}

/**
 * @param {HTMLElement} body
 * @param {Call} call
 */
function showDoor(body, { door }) {
  part(body, 'door').hidden = !door.host;
  part(body, 'locked', HTMLInputElement).checked = door.signs.locked;
  part(body, 'lobby', HTMLInputElement).checked = door.signs.lobby;
  part(body, 'forget').hidden = !door.signs.password;
  say(part(body, 'password-state'), door.signs.password ? 'door.password.set' : 'door.password.none');
}

/**
 * @param {HTMLElement} body
 * @param {Call} call
 */
function listenToDoor(body, call) {
  for (const sign of /** @type {const} */ (['locked', 'lobby'])) {
    const box = part(body, sign, HTMLInputElement);
    box.addEventListener('change', () => call.door.set({ [sign]: box.checked }));
  }
  const field = part(body, 'password', HTMLInputElement);
  part(body, 'password-form').addEventListener('submit', (event) => {
    event.preventDefault();
    if (!field.value) return;
    call.door.set({ password: field.value });
    field.value = '';
  });
  part(body, 'forget').addEventListener('click', () => call.door.set({ password: '' }));
}
