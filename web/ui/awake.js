/**
 * Keeps the screen on during a call, where the browser can: a call is watched without touching anything.
 */

/** @param {AbortSignal} signal  the end of the call */
export function keepAwake(signal) {
  /** @type {WakeLockSentinel | undefined} */
  let lock;
  const ask = async () => {
    if (document.visibilityState !== 'visible') return;
    lock = await navigator.wakeLock?.request('screen').catch(() => undefined);
    if (signal.aborted) lock?.release();
  };
  document.addEventListener('visibilitychange', ask, { signal }); // the browser lets go of it when the page is hidden
  signal.addEventListener('abort', () => lock?.release());
  ask();
}
