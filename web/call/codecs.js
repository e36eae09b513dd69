/**
 * Which codec a picture is sent with, as an order of preference. The owner of the server may name one; else what this
 * machine does in hardware comes first when it is a modest one or many encoders run at once, and what needs the fewest bits
 * otherwise.
 * Measured in software at 720p: VP9 at 1200 kbit/s costs what VP8 costs at 1500 (58 and 66 % of a core). Pure but for `measure`.
 */

/** For a camera: the fewest bits that every browser of today encodes in time. */
const CAMERA = Object.freeze(['VP9', 'H264', 'VP8', 'AV1']);
/** For a screen: AV1 has tools made for it, and a still screen costs an encoder little. */
const SCREEN = Object.freeze(['AV1', 'VP9', 'VP8', 'H264']);
/** Up to this many encoders of its own a machine has cores for. */
const FEW = 2;
/** Everybody can decode it: the last resort of every pair. */
const ALWAYS = 'VP8';

/**
 * @param {object} facts
 * @param {'camera' | 'screen'} facts.what
 * @param {number} facts.others           people it goes to
 * @param {readonly string[]} facts.allowed  the owner's wish, best first; empty: any
 * @param {ReadonlySet<string>} facts.efficient  what this machine encodes without using up its battery
 * @param {boolean} facts.modest          a phone, or a machine of few cores
 * @returns {string[]} names, best first
 */
export function preferred({ what, others, allowed, efficient, modest }) {
  if (allowed.length > 0) return [...new Set([...allowed, ALWAYS])];
  if (what === 'screen') return [...SCREEN];
  if (others <= FEW && !modest) return [...CAMERA];
  // In software VP9 costs no more than VP8 does, so for few people nothing is put before it but hardware.
  const software = others <= FEW ? [] : [ALWAYS];
  return [...new Set([...CAMERA.filter((name) => efficient.has(name)), ...software, ...CAMERA])];
}

/** Cores that a machine has at most which has none to give away. */
const MODEST_CORES = 4;

/**
 * @param {{ hardwareConcurrency?: number, userAgent?: string } | undefined} navigator of the browser
 * @returns {boolean} whether it is a phone, or a machine of few cores
 */
export function isModest(navigator) {
  return (navigator?.hardwareConcurrency ?? MODEST_CORES + 1) <= MODEST_CORES || /Mobi|Android|iPhone|iPad/.test(navigator?.userAgent ?? '');
}

/**
 * The browser's own list in that order. What is not named keeps its place behind, so that repair and redundancy formats
 * stay, and a pair without any of the named still has a picture.
 * @template {{ mimeType: string }} Codec
 * @param {readonly Codec[]} codecs of `RTCRtpReceiver.getCapabilities('video')`
 * @param {readonly string[]} names
 * @returns {Codec[]}
 */
export function ordered(codecs, names) {
  /** @param {Codec} codec */
  const rank = ({ mimeType }) => {
    const index = names.indexOf(mimeType.replace(/^video\//i, '').toUpperCase());
    return index < 0 ? names.length : index;
  };
  return codecs.map((codec, index) => ({ codec, index })).sort((a, b) => rank(a.codec) - rank(b.codec) || a.index - b.index).map(({ codec }) => codec);
}

/**
 * @param {Pick<MediaCapabilities, 'encodingInfo'> | undefined} capabilities of the browser
 * @returns {Promise<Set<string>>} codecs it calls power-efficient, which means hardware; empty where it cannot say
 */
export async function measure(capabilities) {
  /** @type {Set<string>} */
  const efficient = new Set();
  await Promise.all(CAMERA.map(async (name) => {
    const video = { contentType: `video/${name}`, width: 640, height: 360, bitrate: 500_000, framerate: 30 };
    const info = await Promise.resolve(capabilities?.encodingInfo({ type: 'webrtc', video })).catch(() => undefined);
    if (info?.supported && info.powerEfficient) efficient.add(name);
  }));
  return efficient;
}
