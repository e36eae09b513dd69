/**
 * What all findings together mean for a call, as keys of words. Pure.
 */

/** @typedef {import('./probe.js').Result} Result */
/** @typedef {import('./probe.js').Transport} Transport */
/** @typedef {'good' | 'symmetric' | 'no-udp' | 'relay-not-by-udp' | 'direct-only' | 'no-relay' | 'no-hub' | 'nothing'} Verdict */
/**
 * @typedef {object} Findings
 * @property {boolean} hub               the WebSocket opened
 * @property {readonly Result[]} results of all ways to the relay
 * @property {import('./nat.js').NatKind} nat
 */

/**
 * @param {Findings} findings
 * @returns {Verdict}
 */
export function verdictOf({ hub, results, nat }) {
  if (!hub) return 'no-hub';
  const works = (/** @type {Transport} */ transport) => results.some(({ probe, ok }) => ok && probe.transport === transport);
  const offered = results.some(({ probe }) => probe.transport !== 'stun');
  const byStream = works('tcp') || works('tls');
  // A STUN answer is believed only where it told something: a browser whose UDP goes nowhere may keep quiet about it.
  const udp = works('udp') || (nat !== 'blocked' && nat !== 'none' && nat !== 'unknown');
  if (!offered) return results.length === 0 || works('stun') ? 'no-relay' : 'nothing';
  if (works('udp')) return nat === 'symmetric' ? 'symmetric' : 'good';
  if (byStream) return udp ? 'relay-not-by-udp' : 'no-udp';
  return udp ? 'direct-only' : 'nothing';
}

/** How glad one may be of it. @param {Verdict} verdict @returns {'good' | 'fair' | 'bad'} */
export function mood(verdict) {
  if (verdict === 'good' || verdict === 'symmetric') return 'good';
  return verdict === 'no-hub' || verdict === 'nothing' || verdict === 'direct-only' ? 'bad' : 'fair';
}

/**
 * Why one way failed and what it is worth; holes: `port` of the server, `error` as the browser put it.
 * @param {Result} result
 * @param {readonly Result[]} all
 * @returns {{ key: string, holes: { port: string, error: string } } | null} null: it works
 */
export function meaning({ probe, ok, cause, error }, all) {
  if (ok) return null;
  const holes = { port: portOf(probe.url), error: error || '-' };
  if (cause !== 'unreachable') return { key: `test.fail.${cause}`, holes };
  const spare = all.some((other) => other.ok && other.probe.transport === probe.transport);
  return { key: spare ? 'test.fail.spare' : `test.fail.${probe.transport}`, holes };
}

/** @param {string} url `turn:host:443?transport=tcp` @returns {string} */
export function portOf(url) {
  const given = /:(\d+)(?:\?|$)/.exec(url)?.[1];
  return given ?? (/^(turn|stun)s:/.test(url) ? '5349' : '3478'); // RFC 7064 and 7065
}
