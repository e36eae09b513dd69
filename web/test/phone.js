/**
 * The phone as a probe: somebody runs a server, scans a code with a phone on another network, and sees on the terminal which
 * ways lead in. Works over plain HTTP too, where a browser has no camera and no `crypto.subtle`.
 */
import { Problem } from '../call/problem.js';
import { Examination } from './examination.js';

/** @param {string} hash of an address: `#phone=TOKEN` @returns {string | undefined} */
export function tokenFrom(hash) {
  return /^#phone=([\w-]{8,128})$/.exec(hash)?.[1];
}

export class PhoneProbe extends EventTarget {
  /**
   * @param {import('./examination.js').Parts} parts
   * @param {string} token of whoever waits at the terminal
   * @param {string} browser
   */
  constructor(parts, token, browser) {
    super();
    this.parts = parts;
    this.token = token;
    this.browser = browser;
    this.examination = new Examination(parts);
    this.examination.addEventListener('change', () => this.dispatchEvent(new Event('change')));
    /** @type {'running' | 'told' | 'failed'} */
    this.state = 'running';
    /** @type {Problem | null} */
    this.problem = null;
  }

  /** @returns {Promise<void>} never rejects */
  async run() {
    try {
      await this.examination.ask();
      await this.examination.explore();
      await this.#tell(this.examination.nat?.kind ?? 'unknown');
      this.state = 'told';
    } catch (problem) {
      this.state = 'failed';
      this.problem = problem instanceof Problem ? problem : new Problem('unknown', problem);
    }
    this.dispatchEvent(new Event('change'));
  }

  /** @param {string} nat */
  async #tell(nat) {
    const results = this.examination.results.map(({ probe: { transport, url }, ok, ms, cause, error }) => (
      { transport, url, ok, ms, error: [cause, error].filter(Boolean).join(': ') }));
    const body = JSON.stringify({ token: this.token, browser: this.browser, results, nat });
    const answer = await this.parts.fetch('/test/report', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      .catch((cause) => { throw new Problem('no-connection', cause); });
    if (answer.status === 403) throw new Problem('code-ended');
    if (!answer.ok) throw new Problem('no-connection', answer.status);
  }
}
