/**
 * Finds the links in a chat message. Pure: pieces out, the view makes text nodes and anchors of them.
 */

/** @typedef {{text: string, href?: string}} Piece */

const LINK = /\b(?:https?:\/\/|mailto:)[^\s<>"'`]+/gi;

/**
 * @param {string} text
 * @returns {Piece[]}
 */
export function pieces(text) {
  /** @type {Piece[]} */
  const found = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const shown = withoutTail(match[0]);
    const href = safe(shown);
    if (!href) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index) });
    found.push({ text: shown, href });
    end = match.index + shown.length;
  }
  if (end < text.length) found.push({ text: text.slice(end) });
  return found;
}

/**
 * The address as the browser will read it (a host in foreign letters appears as punycode), or null when it is not one
 * of the three kinds that cannot run anything here.
 * @param {string} text
 * @returns {string | null}
 */
function safe(text) {
  try {
    const url = new URL(text);
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/**
 * A sentence's own full stop or bracket is not part of the link; a bracket opened inside the link is.
 * @param {string} link
 */
function withoutTail(link) {
  let end = link.length;
  while (end > 0) {
    const last = link[end - 1];
    const unopened = last === ')' && !link.slice(0, end).includes('(');
    if (!unopened && !/[.,;:!?，。；：！？、]/.test(last)) break;
    end -= 1;
  }
  return link.slice(0, end);
}
