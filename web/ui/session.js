/**
 * The call as the system sees it: the buttons of a headset, of the lock screen and of a window of its own switch the
 * microphone and the camera, and hang up. Browsers that know none of it are left alone.
 */

/**
 * @param {import('../call/media.js').Media} media
 * @param {{title: string, leave: () => void, signal: AbortSignal}} how
 */
export function joinSystem(media, { title, leave, signal }) {
  const session = /** @type {any} */ (navigator.mediaSession);
  if (!session) return;
  const handlers = {
    togglemicrophone: () => media.setMicrophone(!media.microphone.on),
    togglecamera: () => media.setCamera(!media.camera.on),
    hangup: leave,
  };
  const set = (/** @type {boolean} */ on) => {
    for (const [action, handler] of Object.entries(handlers)) handle(session, action, on ? handler : null);
  };
  const show = () => {
    session.setMicrophoneActive?.(media.microphone.on);
    session.setCameraActive?.(media.camera.on);
  };
  if (typeof MediaMetadata !== 'undefined') session.metadata = new MediaMetadata({ title });
  set(true);
  show();
  media.addEventListener('change', show, { signal });
  signal.addEventListener('abort', () => {
    set(false);
    session.metadata = null;
  });
}

/**
 * @param {any} session
 * @param {string} action
 * @param {(() => void) | null} handler
 */
function handle(session, action, handler) {
  try {
    session.setActionHandler(action, handler);
  } catch {
    // An action this browser does not know.
  }
}
