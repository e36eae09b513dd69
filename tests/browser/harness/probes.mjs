// What runs inside the pages: the ear and the eye of the suite. Nothing here is known to the product.

/** Keeps every RTCPeerConnection the page makes, so that a test can ask it for its statistics. */
export function keepConnections() {
  const kept = (window.keptConnections = []);
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class RTCPeerConnection extends Native {
    constructor(...args) {
      super(...args);
      kept.push(this);
    }
  };
}

/** Keeps every address the page's own policy did not let it ask. */
export function keepRefusals() {
  const kept = (window.keptRefusals = []);
  addEventListener('securitypolicyviolation', (refusal) => kept.push(refusal.blockedURI));
}

/** Keeps every lock of the screen that the page is given. */
export function keepLocks() {
  const kept = (window.keptLocks = []);
  const request = navigator.wakeLock?.request.bind(navigator.wakeLock); // absent on an insecure origin
  if (!request) return;
  navigator.wakeLock.request = async (kind) => {
    const lock = await request(kind);
    kept.push(lock);
    return lock;
  };
}

/** A browser that has no room for more than 16 MiB and asks nobody for a place: the one thing here that is not so. */
export function haveSmallDisk() {
  if (!navigator.storage) return; // an empty page
  navigator.storage.estimate = async () => ({ quota: 32 << 20, usage: 0 });
  navigator.storage.persist = async () => false;
  delete (/** @type {any} */ (window).showSaveFilePicker);
}

