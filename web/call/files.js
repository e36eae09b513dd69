/**
 * Files between people in a call: offered, accepted or declined, carried by a connection of their own beside the call's
 * (so that chat and controls never wait behind a file), checked by SHA-256 at both ends, called off from either side.
 */
import { Disk } from './files/disk.js';
import { Incoming } from './files/incoming.js';
import { safeName } from './files/names.js';
import { Outgoing } from './files/outgoing.js';
import { Pace } from './files/pace.js';

/** @typedef {import('./peer.js').Peer} Peer */
/** @typedef {import('./control.js').ControlMessage} ControlMessage */
/** @typedef {Incoming | Outgoing} AnyTransfer */

/** Offers one person may have open here at a time; more would only bury the list. */
const OFFERS_LIMIT = 200;

/** Event: 'transfer' {transfer} whenever one is added or changed. */
export class Files extends EventTarget {
  /**
   * @param {import('./call.js').Call} call
   * @param {Disk} [disk]
   */
  constructor(call, disk = new Disk(`tab-${call.instance}`)) {
    super();
    this.call = call;
    this.disk = disk;
    this.pace = new Pace();
    this.offered = 0;
    /** @type {Map<string, AnyTransfer>} in order of appearance */
    this.transfers = new Map();
  }

  /**
   * @param {FileList | File[]} files
   * @param {string | null} to a peer's id, null for everybody
   */
  send(files, to) {
    const peers = [...this.call.peers.values()].filter((peer) => to === null || peer.id === to);
    for (const file of files) for (const peer of peers) this.#offer(file, peer);
  }

  /**
   * @param {Peer} peer
   * @param {ControlMessage} message
   */
  heard(peer, message) {
    const id = String(message.id);
    const known = this.transfers.get(id);
    if (message.type === 'file-offer') {
      if (!known) this.#offered(peer, id, message);
    } else if (known?.peer === peer) {
      try {
        known.heard(message);
      } catch (cause) {
        known.fail(cause);
      }
    }
  }

  /**
   * A data channel somebody opened: its label is the transfer it carries.
   * @param {Peer} peer
   * @param {RTCDataChannel} channel
   */
  arrived(peer, channel) {
    const transfer = this.transfers.get(channel.label);
    if (transfer instanceof Incoming && transfer.peer === peer) transfer.attach(channel);
    else channel.close();
  }

  /** With every look of the watchdogs: how crowded the paths are. */
  look() {
    const { call } = this;
    const peers = [...call.peers.values()];
    const { microphone, camera, screen } = call.media.outgoing;
    const talking = [microphone, camera, screen].some(Boolean) || peers.some(({ shows }) => shows.microphone || shows.camera || shows.screen);
    const paths = peers.map(({ id, stats }) => /** @type {const} */ ([id, { rtt: stats?.rtt ?? null, lossOut: stats?.lossOut ?? null }]));
    this.pace.look(call.clock.now(), talking, new Map(paths));
  }

  /** Somebody is gone, or their page is a new one. @param {Peer} peer */
  lost(peer) {
    for (const transfer of this.transfers.values()) if (transfer.peer === peer) transfer.lost();
  }

  /**
   * @param {File} file
   * @param {Peer} peer
   */
  #offer(file, peer) {
    this.offered += 1;
    const id = `${this.call.instance}-${this.offered}`;
    const what = { id, peer, name: safeName(file.name), size: file.size };
    const transfer = new Outgoing(what, file, this.#parts(peer), (label) => peer.openFileChannel(label));
    this.#add(transfer);
    transfer.offer();
  }

  /**
   * @param {Peer} peer
   * @param {string} id
   * @param {ControlMessage} offer
   */
  #offered(peer, id, { name, size }) {
    const open = [...this.transfers.values()].filter((transfer) => transfer.peer === peer && transfer.state === 'offered').length;
    if (!Number.isSafeInteger(size) || Number(size) < 0 || open >= OFFERS_LIMIT) return peer.say({ type: 'file-decline', id });
    this.#add(new Incoming({ id, peer, name: safeName(name), size: Number(size) }, this.#parts(peer)));
  }

  /** @param {AnyTransfer} transfer */
  #add(transfer) {
    this.transfers.set(transfer.id, transfer);
    this.#changed(transfer);
  }

  /** @param {Peer} peer @returns {import('./files/transfer.js').Parts} */
  #parts(peer) {
    return {
      disk: this.disk,
      pace: this.pace,
      clock: this.call.clock,
      say: (message) => peer.say(message),
      changed: (transfer) => this.#changed(transfer),
    };
  }

  /** @param {import('./files/transfer.js').Transfer} transfer */
  #changed(transfer) {
    this.dispatchEvent(new CustomEvent('transfer', { detail: { transfer } }));
  }
}
