/**
 * What is asked of the devices, and what a browser's refusal means. Pure.
 */

/** 720p at 30: what one good link carries; smaller pictures are made by the senders, from this. */
export const CONSTRAINTS = Object.freeze({
  microphone: /** @type {MediaTrackConstraints} */ ({ echoCancellation: true, noiseSuppression: true, autoGainControl: true }),
  camera: /** @type {MediaTrackConstraints} */ ({
    width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 },
  }),
});

/**
 * Sound where the browser gives it (Chromium); never this very tab, which would show itself in itself.
 * @type {DisplayMediaStreamOptions & Record<string, unknown>}
 */
export const SCREEN_CONSTRAINTS = Object.freeze({
  video: { frameRate: { max: 30 } },
  audio: true,
  selfBrowserSurface: 'exclude',
  surfaceSwitching: 'include',
  systemAudio: 'include',
  monitorTypeSurfaces: 'include',
});

/** Names of DOMExceptions by getUserMedia and getDisplayMedia (Media Capture and Streams, section 10.2). */
const ENDINGS = Object.freeze({
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing', // after the constraints were dropped: the chosen device is not there
  NotReadableError: 'in-use',
  AbortError: 'in-use',
});

/**
 * @param {'microphone' | 'camera' | 'screen'} kind
 * @param {unknown} cause
 * @returns {string} a code under `problems.` in the locales
 */
export function codeOf(kind, cause) {
  const name = cause instanceof Error || cause instanceof DOMException ? cause.name : '';
  const ending = /** @type {Record<string, string>} */ (ENDINGS)[name];
  return `${kind}-${ending ?? 'failed'}`;
}
