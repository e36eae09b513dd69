/**
 * Every transfer of this page: offered, accepted or declined, carried by connections of their own beside the call's (so
 * that chat and controls never wait behind a file), checked at both ends, held or called off from either side, taken up
 * again after a reload of either page.
 */
import { Arrival } from './arrival.js';
import { Disk } from './disk.js';
import { Incoming } from './incoming.js';
import { safeName } from './names.js';
import { Outgoing } from './outgoing.js';
import { Pace } from './pace.js';
import { sourceOf } from './source.js';
import { Turns } from './turns.js';

/** @typedef {import('../peer.js').Peer} Peer */
/** @typedef {import('../control.js').ControlMessage} ControlMessage */
/** @typedef {import('./source.js').Thing} Thing */
/** @typedef {Incoming | Outgoing} AnyTransfer */

/** Offers one person may have open here at a time; more would only bury the list. */
const OFFERS_LIMIT = 200;
/** Files to one person that are sent at a time: two, so that small ones leave no gaps. */
const AT_A_TIME = 2;
/** What a page of ours calls a transfer; it also names a file on the shelf. */
const ID = /^[\w-]{1,64}$/;

export class Desk {
  /**
   * @param {import('../files.js').Files} files
   * @param {Disk} [disk]
   */
  constructor(files, disk = new Disk()) {
    this.files = files;
    this.call = files.call;
    this.transfers = files.transfers;
    this.disk = disk;
    this.pace = new Pace();
    this.offered = 0;
    /** @type {Map<Peer, Turns>} */
    this.turns = new Map();
    /** @type {import('./shelf.js').Kept[]} of an earlier page in this seat, until their senders are met */
    this.kept = [];
  }

  /** What an earlier page in this seat left. @param {string} seat */
  async reclaim(seat) {
    this.disk.folder = seat;
    this.kept = await this.disk.kept().catch(() => []);
    for (const peer of this.call.peers.values()) this.met(peer);
  }

  /**
   * @param {Iterable<Thing>} things
   * @param {string | null} to
   */
  send(things, to) {
    const peers = [...this.call.peers.values()].filter((peer) => to === null || peer.id === to);
    for (const thing of things) for (const peer of peers) this.#send(thing, peer);
  }

  /**
   * @param {AnyTransfer} transfer
   * @param {Thing} thing
   */
  again(transfer, thing) {
    return transfer instanceof Outgoing && transfer.name === describe(thing).name && transfer.again(thing, describe(thing).size);
  }

  /**
   * @param {Peer} peer
   * @param {ControlMessage} message
   */
  heard(peer, message) {
    const id = String(message.id);
    const known = this.transfers.get(id);
    if (!known && message.type === 'file-offer') return this.#offered(peer, id, message);
    if (!known && message.type === 'file-wanted') return this.#wanted(peer, id, message);
    if (known?.peer !== peer) return;
    try {
      known.heard(message);
    } catch (cause) {
      known.fail(cause);
    }
  }

  /**
   * @param {Peer} peer
   * @param {RTCDataChannel} channel brings one file after another, as `FileLine.takeChannel` has it
   */
  arrived(peer, channel) {
    const find = (/** @type {string} */ id) => {
      const transfer = this.transfers.get(id);
      return transfer instanceof Incoming && transfer.peer === peer ? transfer : null;
    };
    const arrival = new Arrival(channel.label, find, this.call.clock);
    channel.binaryType = 'arraybuffer';
    channel.onmessage = ({ data }) => arrival.hear(data);
  }

  /** How crowded the paths are, and how wide. */
  look() {
    const { call } = this;
    const peers = [...call.peers.values()];
    const { microphone, camera, screen } = call.media;
    const talking = (microphone.on && microphone.track !== null) || camera.track !== null || screen.track !== null || peers.some(({ shows }) => shows.microphone || shows.camera || shows.screen);
    const paths = new Map(peers.map(({ id, stats }) => [id, stats]));
    this.pace.look(call.clock.now(), talking, paths);
    for (const peer of peers) this.#widen(peer);
  }

