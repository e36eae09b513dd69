/**
 * One way to the server's relay, tried as a call would use it: two connections inside this page that may meet nowhere but on
 * the relay, and bytes that go there and come back. Leaves out what a result means (`verdict.js`).
 */
import { gather } from './gather.js';

/** @typedef {'stun' | 'udp' | 'tcp' | 'tls'} Transport */
/** @typedef {{ transport: Transport, url: string, username?: string, credential?: string }} Probe  as `GET /test/ice` lists them */
/** @typedef {'unreachable' | 'refused' | 'silent' | 'unusable'} Cause
 *   'unreachable': no answer; 'refused': the relay said no; 'silent': it gave an address and passed nothing on; 'unusable':
 *   this browser does not take such an address */
/** @typedef {{ probe: Probe, ok: boolean, ms: number, cause: Cause | null, error: string }} Result  ms: until it was known; error: as the browser put it */
/** @typedef {import('./gather.js').Tools} Tools */

/** Longer than any way that a call could live with; Chromium gives a silent server up after 9.5 s. */
const PATIENCE = 10_000;
/** The code of `icecandidateerror` for a server that could not be asked (WebRTC 4.8.1.3). */
const NOT_REACHED = 701;

/**
 * @param {Probe} probe
 * @param {Tools} tools
 * @returns {Promise<Result>} never rejects
 */
export async function tryOut(probe, tools) {
  const started = tools.clock.now();
  try {
    const { cause, error } = await (probe.transport === 'stun' ? askStun(probe, tools) : echoOver(probe, tools));
    return { probe, ok: cause === null, ms: Math.round(tools.clock.now() - started), cause, error };
  } catch (cause) {
    return { probe, ok: false, ms: 0, cause: 'unusable', error: String(cause) };
  }
}

/** @typedef {{ cause: Cause | null, error: string }} Outcome */

/**
 * Who has no NAT in front sees no new address: then it is enough that nobody complains.
 * @param {Probe} probe
 * @param {Tools} tools
 * @returns {Promise<Outcome>}
 */
async function askStun({ url }, tools) {
  const answered = (/** @type {import('./gather.js').Found} */ { candidates }) => candidates.some(({ type }) => type === 'srflx');
  const found = await gather({ iceServers: [{ urls: [url] }] }, tools, { patience: PATIENCE, enough: answered });
  if (answered(found) || (found.complete && found.errors.length === 0)) return { cause: null, error: '' };
  return { cause: 'unreachable', error: wordsOf(found.errors) };
}

/**
 * A browser keeps quiet about an answer that told it nothing new, and may meanwhile wait for another one in vain. Where the
 * relay works over UDP the same port has answered.
 * @param {Result} result
 * @param {readonly Result[]} all
 * @returns {Result}
 */
export function withoutNat(result, all) {
  const at = (/** @type {string} */ url) => url.replace(/^\w+:/, '').replace(/\?.*$/, '');
  const twin = all.find(({ probe, ok }) => ok && probe.transport === 'udp' && at(probe.url) === at(result.probe.url));
  if (result.ok || result.probe.transport !== 'stun' || !twin) return result;
  return { ...result, ok: true, ms: twin.ms, cause: null, error: '' };
}

/**
 * @param {Probe} probe
 * @param {Tools} tools
 * @returns {Promise<Outcome>}
 */
async function echoOver({ url, username, credential }, { RTCPeerConnection, clock }) {
  /** @type {RTCConfiguration} */
  const config = { iceServers: [{ urls: [url], username, credential }], iceTransportPolicy: 'relay' };
  const ends = [new RTCPeerConnection(config), new RTCPeerConnection(config)];
  /** @type {import('./gather.js').ServerError[]} */
  const errors = [];
  let relayed = false;
  try {
    const echoed = new Promise((resolve) => {
      listenAndEcho(ends, () => resolve(true));
      for (const end of ends) {
        end.addEventListener('icecandidateerror', ({ url, errorCode, errorText }) => errors.push({ url: url ?? '', code: errorCode, text: errorText ?? '', ms: 0 }));
        end.addEventListener('icecandidate', ({ candidate }) => {
          if (candidate?.candidate) relayed = true;
          else if (candidate === null && !relayed) resolve(false); // an end without an address meets nobody
        });
      }
      clock.after(PATIENCE, () => resolve(false));
    });
    await introduce(ends);
    if (await echoed) return { cause: null, error: '' };
    const refused = errors.some(({ code }) => code !== NOT_REACHED);
    return { cause: relayed ? 'silent' : refused ? 'refused' : 'unreachable', error: wordsOf(errors) };
  } finally {
    for (const end of ends) end.close();
  }
}

/**
 * @param {RTCPeerConnection[]} ends
 * @param {() => void} onecho
 */
function listenAndEcho([near, far], onecho) {
  const channel = near.createDataChannel('echo');
  channel.onopen = () => channel.send('callbox');
  channel.onmessage = onecho;
  far.ondatachannel = ({ channel: other }) => { other.onmessage = ({ data }) => other.send(data); };
}

/** Each hears of the other's candidates as they come. @param {RTCPeerConnection[]} ends */
async function introduce([near, far]) {
  tellOf(near, far);
  tellOf(far, near);
  await near.setLocalDescription(await near.createOffer());
  await far.setRemoteDescription(/** @type {RTCSessionDescription} */ (near.localDescription));
  await far.setLocalDescription(await far.createAnswer());
  await near.setRemoteDescription(/** @type {RTCSessionDescription} */ (far.localDescription));
}

/**
 * A candidate that comes before the other end knows the description is in the description by then, or waits for it.
 * @param {RTCPeerConnection} from
 * @param {RTCPeerConnection} to
 */
function tellOf(from, to) {
  /** @type {RTCIceCandidate[]} */
  const early = [];
  const pass = (/** @type {RTCIceCandidate} */ candidate) => void to.addIceCandidate(candidate).catch(() => {}); // the other candidates remain
  from.addEventListener('icecandidate', ({ candidate }) => {
    if (!candidate?.candidate) return;
    if (to.remoteDescription) pass(candidate);
    else early.push(candidate);
  });
  to.addEventListener('signalingstatechange', () => { if (to.remoteDescription) early.splice(0).forEach(pass); });
}

/** @param {import('./gather.js').ServerError[]} errors */
function wordsOf(errors) {
  return [...new Set(errors.map(({ code, text }) => `${code} ${text}`.trim()))].join('; ');
}
