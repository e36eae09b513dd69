/**
 * Files between people in a call: offered, accepted or declined, carried by connections of their own, checked by
 * SHA-256 at both ends, called off from either side.
 */
import { Transfer } from './files/transfer.js';

/** Event: 'transfer' {transfer} whenever one is added or changed. */
export class Files extends EventTarget {
  /** @param {import('./call.js').Call} call */
  constructor(call) {
    super();
    this.call = call;
    /** @type {Map<string, Transfer>} in order of appearance */
    this.transfers = new Map();
  }

  /**
   * @param {FileList | File[]} files
   * @param {string | null} to a peer's id, null for everybody
   */
  send(files, to) {
    void files;
    void to;
  }

  /**
   * @param {import('./peer.js').Peer} peer
   * @param {import('./control.js').ControlMessage} message
   */
  heard(peer, message) {
    void peer;
    void message;
  }

  /** Somebody is gone, or their page is a new one. @param {import('./peer.js').Peer} peer */
  lost(peer) {
    void peer;
  }
}
