/**
 * What went wrong, as a code that `web/locales/*.json` puts into words (under `problems.`). No sentence lives here.
 */
export class Problem extends Error {
  /**
   * @param {string} code    stable, kebab-case: 'camera-denied', 'room-full', …
   * @param {unknown} [cause] what the browser or the server said, for the curious
   */
  constructor(code, cause) {
    super(code, { cause });
    this.name = 'Problem';
    this.code = code;
  }
}

/** @typedef {Problem} CallProblem */
/** @typedef {Problem} MediaProblem */
