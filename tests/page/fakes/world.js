// People at their pages, a hub and a network between them, and time that passes only when a test says so.

import { createHash } from 'node:crypto';
import { Call } from '../../../web/call/call.js';
import { Clerk } from '../../../web/call/files/clerk.js';
import { Disk } from '../../../web/call/files/disk.js';
import '../../../web/call/files/desk.js'; // loaded on demand in a browser; here no clock waits for a module
import { Files } from '../../../web/call/files.js';
import { Media } from '../../../web/call/media.js';
import { DEFAULTS } from '../../../web/call/settings.js';
import { FakeClock } from './clock.js';
import { FakeHub } from './hub.js';
import { FakeDevices, FakeStream } from './media.js';
import { FakeNetwork } from './network.js';
import { FakeShelf } from './shelf.js';
import { socketsTo } from './socket.js';

// WebCrypto's own work is done by other threads, whose time no test can let pass: the same hash, at once.
crypto.subtle.digest = async (_, bytes) => Uint8Array.from(createHash('sha256').update(bytes).digest()).buffer;

export class World {
  clock = new FakeClock();
  hub = new FakeHub(this.clock);
  network = new FakeNetwork(this.clock);

  /** Opens a page and goes in. */
  async join(name, options = {}) {
    const person = await this.open(name, options);
    const joining = person.call.join({ room: 'kitchen', name, secret: options.secret });
    await this.clock.pass(0);
    await joining;
    return person;
  }

  async open(name, { devices = true, seats, shelf = new FakeShelf() } = {}) {
    const media = new Media({ mediaDevices: devices ? new FakeDevices() : undefined, permissions: undefined, MediaStream: FakeStream, secure: true });
    if (devices) await media.open();
    const call = new Call({
      url: 'wss://hub/ws', settings: { ...DEFAULTS }, media, clock: this.clock, seats,
      WebSocket: socketsTo(this.hub), RTCPeerConnection: this.network.RTCPeerConnection, MediaStream: FakeStream,
    });
    call.files = new Files(call, new Disk(() => clerkInThisThread(shelf, this.clock)));
    return new Person(name, call, media);
  }

  /** Everybody named sees everybody else well. */
  async untilConnected(...people) {
    return this.clock.until(() => people.every(({ call }) => call.peers.size === people.length - 1 && [...call.peers.values()].every(({ link }) => link === 'good')), 'the call');
  }
}

/** In one call, seeing each other well. */
export async function twoPeople() {
  const world = new World();
  const alice = await world.join('Alice');
  const bob = await world.join('Bob');
  await world.untilConnected(alice, bob);
  return { world, alice, bob, clock: world.clock };
}

class Person {
  constructor(name, call, media) {
    Object.assign(this, { name, call, media, log: [] });
    for (const type of ['state', 'peer-joined', 'peer-left', 'problem']) {
      call.addEventListener(type, ({ detail }) => this.log.push([type, detail.peer?.name, detail.state, detail.reason, detail.problem?.code].filter(Boolean).join(' ')));
    }
  }

  /** The one other person. */
  get peer() {
    const [peer, ...more] = this.call.peers.values();
    if (!peer || more.length > 0) throw new Error(`${this.name} sees ${this.call.peers.size} people`);
    return peer;
  }

  get transfers() {
    return [...this.call.files.transfers.values()];
  }

  get connection() {
    return this.peer.line.current.rtc;
  }

  /** The page is closed or reloaded: without a word, and everything of it is gone. */
  vanish() {
    for (const peer of this.call.peers.values()) peer.close();
    this.call.stopTicking();
    this.call.stay.stop();
    this.call.signaling.close();
  }
}

function clerkInThisThread(shelf, clock) {
  const worker = { onmessage: null, postMessage: (request) => void clerk.handle(request) };
  const clerk = new Clerk((answer) => queueMicrotask(() => worker.onmessage({ data: answer })), shelf, clock);
  return worker;
}
