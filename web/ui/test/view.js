/**
 * The test page: one sentence on top, the findings it rests on below.
 */

import { Examination } from '../../test/examination.js';
import { reportOf } from '../../test/report.js';
import { mood } from '../../test/verdict.js';
import { languageList } from '../controls.js';
import { part, setIcon, stamp } from '../dom.js';
import { problemKeys } from '../help.js';
import { copy } from '../invite.js';
import { remember } from '../prefs.js';
import { bitrateWords } from '../units.js';
import { currentLanguage, localise, say, useLanguage } from '../words.js';
import { DeviceTest } from './devices.js';
import { tryOthers } from './others.js';
import { showWays } from './ways.js';

/** @typedef {import('../../test/examination.js').Rate} Rate */

/**
 * @param {import('../../test/examination.js').Parts} parts
 * @param {{ settings: import('../../call/settings.js').Settings, prefs: import('../prefs.js').Prefs }} page
 * @returns {HTMLElement}
 */
export function testView(parts, page) {
  return new TestView(parts, page).element;
}

class TestView {
  /**
   * @param {import('../../test/examination.js').Parts} parts
   * @param {{ settings: import('../../call/settings.js').Settings, prefs: import('../prefs.js').Prefs }} page
   */
  constructor(parts, { settings, prefs }) {
    this.parts = parts;
    this.settings = settings;
    this.element = stamp('test');
    localise(this.element);
    part(this.element, 'brand').textContent = settings.name;
    const setLanguage = async (/** @type {string} */ language) => {
      remember(prefs, { language });
      await useLanguage(language, settings.languages);
      this.#show();
    };
    languageList(part(this.element, 'language', HTMLSelectElement), { settings, setLanguage });
    this.devices = new DeviceTest(this.element, prefs);
    tryOthers(this.element, parts);
    part(this.element, 'again').addEventListener('click', () => this.#again());
    part(this.element, 'copy').addEventListener('click', () => this.#copyReport());
    this.examination = new Examination(parts);
    this.#run();
  }

  #again() {
    if (this.examination.state === 'running') return;
    this.examination = new Examination(this.parts);
    this.#run();
  }

  #run() {
    this.examination.addEventListener('change', () => this.#show());
    void this.examination.run();
  }

  #show() {
    const { ways, nat, down, up } = this.examination;
    this.#showVerdict();
    showWays(part(this.element, 'ways'), ways);
    say(part(this.element, 'nat'), nat ? `test.nat.${nat.kind}` : 'test.waiting');
    say(part(this.element, 'ipv6'), nat ? (nat.ipv6 ? 'test.ipv6.yes' : 'test.ipv6.no') : 'test.waiting');
    showRate(part(this.element, 'down'), down);
    showRate(part(this.element, 'up'), up);
    const running = this.examination.state === 'running';
    part(this.element, 'ways-card').hidden = !running && ways.length === 0; // a server without a relay
    part(this.element, 'again').setAttribute('aria-disabled', String(running));
    part(this.element, 'copy').setAttribute('aria-disabled', String(running));
  }

  #showVerdict() {
    const { verdict, problem } = this.examination;
    const place = part(this.element, 'verdict');
    const feeling = verdict ? mood(verdict) : problem ? 'fair' : 'none';
    place.setAttribute('data-mood', feeling);
    place.setAttribute('data-verdict', verdict ?? '');
    setIcon(place, { good: 'check', fair: 'warning', bad: 'close', none: 'search' }[feeling]);
    const keys = problem ? problemKeys(problem.code) : null;
    say(part(place, 'verdict-words'), keys ? keys.title : verdict ? `test.verdict.${verdict}` : 'test.running');
    say(part(place, 'verdict-help'), keys ? keys.help : verdict ? `test.verdict.${verdict}.help` : 'test.running.help');
  }

  #copyReport() {
    if (this.examination.state === 'running') return;
    const report = part(this.element, 'report', HTMLTextAreaElement);
    const facts = { browser: navigator.userAgent, server: location.host, at: new Date().toISOString(), devices: this.devices.words };
    report.value = reportOf(this.examination, facts);
    report.hidden = false;
    void copy(report.value, part(this.element, 'copy-words'), 'test.copy', report);
  }
}

/**
 * @param {HTMLElement} place
 * @param {Rate | null} rate
 */
function showRate(place, rate) {
  if (!rate) return say(place, 'test.waiting');
  if ('problem' in rate) return say(place, problemKeys(rate.problem).title);
  say(place, 'test.rate', { rate: bitrateWords(rate.bits, currentLanguage()) });
}