/** Puts into the page what the scenarios about access look at. */
export function bringGlasses() {
  const nameOf = (element) => element?.getAttribute?.('aria-label') ?? (element?.labels?.[0] ?? element)?.textContent.trim() ?? '';

  // The names of all buttons that are to be seen in a call.
  window.buttonsSeen = () => [...document.querySelectorAll('.room button')].filter((button) => button.checkVisibility()).map(nameOf);

  // What has the focus, and whether one sees it.
  window.focused = () => {
    const element = document.activeElement;
    return { name: element === document.body ? '' : nameOf(element), outlined: element === document.body || getComputedStyle(element).outlineStyle !== 'none' };
  };

  const controls = () => [...document.querySelectorAll('button, a[href], input, select, textarea, summary, canvas[tabindex]')]
    .filter((element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && element.getBoundingClientRect().width > 1 && !element.closest('[aria-disabled="true"]'));

  // The controls that are not wholly to be seen, or not to be pressed, when they have the focus: out of reach of scrolling, or with something above them.
  window.controlsLost = () => controls().filter((element) => {
    const open = document.querySelector('dialog[open], .bar-more.open, .react-sheet.open, .panel:not([hidden])'); // what stands above the rest until it is closed
    if (open && !open.contains(element)) return false;
    /** @type {HTMLElement} */ (element).focus();
    if (element.matches('textarea')) element.scrollIntoView({ block: 'nearest' }); // the focus brings the caret's line alone into sight
    const { left, top, right, bottom } = element.getBoundingClientRect();
    const [middle, centre] = [(left + right) / 2, (top + bottom) / 2];
    const spots = [[middle, centre], [left + 3, centre], [right - 3, centre], [middle, top + 3], [middle, bottom - 3]];
    return spots.some(([x, y]) => {
      const hit = document.elementFromPoint(x, y);
      return !hit || !(element.contains(hit) || hit.contains(element) || hit.closest('label')?.contains(element));
    });
  }).map(nameOf);

  // Where the controls are that are wholly to be seen without scrolling.
  window.controlsInSight = () => controls().flatMap((element) => {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    const seen = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight && hit && (element.contains(hit) || hit.contains(element));
    return seen ? [{ name: nameOf(element), left, top, right, bottom }] : [];
  });

  // What stands on something else in a tile, or leaves it: initials, words, name, buttons, and the self-view above them.
  window.tilesCrowded = () => [...document.querySelectorAll('.tile:not(.board, .floating)')].flatMap((tile) => {
    const seen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && element.getBoundingClientRect().width > 1;
    const parts = [...tile.querySelectorAll('.tile-initials, .tile-state, .tile-name, .chip'), ...document.querySelectorAll('.tile.floating')].filter(seen);
    const frame = tile.getBoundingClientRect();
    const rects = parts.map((element) => ({ what: `${tile.getAttribute('aria-label')}: ${element.className}`, rect: element.getBoundingClientRect() }));
    const meet = (one, other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
    const out = rects.filter(({ rect }) => rect.left < frame.left || rect.right > frame.right || rect.top < frame.top || rect.bottom > frame.bottom);
    return [
      ...out.map(({ what }) => `${what} leaves the tile`),
      ...rects.flatMap((one, index) => rects.slice(index + 1).filter((other) => meet(one.rect, other.rect)).map((other) => `${one.what} and ${other.what}`)),
    ];
  });

  // The controls that look the same switched on and off, but for a colour.
  window.statesUnseen = () => {
    const lines = (element) => [element, ...element.querySelectorAll('*')].map((one) => {
      const { borderTopWidth, outlineWidth, outlineStyle, textDecorationLine } = getComputedStyle(one);
      return [borderTopWidth, outlineStyle === 'none' ? '' : outlineWidth, textDecorationLine].join();
    }).join(' ');
    return controls().filter((element) => {
      const state = ['aria-pressed', 'aria-selected'].find((name) => element.hasAttribute(name));
      if (!state || element.matches('[data-part="microphone"], [data-part="camera"]')) return false; // these change their pictures
      const [is, before] = [element.getAttribute(state), lines(element)];
      element.setAttribute(state, String(is === 'false'));
      const after = lines(element);
      element.setAttribute(state, is);
      return before === after;
    }).map(nameOf);
  };

  // Every text and name that is to be seen or read out without the brackets of the strange language, but for what people and their devices are called.
  window.untranslated = () => {
    const own = '.brand, select, h1[data-part="name"], kbd, .sign, .tile-name, .tile-initials, script, style, template';
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.textContent.trim();
      const shown = node.parentElement.checkVisibility() && !node.parentElement.closest(own);
      if (text && shown && !text.includes('⟦')) found.push(text);
    }
    for (const name of ['aria-label', 'title', 'placeholder', 'aria-description']) {
      for (const element of document.querySelectorAll(`[${name}]`)) {
        const text = element.getAttribute(name);
        if (text && element.checkVisibility() && !text.includes('⟦')) found.push(`${name}: ${text}`);
      }
    }
    return found;
  };
}

/** Puts into the page what several probes need. */
export function bringTools() {
  // The elements that play a live stream.
  window.playersIn = (root) => {
    const all = /** @type {NodeListOf<Player>} */ (root.querySelectorAll('video, audio'));
    return [...all].filter((player) => player.srcObject);
  };

  // A camera that nobody plugged in: its picture is one colour after the other.
  window.colours = (width, height) => {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const brush = canvas.getContext('2d');
    let hue = 0;
    setInterval(() => {
      hue += 20;
      brush.fillStyle = `hsl(${hue} 80% 50%)`;
      brush.fillRect(0, 0, width, height);
    }, 1000 / 15);
    return canvas.captureStream(15);
  };

  // The picture that is to be seen in a tile, if there is one.
  window.pictureIn = (tile) => window.playersIn(tile).find((player) => player.videoWidth && player.srcObject.getVideoTracks().length && player.checkVisibility({ opacityProperty: true }));

  // The connection that brings a tile's media.
  window.connectionOf = (tile) => {
    const tracks = window.playersIn(tile).flatMap((player) => player.srcObject.getTracks());
    return window.keptConnections.find((one) => one.connectionState === 'connected' && one.getReceivers().some((receiver) => tracks.includes(receiver.track)));
  };

  // The sounds of the person in a tile, each with its statistics.
  window.soundsIn = async (tile) => {
    const connection = window.connectionOf(tile);
    if (!connection) return [];
    const receivers = connection.getReceivers().filter((receiver) => receiver.track.kind === 'audio');
    return [...(await connection.getStats()).values()].flatMap((report) => {
      const track = report.type === 'inbound-rtp' && receivers.find((receiver) => receiver.track.id === report.trackIdentifier)?.track;
      return track && report.totalAudioEnergy !== undefined ? [{ track, report }] : [];
    });
  };
}

/**
 * Watches the video elements of one tile until one of them has shown `frames` new pictures, two of which differ, while the
 * decoder behind it counted on. Answers what it saw; a picture that stands still is an answer too, after `patience` ms.
 * @param {Element} tile
 */
export async function watchPictures(tile, { frames, patience }) {
  const deadline = performance.now() + patience;
  let seen = { shown: 0, different: 0, decoded: 0, spread: 0, size: '' };
  while (performance.now() < deadline) {
    const video = window.pictureIn(tile);
    if (video) {
      seen = await watch(video);
      if (seen.shown >= frames && seen.different >= 2 && seen.decoded >= frames / 2) return { ...seen, moves: true };
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { ...seen, moves: false };

  async function watch(video) {
    const before = await decoded(video);
    const pictures = new Set();
    let shown = 0;
    let spread = 0;
    let watching = true;
    const count = () => {
      if (!watching) return;
      shown++;
      if (shown % 5 === 0) {
        const readback = look(video);
        pictures.add(readback.hash);
        spread = Math.max(spread, readback.spread);
      }
      video.requestVideoFrameCallback(count);
    };
    video.requestVideoFrameCallback(count);
    // However slowly: a machine that is busy shows a few pictures a second. What the decoder says comes from statistics that are
    // renewed once a second at most.
    let after = before;
    while (performance.now() < deadline && window.pictureIn(tile) === video && (shown < frames || pictures.size < 2 || after - before < frames / 2)) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      after = await decoded(video);
    }
    watching = false;
    return { shown, different: pictures.size, decoded: after - before, spread, size: `${video.videoWidth}x${video.videoHeight}` };
  }

  /** A thumbnail of what is on the screen now: a hash of it, and how much its brightness varies. */
  function look(video) {
    const canvas = new OffscreenCanvas(64, 36);
    const painter = canvas.getContext('2d', { willReadFrequently: true });
    painter.drawImage(video, 0, 0, 64, 36);
    const { data } = painter.getImageData(0, 0, 64, 36);
    let hash = 0;
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < data.length; i += 4) {
      hash = (Math.imul(hash, 31) + (data[i] << 16) + (data[i + 1] << 8) + data[i + 2]) | 0;
      sum += data[i + 1];
      squares += data[i + 1] ** 2;
    }
    const pixels = data.length / 4;
    return { hash, spread: Math.sqrt(Math.max(0, squares / pixels - (sum / pixels) ** 2)) };
  }

  async function decoded(video) {
    const track = video.srcObject.getVideoTracks()[0];
    for (const connection of window.keptConnections) {
      if (!connection.getReceivers().some((receiver) => receiver.track === track)) continue;
      for (const report of (await connection.getStats()).values()) {
        if (report.type === 'inbound-rtp' && report.kind === 'video' && report.trackIdentifier === track.id) return report.framesDecoded ?? 0;
      }
    }
    return 0;
  }
}

/**
 * Waits until a tile shows no picture any more.
 * @param {Element} tile
 */
export async function watchPictureGo(tile, { patience }) {
  const deadline = performance.now() + patience;
  while (window.pictureIn(tile)) {
    if (performance.now() > deadline) throw new Error('the picture is still there');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * Listens to whoever is shown in a tile until the energy of the sound received from them has risen, and an element of the page
 * that is neither muted nor paused plays that very track.
 * @param {Element} tile
 */
export async function listen(tile, { patience }) {
  const deadline = performance.now() + patience;
  const first = new Map();
  let heard = { energy: 0, played: false };
  while (performance.now() < deadline) {
    for (const { track, report } of await window.soundsIn(tile)) {
      if (!first.has(track.id)) first.set(track.id, report.totalAudioEnergy);
      heard = { energy: report.totalAudioEnergy - first.get(track.id), played: isPlayed(track) };
      if (heard.energy > 0.001 && heard.played) return { ...heard, sounds: true };
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { ...heard, sounds: false };

  function isPlayed(track) {
    return window.playersIn(document).some((player) => player.srcObject.getTracks().includes(track) && !player.muted && !player.paused && player.volume > 0);
  }
}

/**
 * Listens until a whole second of received sound had no energy in it.
 * @param {Element} tile
 */
export async function listenForSilence(tile, { patience }) {
  const deadline = performance.now() + patience;
  const start = new Map();
  let loudest = 0;
  while (performance.now() < deadline) {
    const sounds = await window.soundsIn(tile);
    const spans = sounds.map(({ track, report }) => {
      const before = start.get(track.id) ?? start.set(track.id, report).get(track.id);
      return { track, report, samples: report.totalSamplesReceived - before.totalSamplesReceived, energy: report.totalAudioEnergy - before.totalAudioEnergy };
    });
    loudest = Math.max(0, ...spans.map(({ energy }) => energy));
    if (spans.length && spans.every(({ samples }) => samples >= 48_000) && loudest < 1e-5) return { loudest, silent: true };
    // Too loud: the second begins again.
    for (const { track, report, energy } of spans) if (energy >= 1e-5) start.set(track.id, report);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { loudest, silent: false };
}

/** The pair of candidates each living connection really uses, as `local>remote` types and the protocol to the relay. */
export async function selectedPairs() {
  const pairs = [];
  for (const connection of window.keptConnections.filter((one) => one.connectionState === 'connected')) {
    const stats = await connection.getStats();
    const reports = [...stats.values()];
    const named = reports.find((report) => report.type === 'transport' && report.selectedCandidatePairId)?.selectedCandidatePairId;
    const pair = named ? stats.get(named) : reports.find((report) => report.type === 'candidate-pair' && (report.selected || (report.nominated && report.state === 'succeeded')));
    if (!pair) continue;
    const local = stats.get(pair.localCandidateId);
    const remote = stats.get(pair.remoteCandidateId);
    pairs.push({ local: local?.candidateType, remote: remote?.candidateType, relayProtocol: local?.relayProtocol ?? null });
  }
  return pairs;
}

/**
 * What goes to the person in a tile: the sender's bounds, and what it counts; nothing as long as there is no connection to them.
 * @param {Element} tile @param {{ what: 'camera' | 'screen' }} which
 */
export async function sentTo(tile, { what }) {
  const sender = window.connectionOf(tile)?.getTransceivers()[what === 'camera' ? 1 : 2].sender;
  if (!sender) return {};
  const { encodings: [bounds], degradationPreference } = sender.getParameters();
  const counted = [...(await sender.getStats()).values()].find(({ type }) => type === 'outbound-rtp');
  const { frameHeight = 0, framesEncoded = 0 } = counted ?? {};
  return { ...bounds, degradationPreference, contentHint: sender.track?.contentHint, frameHeight, framesEncoded };
}

/** Every address the page's connections were told to use for STUN and TURN. */
export function iceUrls() {
  return window.keptConnections.flatMap((one) => one.getConfiguration().iceServers ?? []).flatMap((server) => server.urls);
}

/** Notes from now on every value the page's progress bars show; read with `progressSeen`. */
export function noteProgress() {
  const seen = (window.progressNoted = new Set());
  const note = () => {
    for (const bar of document.querySelectorAll('progress')) {
      if (bar.value > 0 && bar.value < bar.max) seen.add(Math.round((bar.value / bar.max) * 1000) / 10);
    }
  };
  new MutationObserver(note).observe(document.body, { subtree: true, attributes: true, attributeFilter: ['value'] });
}

/** The percentages between nothing and everything that were shown since `noteProgress`. */
export function progressNoted() {
  return [...window.progressNoted].sort((a, b) => a - b);
}

/** Settles when the bar of a file's row has come this far, in percent. */
export function reachProgress(row, { percent }) {
  return until(() => row.querySelector('progress').value >= percent);

  async function until(happened) {
    while (!happened()) await new Promise((next) => requestAnimationFrame(next));
  }
}

/** Where the bar stands, in percent, when bytes begin to move. */
export async function firstProgress(row) {
  while (!['running', 'checking', 'done'].includes(row.dataset.state)) await new Promise((next) => requestAnimationFrame(next));
  return row.dataset.state === 'running' ? row.querySelector('progress').value : 100;
}

/** Keeps a promise of the time between the click that goes in and the first frame of somebody else; read it as `firstPicture`. */
export function timeFirstPicture(name) {
  window.firstPicture = new Promise((resolve) => {
    addEventListener('click', (click) => {
      const clicked = click.timeStamp;
      const look = () => {
        const video = /** @type {HTMLVideoElement | null} */ (document.querySelector(`[aria-label="${name}"] video`));
        if (!video) return requestAnimationFrame(look);
        video.requestVideoFrameCallback((now) => resolve(now - clicked));
      };
      look();
    }, { capture: true, once: true });
  });
}
