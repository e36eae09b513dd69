/**
 * Plays a video file for everybody, in the place of a shared screen, with its sound. For phones, which cannot share a
 * screen, and for films, which a shared window would show at half their pictures. Fetched when first asked for.
 */

/** @typedef {HTMLVideoElement & {captureStream?: () => MediaStream, mozCaptureStream?: () => MediaStream}} Player */
/** @typedef {{toggle: () => boolean, stop: () => void}} Playing  `toggle`: pause or go on; whether it plays now */

/**
 * @param {import('../call/media.js').Media} media
 * @param {File} file
 * @param {() => void} onOver  it ended, or something else is shared instead
 * @returns {Promise<Playing>} rejects when the browser cannot play this file
 */
export async function playFile(media, file, onOver) {
  const player = /** @type {Player} */ (document.createElement('video'));
  const address = URL.createObjectURL(file);
  const ending = new AbortController();
  const over = () => {
    if (ending.signal.aborted) return;
    ending.abort();
    player.pause();
    player.removeAttribute('src');
    URL.revokeObjectURL(address);
    onOver();
  };
  Object.assign(player, { src: address, playsInline: true });
  try {
    await player.play();
    media.setScreenHint('motion');
    media.shareStream(film(player, ending.signal));
  } catch (cause) {
    over();
    throw cause;
  }
  const { track } = media.screen;
  media.addEventListener('change', () => { if (media.screen.track !== track) over(); }, { signal: ending.signal });
  player.addEventListener('ended', () => { media.stopScreen(); }, { signal: ending.signal });
  return {
    toggle() {
      if (player.paused) player.play();
      else player.pause();
      return !player.paused;
    },
    stop: () => { media.stopScreen(); },
  };
}

/**
 * What the player shows and sounds like, as tracks. Chromium and Firefox give them; Safari's are taken from a canvas and
 * from its sound card's door.
 * @param {Player} player
 * @param {AbortSignal} signal  the end
 * @returns {MediaStream}
 */
function film(player, signal) {
  if (player.captureStream) return player.captureStream();
  const sounds = new AudioContext();
  signal.addEventListener('abort', () => sounds.close());
  if (player.mozCaptureStream) {
    const stream = player.mozCaptureStream();
    // Firefox takes the sound away from this side.
    if (stream.getAudioTracks().length > 0) sounds.createMediaStreamSource(stream).connect(sounds.destination);
    return stream;
  }
  const door = sounds.createMediaStreamDestination();
  const source = sounds.createMediaElementSource(player);
  source.connect(door);
  source.connect(sounds.destination);
  return new MediaStream([...paintFrom(player, signal).getVideoTracks(), ...door.stream.getAudioTracks()]);
}

/**
 * @param {Player} player
 * @param {AbortSignal} signal
 */
function paintFrom(player, signal) {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: player.videoWidth, height: player.videoHeight });
  const brush = canvas.getContext('2d');
  const next = () => {
    if (signal.aborted) return;
    brush?.drawImage(player, 0, 0);
    player.requestVideoFrameCallback(next);
  };
  player.requestVideoFrameCallback(next);
  return canvas.captureStream(30);
}
