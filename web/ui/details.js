/**
 * Facts about the way to one person, for those who ask: path, delay, loss, rates, picture; to read and to copy.
 */

import { openDialog } from './dialog.js';
import { make, part, stamp } from './dom.js';
import { copy } from './invite.js';
import { pathKey, qualityOf } from './tile.js';
import { bitrateWords } from './units.js';
import { currentLanguage, localise, say, t } from './words.js';

/** @typedef {import('../call/peer.js').Peer} Peer */
const REFRESH = 1000;
/** What the browser says holds a picture back, by the W3C's names. @type {Record<string, string>} */
const HELD_BACK = Object.freeze({ bandwidth: 'details.limits.bandwidth', cpu: 'details.limits.cpu' });

/** @param {Peer} peer */
export function openDetails(peer) {
  const body = stamp('details');
  localise(body);
  const list = part(body, 'facts');
  const show = () => list.replaceChildren(...facts(peer).flatMap(([key, value]) => {
    const term = make('dt', '');
    say(term, key);
    return [term, make('dd', '', value)];
  }));
  const timer = setInterval(show, REFRESH);
  part(body, 'copy').addEventListener('click', () => {
    const { name, link, path, why, wants, limits, stats } = peer;
    const text = JSON.stringify({ name, link, path, why, wants, limits, stats }, null, 2);
    copy(text, part(body, 'copy-words'), 'details.copy', part(body, 'json', HTMLTextAreaElement));
  });
  show();
  openDialog('details.title', body, { holes: { name: peer.name }, onClose: () => clearInterval(timer) });
}

/**
 * @param {Peer} peer
 * @returns {[string, string][]}  key of the name, value; what is unknown is left out
 */
function facts(peer) {
  const { path, stats } = peer;
  const language = currentLanguage();
  const quality = qualityOf(peer);
  /** @type {[string, string][]} */
  const found = [['details.quality', t(quality === 'none' ? 'tile.connecting' : `quality.${quality}`)]];
  const way = pathKey(path);
  if (way && path) found.push(['details.path', `${t(way)} (${path.local} → ${path.remote})`]);
  if (peer.why) found.push(['details.why', whyWords(peer, peer.why)]);
  if (!stats) return found;
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 });
  if (stats.rtt !== null) found.push(['details.rtt', milliseconds(stats.rtt, language)]);
  if (stats.loss !== null) found.push(['details.loss', percent.format(stats.loss)]);
  if (stats.jitter !== null) found.push(['details.jitter', milliseconds(stats.jitter, language)]);
  found.push(['details.in', bitrateWords(stats.bitrateIn, language)], ['details.out', bitrateWords(stats.bitrateOut, language)]);
  if (stats.width && stats.height) found.push(['details.picture', `${stats.width} × ${stats.height}, ${Math.round(stats.fps ?? 0)} fps`]);
  if (stats.codec) found.push(['details.codec', stats.codec]);
  found.push(['details.limits', limitWords(peer.limits.camera ?? {}, stats.limitedBy, language)]);
  return found;
}

/**
 * How much of a picture this person gets at most, and what makes it less than that.
 * @param {import('../call/slots.js').Limit} camera
 * @param {string | null} limitedBy
 * @param {string} language
 */
function limitWords({ active, maxBitrate = 0, maxFramerate = 0 }, limitedBy, language) {
  if (!active) return t('details.limits.none');
  const most = t('details.limits.most', { rate: bitrateWords(maxBitrate, language), fps: String(maxFramerate) });
  const held = HELD_BACK[limitedBy ?? ''];
  return held ? `${most}; ${t(held)}` : most;
}

/**
 * The hub's reason in this page's words.
 * @param {Peer} peer
 * @param {import('../call/messages.js').Why} why
 */
function whyWords({ id, name }, { reason, who, over }) {
  const holes = { name, over: over?.toUpperCase() ?? '…' };
  const [whom] = who.length > 1 ? ['both'] : who.map((one) => (one === id ? 'peer' : 'you'));
  return t(whom ? `why.${reason}.${whom}` : `why.${reason}`, holes);
}

/**
 * @param {number} seconds
 * @param {string} language
 */
function milliseconds(seconds, language) {
  return new Intl.NumberFormat(language, { style: 'unit', unit: 'millisecond', unitDisplay: 'short', maximumFractionDigits: 0 }).format(seconds * 1000);
}
