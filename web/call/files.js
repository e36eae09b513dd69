/**
 * Files between people in a call: offered, accepted or declined, carried by connections of their own, checked by
 * SHA-256 at both ends, called off from either side.
 */
import { Transfer } from './files/transfer.js';

/** Event: 'transfer' {transfer} whenever one is added or changed. */
export class Files extends EventTarget {
  constructor() {
    super();
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
}
