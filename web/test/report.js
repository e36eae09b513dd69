/**
 * The findings as text for whoever runs the server. Always in English and always in the same order, so that reports can be
 * compared; addresses are shortened, so that they can be sent to anybody. Pure.
 */

/** @typedef {import('./examination.js').Examination} Examination */

/**
 * @param {Pick<Examination, 'hub' | 'ways' | 'nat' | 'down' | 'up' | 'verdict'>} findings
 * @param {{ browser: string, server: string, at: string, devices: string[] }} facts
 * @returns {string}
 */
export function reportOf({ hub, ways, nat, down, up, verdict }, { browser, server, at, devices }) {
  const lines = [
    `callbox test of ${server}, ${at}`,
    `verdict: ${verdict ?? 'not finished'}`,
    `hub (WebSocket): ${hub === null ? 'not tried' : hub.ok ? `ok, ${hub.ms} ms` : 'failed'}`,
    ...ways.map(({ probe, result }) => `${probe.transport.padEnd(4)} ${probe.url}: ${result ? resultWords(result) : 'not tried'}`),
    `NAT: ${nat?.kind ?? 'not tried'}; IPv6: ${nat ? (nat.ipv6 ? 'yes' : 'not seen') : 'not tried'}`,
    `down: ${rateWords(down)}, up: ${rateWords(up)}`,
    ...devices,
  ];
  return `${lines.map(withoutAddresses).join('\n')}\nbrowser: ${browser}\n`; // whose version looks like an address
}

/** @param {import('./probe.js').Result} result */
function resultWords({ ok, ms, cause, error }) {
  return ok ? `ok, ${ms} ms` : `${cause} after ${ms} ms${error ? ` (${error})` : ''}`;
}

/** @param {import('./examination.js').Rate | null} rate */
function rateWords(rate) {
  if (!rate) return 'not measured';
  return 'problem' in rate ? rate.problem : `${(rate.bits / 1e6).toFixed(1)} Mbit/s`;
}

/**
 * Which network, and not which machine.
 * @param {string} text
 */
export function withoutAddresses(text) {
  return text
    .replace(/\b(\d{1,3}\.\d{1,3})\.\d{1,3}\.\d{1,3}\b/g, '$1.x.x')
    .replace(/\b[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}/gi, (found) => (isIpv6(found) ? `${found.split(':').filter(Boolean).slice(0, 2).join(':')}:x` : found));
}

/** And no time of day. @param {string} text of numbers with colons */
function isIpv6(text) {
  return text.includes('::') || text.split(':').length === 8;
}
