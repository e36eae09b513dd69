// What the strict network lets out. The whole process lives in it, started by harness/strict-network: nftables as a company or
// a hotel has them, only that they stand on the way out of the one address that there is.

import { execFileSync } from 'node:child_process';
import path from 'node:path';

/** Where a server is, when people open its address. */
export const BY_ADDRESS = { host: '10.77.0.1', port: 443 };

/** The same, when they open its name. Firefox does TURN over TLS only by name ("TLS requires FQDN, not IP address" in its log). */
export const BY_NAME = { ...BY_ADDRESS, name: 'callbox.test' };

const folder = process.env.STRICT_NETWORK;
if (!folder) throw new Error('run this inside tests/browser/harness/strict-network');

/** Settings for a certificate of that name, by an authority that Firefox trusts here. */
export const TRUSTED = { TLS__CERT: path.join(folder, 'cert.pem'), TLS__KEY: path.join(folder, 'key.pem') };

// STUN in the clear: its first two bits are zero, and the magic cookie is its second word (RFC 8489, 5).
const stun = '@ih,0,2 0 @ih,32,32 0x2112a442';

/** @typedef {keyof typeof networks} Network */

const networks = {
  /** UDP and TCP, to one port. */
  'only to port 443': ['udp dport 443 accept', 'udp sport 443 accept', 'tcp dport 443 accept'],
  /** The usual strict one. */
  'only TCP to port 443': ['tcp dport 443 accept'],
  /** One that looks into packets as well. */
  'only TLS to port 443': [`tcp dport 443 ${stun} reject with tcp reset`, 'tcp dport 443 accept'],
  /** As at home. */
  everything: ['accept'],
  /** As behind a cable that was pulled; what is on this machine alone goes on. */
  nothing: ['drop'],
};

/** From now on. Connections that are open already come under it, too. @param {Network} network */
export function letsOut(network) {
  const always = ['ip daddr 127.0.0.0/8 meta l4proto tcp accept', 'tcp sport 443 accept']; // the harness; the server's answers
  const rules = [...always, ...networks[network]].join('\n');
  const table = `table inet strict { chain out { type filter hook output priority 0; policy drop;\n${rules}\ncounter\n}\n}`;
  execFileSync('nft', ['-f', '-'], { input: `table inet strict {}\ndelete table inet strict\n${table}\n` });
}

/** How many packets were held back since `letsOut`. */
export function heldBack() {
  const [, packets] = execFileSync('nft', ['list', 'table', 'inet', 'strict'], { encoding: 'utf8' }).match(/counter packets (\d+)/) ?? [];
  return Number(packets);
}
