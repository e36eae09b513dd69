// What runs inside the pages here: notes when pictures and sound of somebody came out of the decoders, and what the page said. It asks the
// decoders and not the screen, because what the networks did shows there, and painting costs more than everything else on two cores.

/** What a page has noted of somebody. @typedef {{ frames: number[], sounds: number[] }} Noted  when, as `Date.now()` */

/** In the page: from now on. @param {string} name whose */
export function watch(name) {
  const noted = (window.decodedOf ??= {});
  if (noted[name]) return;
  noted[name] = { frames: [], sounds: [] };
  let before = { frames: 0, energy: 0 };
  setInterval(async () => {
    const tile = document.querySelector(`section[aria-label="${name}"]`);
    const tracks = tile ? window.playersIn(tile).flatMap((player) => player.srcObject.getTracks()) : [];
    const theirs = window.keptConnections.filter((one) => one.connectionState === 'connected' && one.getReceivers().some(({ track }) => tracks.includes(track)));
    const stats = await Promise.all(theirs.map((one) => one.getStats()));
    const incoming = stats.flatMap((all) => [...all.values()]).filter(({ type }) => type === 'inbound-rtp');
    const sum = (key) => incoming.reduce((total, report) => total + (report[key] ?? 0), 0);
    const after = { frames: sum('framesDecoded'), energy: sum('totalAudioEnergy') };
    // Another connection counts from nothing: then only its next picture is known to be one.
    if (after.frames > before.frames && before.frames > 0) noted[name].frames.push(Date.now());
    if (after.energy > before.energy) noted[name].sounds.push(Date.now());
    before = after;
  }, 200);
}

/** In the page: notes each of these texts when it is to be seen, and when no longer. @param {string[]} texts */
export function noteWords(texts) {
  const noted = (window.wordsNoted = /** @type {{ text: string, gone: number }[]} */ ([]));
  const standing = new Map();
  setInterval(() => {
    const page = document.body.innerText;
    for (const text of texts) {
      const there = page.includes(text);
      if (there && !standing.has(text)) {
        const entry = { text, gone: 0 };
        standing.set(text, entry);
        noted.push(entry);
      }
      if (!there && standing.has(text)) {
        standing.get(text).gone = Date.now();
        standing.delete(text);
      }
    }
  }, 100);
}
