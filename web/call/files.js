/**
 * Files between people in a call, as the call and the page see them. Everything behind this door is loaded with the first
 * file: who only talks does not wait for it.
 */

/** @typedef {import('./peer.js').Peer} Peer */
/** @typedef {import('./control.js').ControlMessage} ControlMessage */
/** @typedef {import('./files/desk.js').AnyTransfer} AnyTransfer */
/** @typedef {import('./files/source.js').Thing} Thing */

/** After the first view: a server that goes away later takes no part of the page with it, ms. */
const SOON = 3_000;

/** Events: 'transfer' {transfer} whenever one is added or changed; 'download' {address} to be opened for the browser's downloads. */
export class Files extends EventTarget {
  /**
   * @param {import('./call.js').Call} call
   * @param {import('./files/disk.js').Disk} [disk]
   */
  constructor(call, disk) {
    super();
    this.call = call;
    this.disk = disk;
    /** @type {Map<string, AnyTransfer>} in order of appearance */
    this.transfers = new Map();
    /** @type {Promise<import('./files/desk.js').Desk> | null} what happens meanwhile waits for it, in order */
    this.desk = null;
    /** @type {import('./files/desk.js').Desk | null} */
    this.open = null;
  }

  /**
   * @param {Iterable<Thing>} things files, and folders as `thingsFrom` finds them
   * @param {string | null} to a peer's id, null for everybody
   */
  async send(things, to) {
    const chosen = [...things]; // a chooser's list is emptied when the next one opens
    (await this.#desk()).send(chosen, to);
  }

  /**
   * The file of an interrupted transfer, chosen again.
   * @param {AnyTransfer} transfer
   * @param {Thing} thing
   * @returns {Promise<boolean>} false: it is another one
   */
  async again(transfer, thing) {
    return (await this.#desk()).again(transfer, thing);
  }

  /** Off the list. What came in stays where the browser keeps it until this seat is given up. @param {AnyTransfer} transfer that has ended */
  forget(transfer) {
    if (transfer.ended) this.transfers.delete(transfer.id);
  }

  /**
   * @param {Peer} peer
   * @param {ControlMessage} message
   */
  async heard(peer, message) {
    (await this.#desk()).heard(peer, message);
  }

  /**
   * A data channel somebody opened: its label is the first transfer it carries.
   * @param {Peer} peer
   * @param {RTCDataChannel} channel
   */
  arrived(peer, channel) {
    if (this.open) this.open.arrived(peer, channel);
    else channel.close();
  }

  /**
   * This person has a seat.
   * @param {string} id
   * @param {boolean} again the same as before this page was loaded: there may be files of then
   */
  seated(id, again) {
    this.seat = id;
    if (again) void this.#desk();
    else this.call.clock.after(SOON, () => void loadDesk().catch(() => {}));
  }

  /** Somebody is in the room. @param {Peer} peer */
  met(peer) {
    void this.desk?.then((desk) => desk.met(peer));
  }

  /** With every look of the watchdogs. */
  look() {
    this.open?.look();
  }

  /** Their page is a new one. @param {Peer} peer */
  reloaded(peer) {
    void this.desk?.then((desk) => desk.reloaded(peer));
  }

  /** Somebody is gone. @param {Peer} peer */
  lost(peer) {
    void this.desk?.then((desk) => desk.lost(peer));
  }

  #desk() {
    this.desk ??= this.#openDesk().catch((cause) => {
      this.desk = null; // the server did not answer: the next file tries again
      throw cause;
    });
    return this.desk;
  }

  async #openDesk() {
    const { Desk } = await loadDesk();
    this.open = new Desk(this, this.disk);
    await this.open.reclaim(this.seat ?? 'nobody');
    return this.open;
  }
}

function loadDesk() {
  return import('./files/desk.js');
}
