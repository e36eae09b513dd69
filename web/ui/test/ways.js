/**
 * The list of ways to a server: what each is for, whether it works, and what a failure means.
 */

import { meaning, portOf } from '../../test/verdict.js';
import { part, setIcon, stamp } from '../dom.js';
import { say } from '../words.js';

/** @typedef {import('../../test/examination.js').Way} Way */

/**
 * Rows stay while their way stays: a screen reader hears only what changed.
 * @param {HTMLElement} list
 * @param {readonly Way[]} ways
 */
export function showWays(list, ways) {
  while (list.children.length > ways.length) list.lastElementChild?.remove();
  const results = ways.flatMap(({ result }) => result ?? []);
  ways.forEach((way, index) => {
    const row = list.children[index] ?? list.appendChild(stamp('way'));
    show(/** @type {HTMLElement} */ (row), way, results);
  });
}

/**
 * @param {HTMLElement} row
 * @param {Way} way
 * @param {readonly import('../../test/probe.js').Result[]} results
 */
function show(row, { probe, result }, results) {
  const state = !result ? 'waiting' : result.ok ? 'works' : 'fails';
  row.setAttribute('data-state', state);
  row.setAttribute('data-transport', probe.transport);
  setIcon(row, { waiting: 'dots', works: 'check', fails: 'close' }[state]);
  say(part(row, 'name'), `test.way.${probe.transport}`);
  say(part(row, 'where'), 'test.where', { host: hostOf(probe.url), port: portOf(probe.url) });
  if (!result) say(part(row, 'result'), 'test.waiting');
  else if (result.ok) say(part(row, 'result'), 'test.works', { n: result.ms });
  else say(part(row, 'result'), 'test.fails');
  const why = result && meaning(result, results);
  part(row, 'note').hidden = !why;
  if (why) say(part(row, 'note'), why.key, why.holes);
}

/** @param {string} url */
function hostOf(url) {
  return url.replace(/^\w+:/, '').replace(/\?.*$/, '').replace(/:\d+$/, '');
}
