/**
 * The invitation: a link to copy, the system's share sheet, a QR code drawn here (the link never leaves the page for it).
 */

import { part, stamp } from './dom.js';
import { hashWith, keyFrom } from './key.js';
import { linkTo } from './names.js';
import { toast } from './toasts.js';
import { label, localise, say } from './words.js';

/** Long enough to be seen, short enough to copy again. */
const COPIED_FOR = 2000;
/** Light modules around a code, without which some cameras do not find it (ISO/IEC 18004, 5.3.8 asks for 4). */
const QUIET = 4;

/**
 * @param {string} room
 * @param {string} [token]  of an invitation, where the name alone opens nothing
 * @returns {HTMLElement}
 */
export function invitation(room, token) {
  const view = stamp('invitation');
  localise(view);
  const link = linkTo(location.origin, room) + (token ? `?i=${token}` : '') + hashWith(keyFrom(location.hash));
  const field = part(view, 'link', HTMLInputElement);
  field.value = link;
  field.addEventListener('focus', () => field.select());
  part(view, 'copy').addEventListener('click', () => copy(link, part(view, 'copy-words'), 'invite.copy', field));
  const share = part(view, 'share');
  share.hidden = typeof navigator.share !== 'function';
  share.addEventListener('click', () => navigator.share({ url: link }).catch(() => {})); // closing the sheet is no error
  drawCode(part(view, 'qr'), link);
  return view;
}

/**
 * Copies, and says so on the button for a moment. Without a clipboard (an insecure origin) the text is shown and selected instead.
 * @param {string} text
 * @param {HTMLElement} words  the button's
 * @param {string} key         what they say otherwise
 * @param {HTMLInputElement | HTMLTextAreaElement} [field]
 */
export async function copy(text, words, key, field) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    if (field) Object.assign(field, { hidden: false, value: text });
    field?.select();
    return toast('invite.copy-by-hand');
  }
  say(words, 'invite.copied');
  toast('invite.copied');
  setTimeout(() => say(words, key), COPIED_FOR);
}

/**
 * A QR code of a text; nothing, where that is too long for one. The encoder is fetched when a code is first shown: most
 * visits never need it.
 * @param {HTMLElement} place
 * @param {string} text
 */
export async function drawCode(place, text) {
  const { encode } = await import('./qr.js');
  const rows = encode(text);
  if (!rows) return place.replaceChildren(); // longer than a code a phone can read: the text stands beside
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const size = rows.length + 2 * QUIET;
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
  svg.setAttribute('role', 'img');
  label(svg, 'invite.qr');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : ''))).join(''));
  path.setAttribute('fill', '#000');
  svg.append(path);
  place.replaceChildren(svg);
}
