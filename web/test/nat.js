/**
 * What stands between this browser and the world, from how the server's STUN ports saw it. Pure but for `findNat`.
 */
import { gather } from './gather.js';

/** @typedef {import('./gather.js').Candidate} Candidate */
/** @typedef {'none' | 'steady' | 'symmetric' | 'some' | 'blocked' | 'unknown'} NatKind
 *   'none': the world sees the same address; 'steady': one port outside, whoever is asked; 'symmetric': another port for everybody
 *   that is asked, so that only few can be reached directly; 'some': there is a NAT, and only one port to ask;
 *   'blocked': no answer over UDP */
/** @typedef {{ kind: NatKind, ipv6: boolean }} Nat  ipv6: an address that is good beyond this machine was found */

/** Chromium asks a silent server for 9.5 s; whoever answered at all did it long before. */
const PATIENCE = 5_000;

/**
 * @param {string[]} urls of STUN servers
 * @param {import('./gather.js').Tools} tools
 * @returns {Promise<Nat>}
 */
export async function findNat(urls, tools) {
  if (urls.length === 0) return { kind: 'unknown', ipv6: false };
  const found = await gather({ iceServers: [{ urls }] }, tools, { patience: PATIENCE });
  return { kind: natFrom(found, urls.length), ipv6: found.candidates.some(({ address }) => isGlobalIpv6(address)) };
}

/**
 * @param {import('./gather.js').Found} found
 * @param {number} asked  how many ports of the server
 * @returns {NatKind}
 */
export function natFrom({ candidates, errors, complete }, asked) {
  const seen = candidates.filter(({ type, protocol }) => type === 'srflx' && protocol === 'udp');
  if (seen.length === 0) return complete && errors.length === 0 ? 'none' : 'blocked';
  const ports = new Map();
  for (const { address, port, base } of seen) {
    // One socket of this machine, or where the browser hides that: one address outside.
    const socket = base || address;
    ports.set(socket, (ports.get(socket) ?? new Set()).add(port));
  }
  if ([...ports.values()].some(({ size }) => size > 1)) return 'symmetric';
  if (seen.every(({ address, port, base }) => base === `${address} ${port}`)) return 'none';
  return asked > 1 ? 'steady' : 'some';
}

/** Unique local and link-local ones lead nowhere (RFC 4193, RFC 4291). @param {string} address */
function isGlobalIpv6(address) {
  return address.includes(':') && /^[23]/.test(address.replace(/^\[/, ''));
}
