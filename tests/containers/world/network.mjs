// The world of the tests: an internet, a rented server on it, and homes behind routers with real NATs. Everything is a network
// namespace inside the lab's own (see lab), cables are veth pairs, and what a router does is nftables.
//
//   11.77.0.0/24, 2600:77::/64            the internet: one bridge, and the hop between IPv6 networks
//     .10  vps-0                          a server with public addresses; .11 vps-1, of the world beside it
//     .21  router-1 ── 192.168.1.0/24, 2600:77:1::/64     .22 router-2 and so on, three for each world
//
// The addresses are nobody's here and public elsewhere: those that are kept for documentation are refused by the relay, rightly.

import { execFileSync } from 'node:child_process';

/** @typedef {{ v4: string, v6: string }} Addresses */

const INTERNET = { v4: '11.77.0.1', v6: '2600:77::1' };

/**
 * How a router treats UDP (RFC 4787's words in brackets). Linux maps a port to itself where it can, whoever it is for (endpoint-independent
 * mapping), and lets in only answers (address and port-dependent filtering). What it does not do by itself, the rules add: everything
 * that comes in goes to one computer, from everybody or from whom that one has written to, and a random port for each destination.
 */
const nats = {
  none: { leaving: '', coming: '' },
  'full cone': { leaving: 'masquerade', coming: 'meta l4proto udp dnat to HOME' },
  restricted: { leaving: 'meta l4proto udp update @asked { ip daddr }\nmasquerade', coming: 'meta l4proto udp ip saddr @asked dnat to HOME' },
  'port-restricted': { leaving: 'masquerade', coming: '' },
  symmetric: { leaving: 'masquerade fully-random', coming: '' },
};

/** What a network lets out; what comes back is let in. */
const ways = {
  everything: '',
  'no UDP': 'meta l4proto udp drop',
  'only TCP 443': 'tcp dport != 443 drop\nmeta l4proto != tcp drop',
};

/** @typedef {keyof typeof nats} Nat @typedef {keyof typeof ways} Way */
/** @typedef {{ nat?: Nat, out?: Way, loss?: number }} Habits `loss`: the percentage of packets that are lost, each way */

export class Router {
  /** The computers that are plugged in, in their places. */
  #places = /** @type {(Home | undefined)[]} */ ([]);

  /** @param {number} number 1 to 9, its place on the internet */
  constructor(number) {
    const name = `router-${number}`;
    this.number = number;
    this.name = name;
    addSpace(name);
    toInternet(name, `11.77.0.${20 + number}`, `2600:77::${20 + number}`);
    ip('-n', name, 'link', 'add', 'lan', 'type', 'bridge');
    address(name, 'lan', `192.168.${number}.1/24`, `2600:77:${number}::1/64`);
    ip('-n', name, 'link', 'set', 'lan', 'up');
    ip('-6', 'route', 'add', `2600:77:${number}::/64`, 'via', `2600:77::${20 + number}`);
    forwards(name);
    this.behaves({});
  }

  /** Gives the first free place behind it. @param {Home} home */
  takes(home) {
    const free = this.#places.findIndex((one) => !one);
    const place = free < 0 ? this.#places.length : free;
    this.#places[place] = home;
    return { v4: `192.168.${this.number}.${place + 2}`, v6: `2600:77:${this.number}::${place + 2}` };
  }

  /** @param {Home} home */
  loses(home) {
    this.#places = this.#places.map((one) => (one === home ? undefined : one));
  }

  /** From now on. Mappings that exist stay. @param {Habits} habits */
  behaves({ nat = 'port-restricted', out = 'everything', loss = 0 }) {
    const { leaving, coming } = nats[nat];
    const lost = loss ? `meta l4proto { tcp, udp } numgen random mod 100 < ${loss} drop` : '';
    nft(this.name, `flush ruleset
      table ip nat {
        set asked { type ipv4_addr; flags dynamic, timeout; timeout 5m; size 1000; }
        chain leaving { type nat hook postrouting priority srcnat; oifname "wan" jump translated; }
        chain translated {
          ${leaving}
        }
        chain coming { type nat hook prerouting priority dstnat; iifname "wan" jump handed_in; }
        chain handed_in {
          ${coming.replace('HOME', `192.168.${this.number}.2`)}
        }
      }
      table inet filter {
        chain through {
          type filter hook forward priority filter; policy drop;
          ${lost}
          iifname "lan" jump out
          ct state established,related accept
          ct status dnat accept
        }
        chain out {
          ${ways[out]}
          accept
        }
        chain own { type filter hook input priority filter; policy accept; iifname "wan" meta l4proto { tcp, udp } ct state new drop; }
      }`);
  }

  /** What it does, for who wants to know why somebody was not reached. */
  traces() {
    const [program, ...args] = inside(this.name, 'nft', 'list', 'ruleset');
    return `# ${this.name}\n${run(program, ...args)}`;
  }

