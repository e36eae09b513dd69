/**
 * What a phone shows while it is a probe: large words, and at the end where to look.
 */

import { part, stamp } from '../dom.js';
import { problemKeys } from '../help.js';
import { say } from '../words.js';
import { showWays } from './ways.js';

/**
 * @param {import('../../test/phone.js').PhoneProbe} probe
 * @param {import('../../call/settings.js').Settings} settings
 * @returns {HTMLElement}
 */
export function phoneView(probe, settings) {
  const view = stamp('phone');
  part(view, 'brand').textContent = settings.name;
  const show = () => {
    showWays(part(view, 'ways'), probe.examination.ways);
    const keys = probe.problem ? problemKeys(probe.problem.code) : null;
    say(part(view, 'title'), keys ? keys.title : probe.state === 'told' ? 'test.phone.told' : 'test.phone.running');
    say(part(view, 'help'), keys ? keys.help : probe.state === 'told' ? 'test.phone.told.help' : 'test.phone.running.help');
  };
  probe.addEventListener('change', show);
  show();
  return view;
}
