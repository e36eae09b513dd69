/**
 * Somebody else's ICE server, typed in: which candidates it gives, and what it says against it.
 */

import { gather } from '../../test/gather.js';
import { make, part } from '../dom.js';
import { say, t } from '../words.js';

/** Longer than a browser waits for a silent server. */
const PATIENCE = 12_000;

/**
 * @param {HTMLElement} view
 * @param {import('../../test/gather.js').Tools} tools
 */
export function tryOthers(view, tools) {
  const value = (/** @type {string} */ name) => part(view, name, HTMLInputElement).value.trim();
  const words = part(view, 'others-words');
  let running = 0;
  part(view, 'others').addEventListener('submit', async (event) => {
    event.preventDefault();
    const run = running += 1;
    /** @type {RTCConfiguration} */
    const config = {
      iceServers: [{ urls: [value('others-url')], ...(value('others-user') && { username: value('others-user'), credential: value('others-password') }) }],
      iceTransportPolicy: part(view, 'others-relay', HTMLInputElement).checked ? 'relay' : 'all',
    };
    say(words, 'test.others.running');
    show(view, { candidates: [], errors: [], complete: false });
    try {
      const found = await gather(config, tools, { patience: PATIENCE, onfound: (found) => { if (run === running) show(view, found); } });
      if (run === running) say(words, 'test.others.done', { n: found.candidates.length });
    } catch (cause) {
      if (run === running) say(words, 'test.others.refused', { error: cause instanceof Error ? cause.message : String(cause) });
    }
  });
}

/**
 * @param {HTMLElement} view
 * @param {import('../../test/gather.js').Found} found
 */
function show(view, { candidates, errors }) {
  part(view, 'others-found').hidden = candidates.length + errors.length === 0;
  part(view, 'others-rows', HTMLTableSectionElement).replaceChildren(
    ...candidates.map(({ type, protocol, address, port, ms }) => row([type, protocol, `${address} ${port}`, t('test.ms', { n: ms })])),
    ...errors.map(({ url, code, text, ms }) => row([t('test.others.error', { n: code }), '', `${url} ${text}`.trim(), t('test.ms', { n: ms })])),
  );
}

/** @param {string[]} cells */
function row(cells) {
  const line = make('tr', '');
  line.append(...cells.map((text) => make('td', '', text)));
  return line;
}