  /** The largest packet that goes through the cables behind it; larger ones are told so by ICMP. @param {number} bytes */
  narrows(bytes) {
    for (const { ifname } of JSON.parse(ip('-n', this.name, '-json', 'link', 'show'))) {
      if (ifname !== 'wan' && ifname !== 'lo') ip('-n', this.name, 'link', 'set', ifname, 'mtu', String(bytes));
    }
  }
}

/** A computer that can be carried from one router to another. */
export class Home {
  #router = /** @type {Router | undefined} */ (undefined);
  #how = '';

  /** @param {string} name */
  constructor(name) {
    this.name = name;
    addSpace(name);
  }

  /**
   * Into this router, out of whatever it was plugged into; as it is already when nothing is different.
   * @param {Router} router
   * @param {{ v4?: boolean, v6?: boolean, mtu?: number }} [families] of addresses that it gets there
   */
  plug(router, { v4 = true, v6 = false, mtu = 1500 } = {}) {
    const how = JSON.stringify([router.name, v4, v6, mtu]);
    if (this.#how === how) return;
    this.#how = how;
    this.unplug();
    const { v4: four, v6: six } = router.takes(this);
    this.#router = router;
    const port = `to-${this.name}`;
    ip('-n', router.name, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.name);
    ip('-n', router.name, 'link', 'set', port, 'master', 'lan', 'mtu', String(mtu), 'up');
    address(this.name, 'eth0', v4 && `${four}/24`, v6 && `${six}/64`);
    ip('-n', this.name, 'link', 'set', 'eth0', 'mtu', String(mtu), 'up');
    if (v4) ip('-n', this.name, 'route', 'add', 'default', 'via', `192.168.${router.number}.1`);
    if (v6) ip('-n', this.name, '-6', 'route', 'add', 'default', 'via', `2600:77:${router.number}::1`);
  }

  unplug() {
    if (!this.#router) return;
    ip('-n', this.name, 'link', 'delete', 'eth0');
    this.#router.loses(this);
    this.#router = undefined;
  }
}

/** The lab's own network becomes the internet. */
export function layInternet() {
  ip('link', 'add', 'internet', 'type', 'bridge');
  ip('link', 'set', 'internet', 'up');
  address(null, 'internet', `${INTERNET.v4}/24`, `${INTERNET.v6}/64`);
  write(null, 'net/ipv6/conf/all/forwarding', 1);
}

/** A computer on the internet itself. @param {string} name @param {number} number 0 to 9 @returns {Addresses} */
export function rentServer(name, number) {
  const at = { v4: `11.77.0.${10 + number}`, v6: `2600:77::${10 + number}` };
  addSpace(name);
  toInternet(name, at.v4, at.v6);
  forwards(name); // its containers' networks
  return at;
}

/** Runs `command` so that it sees the network of that name and no other. @param {string} name @param {string[]} command */
export function inside(name, ...command) {
  return ['nsenter', `--net=/run/netns/${name}`, ...command];
}

function addSpace(name) {
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
  // Nobody announces networks here, and an address is taken at once.
  for (const set of ['default', 'all']) write(name, `net/ipv6/conf/${set}/accept_dad`, 0);
}

function toInternet(name, v4, v6) {
  const port = `to-${name}`;
  ip('link', 'add', port, 'type', 'veth', 'peer', 'name', 'wan', 'netns', name);
  ip('link', 'set', port, 'master', 'internet', 'up');
  address(name, 'wan', `${v4}/24`, `${v6}/64`);
  ip('-n', name, 'link', 'set', 'wan', 'up');
  ip('-n', name, 'route', 'add', 'default', 'via', INTERNET.v4);
  ip('-n', name, '-6', 'route', 'add', 'default', 'via', INTERNET.v6);
}

/** @param {string | null} name @param {string} device @param {(string | false)[]} addresses */
function address(name, device, ...addresses) {
  const where = name ? ['-n', name] : [];
  for (const one of addresses.filter(Boolean)) ip(...where, 'address', 'add', String(one), 'dev', device, ...(String(one).includes(':') ? ['nodad'] : []));
}

function forwards(name) {
  write(name, 'net/ipv4/ip_forward', 1);
  write(name, 'net/ipv6/conf/all/forwarding', 1);
}

function write(name, key, value) {
  const command = ['sh', '-c', `echo ${value} > /proc/sys/${key}`];
  run(...(name ? inside(name, ...command) : command));
}

function nft(name, rules) {
  const [program, ...args] = inside(name, 'nft', '-f', '-');
  execFileSync(program, args, { input: rules });
}

function ip(...args) {
  return run('ip', ...args);
}

function run(program, ...args) {
  return execFileSync(program, args, { encoding: 'utf8' });
}
