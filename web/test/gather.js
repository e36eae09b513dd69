/**
 * What a browser finds out about its ways into the world: candidates of one RTCPeerConnection, and what the ICE servers said
 * against it. Connects to nobody.
 */

/** @typedef {{ type: string, protocol: string, address: string, port: number, base: string, ms: number }} Candidate
 *   type: 'host', 'srflx', 'prflx' or 'relay'; base: the address and port behind it, '' where the browser hides them */
/** @typedef {{ url: string, code: number, text: string, ms: number }} ServerError  code: STUN's (RFC 8489, 14.8), or 701: no answer */
/** @typedef {{ candidates: Candidate[], errors: ServerError[], complete: boolean }} Found */
/**
 * @typedef {object} Tools what the browser lends; tests lend their own
 * @property {typeof globalThis.RTCPeerConnection} RTCPeerConnection
 * @property {import('../call/clock.js').Clock} clock
 */

/**
 * @param {RTCConfiguration} config
 * @param {Tools} tools
 * @param {object} how
 * @param {number} how.patience  ms
 * @param {(found: Found) => boolean} [how.enough]   whether to stop waiting for more
 * @param {(found: Found) => void} [how.onfound]     something is new
 * @returns {Promise<Found>}
 * @throws {DOMException} of the browser, for a configuration that it does not take
 */
export async function gather(config, { RTCPeerConnection, clock }, { patience, enough = () => false, onfound = () => {} }) {
  const connection = new RTCPeerConnection(config);
  const started = clock.now();
  /** @type {Found} */
  const found = { candidates: [], errors: [], complete: false };
  const since = () => Math.round(clock.now() - started);
  try {
    await new Promise((resolve, reject) => {
      const stopWaiting = clock.after(patience, () => resolve(undefined));
      const look = () => {
        onfound(found);
        if (!found.complete && !enough(found)) return;
        stopWaiting();
        resolve(undefined);
      };
      connection.onicecandidate = ({ candidate }) => {
        if (candidate?.candidate) found.candidates.push(candidateFrom(candidate, since()));
        else if (candidate === null) found.complete = true;
        look();
      };
      connection.onicecandidateerror = ({ url, errorCode, errorText }) => {
        found.errors.push({ url: url ?? '', code: errorCode, text: errorText ?? '', ms: since() });
        look();
      };
      connection.createDataChannel('test');
      connection.createOffer().then((offer) => connection.setLocalDescription(offer)).catch(reject);
    });
    return found;
  } finally {
    connection.onicecandidate = connection.onicecandidateerror = null;
    connection.close();
  }
}

/**
 * @param {RTCIceCandidate} candidate
 * @param {number} ms
 * @returns {Candidate}
 */
function candidateFrom({ type, protocol, address, port, relatedAddress, relatedPort }, ms) {
  const hidden = !relatedAddress || relatedAddress === '0.0.0.0' || relatedAddress === '::';
  return { type: type ?? '', protocol: protocol ?? '', address: address ?? '', port: port ?? 0, base: hidden ? '' : `${relatedAddress} ${relatedPort ?? 0}`, ms };
}
