// Keeps a record of when pictures of somebody came, to tell from it how long a call was interrupted.

/** A picture every 67 ms: what is longer than this is no jitter. */
export const GAP_MS = 700;

/** In the page: when pictures of somebody came, and what their tile said. */
export function record(name) {
  const tile = /** @type {HTMLElement} */ (document.querySelector(`section[aria-label="${name}"]`));
  const video = tile.querySelector('video');
  const recorded = (window.recorded = { frames: [], links: [], link: tile.dataset.link });
  const look = () => {
    recorded.frames.push(Date.now());
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  new MutationObserver(() => {
    recorded.link = tile.dataset.link;
    recorded.links.push({ at: Date.now(), link: recorded.link });
  }).observe(tile, { attributes: true, attributeFilter: ['data-link'] });
}

/**
 * When the picture moved on: the first that came after the gap and after the path was back, once a second of them has come.
 * A machine that is too busy to show pictures makes gaps of its own later on.
 */
export function movesOn(frames, back) {
  const gap = frames.findIndex((at, index) => index > 0 && at >= back && at - frames[index - 1] > GAP_MS);
  const first = frames[gap] ?? frames.find((at) => at >= back);
  return first !== undefined && frames.at(-1) - first >= 1000 ? first : null;
}