  /** What was begun with them in an earlier page. @param {Peer} peer */
  met(peer) {
    const theirs = this.kept.filter(({ record }) => record.from === peer.id);
    this.kept = this.kept.filter((kept) => !theirs.includes(kept));
    for (const kept of theirs) {
      const transfer = new Incoming({ ...kept.record, peer }, this.#parts(peer));
      transfer.restore(kept);
      this.#add(transfer);
    }
  }

  /** @param {Peer} peer */
  reloaded(peer) {
    this.turns.delete(peer);
    for (const transfer of this.transfers.values()) if (transfer.peer === peer) transfer.orphaned();
  }

  /** @param {Peer} peer */
  lost(peer) {
    for (const transfer of this.transfers.values()) if (transfer.peer === peer) transfer.lost();
    this.turns.delete(peer);
  }

  /**
   * @param {Thing} thing
   * @param {Peer} peer
   */
  #send(thing, peer) {
    for (const transfer of this.transfers.values()) if (transfer.peer === peer && this.again(transfer, thing)) return;
    this.offered += 1;
    const id = `${this.call.instance}-${this.offered}`;
    const transfer = new Outgoing({ id, peer, ...describe(thing) }, thing, this.#parts(peer));
    this.#add(transfer);
    transfer.offer();
  }

  /**
   * @param {Peer} peer
   * @param {string} id
   * @param {ControlMessage} offer
   */
  #offered(peer, id, offer) {
    const what = this.#what(peer, id, offer);
    if (!what) return peer.say({ type: 'file-decline', id });
    this.#add(new Incoming(what, this.#parts(peer)));
  }

  /**
   * This page was reloaded while it sent: the file has to be chosen again.
   * @param {Peer} peer
   * @param {string} id
   * @param {ControlMessage} wanted
   */
  #wanted(peer, id, wanted) {
    const what = this.#what(peer, id, wanted);
    if (!what) return peer.say({ type: 'file-cancel', id });
    const transfer = new Outgoing(what, null, this.#parts(peer));
    transfer.sent = Math.min(what.size, count(wanted.at) ?? 0);
    this.#add(transfer);
  }

  /**
   * @param {Peer} peer
   * @param {string} id
   * @param {ControlMessage} message
   * @returns {import('./transfer.js').What | null} null: nonsense, or too much
   */
  #what(peer, id, message) {
    const size = count(message.size);
    const open = [...this.transfers.values()].filter((transfer) => transfer.peer === peer && (transfer.state === 'offered' || transfer.state === 'interrupted'));
    if (size === null || !ID.test(id) || open.length >= OFFERS_LIMIT) return null;
    return { id, peer, name: safeName(message.name), size, modified: count(message.modified) ?? 0, count: count(message.count) ?? 0 };
  }

  /** @param {Peer} peer */
  #widen(peer) {
    const running = [...this.transfers.values()].filter((transfer) => transfer instanceof Outgoing && transfer.peer === peer && transfer.state === 'running');
    const rate = running.reduce((sum, transfer) => sum + transfer.rate, 0);
    peer.fileLanes.look(rate, !this.pace.limits);
    for (const transfer of running) if (transfer instanceof Outgoing) transfer.widen();
  }

  /** @param {AnyTransfer} transfer */
  #add(transfer) {
    this.transfers.set(transfer.id, transfer);
    this.#changed(transfer);
  }

  /** @param {Peer} peer @returns {import('./transfer.js').Parts} */
  #parts(peer) {
    const turns = this.turns.get(peer) ?? new Turns(AT_A_TIME);
    this.turns.set(peer, turns);
    return {
      turns,
      disk: this.disk,
      pace: this.pace,
      clock: this.call.clock,
      say: (message) => peer.say(message),
      changed: (transfer) => this.#changed(transfer),
      fetch: (address) => void this.files.dispatchEvent(new CustomEvent('download', { detail: { address } })),
    };
  }

  /** @param {import('./transfer.js').Transfer} transfer */
  #changed(transfer) {
    this.files.dispatchEvent(new CustomEvent('transfer', { detail: { transfer } }));
  }
}

/** @param {Thing} thing */
function describe(thing) {
  const folder = 'files' in thing;
  return {
    name: folder ? `${safeName(thing.name)}.zip` : safeName(thing.name),
    size: sourceOf(thing).size,
    modified: folder ? 0 : thing.lastModified,
    count: folder ? thing.files.length : 0,
  };
}

/** @param {unknown} given @returns {number | null} */
function count(given) {
  return Number.isSafeInteger(given) && Number(given) >= 0 ? Number(given) : null;
}
