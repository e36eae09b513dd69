/**
 * Offers, answers and candidates over ONE given RTCPeerConnection. One side makes every offer for the life of the
 * connection: no glare, and no change of the DTLS role, which Chromium refuses ("Failed to set SSL role"). Leaves out
 * when to offer again: that is the watchdog's.
 */

/** @typedef {import('./messages.js').SignalPayload} SignalPayload */
/** @typedef {Pick<SignalPayload, 'serial' | 'description' | 'candidate' | 'request'>} Word what one side says */

export class Negotiation {
  /**
   * @param {object} options
   * @param {RTCPeerConnection} options.connection
   * @param {boolean} options.offerer
   * @param {(word: Word) => void} options.send
   * @param {(sdp: string) => string} [options.tune]   what the other side says, before this browser reads it
   * @param {() => void} [options.prepareAnswer] called between the first offer's arrival and its answer
   * @param {(cause: unknown) => void} options.onproblem a description was refused: only a new connection helps
   */
  constructor({ connection, offerer, send, tune = (sdp) => sdp, prepareAnswer = () => {}, onproblem }) {
    this.connection = connection;
    this.offerer = offerer;
    this.send = send;
    this.tune = tune;
    this.prepareAnswer = prepareAnswer;
    this.onproblem = onproblem;
    /** Counts offers; an answer names the offer it answers, so that one to an older offer is not taken for it. */
    this.serial = 0;
    /** @type {(RTCIceCandidateInit | null)[]} candidates that came before the description they belong to */
    this.early = [];
    /** @type {Promise<void>} one step at a time: these calls interleave badly */
    this.queue = Promise.resolve();
    connection.onicecandidate = ({ candidate }) => this.#found(candidate);
  }

  /** The one who makes the offers begins. */
  start() {
    if (this.offerer) this.#step(() => this.#offer());
  }

  /** New ICE credentials and candidates over the same connection. Only for a dead path: on a live one Firefox goes deaf. */
  restart() {
    if (!this.offerer) return this.send({ request: 'restart' });
    this.#step(async () => {
      this.connection.restartIce();
      await this.#offer();
    });
  }

  /** @param {Word} word from the other side, in the order it was said */
  receive(word) {
    this.#step(async () => {
      if (word.description) await this.#describe(word.description, word.serial ?? 1);
      else if (word.candidate !== undefined) await this.#candidate(word.candidate);
    });
  }

  /** @param {() => Promise<void>} run */
  #step(run) {
    this.queue = this.queue.then(async () => {
      if (this.connection.signalingState !== 'closed') await run();
    }).catch((cause) => this.onproblem(cause));
  }

  /** Also while an earlier offer is unanswered: setting a new one replaces it. */
  async #offer() {
    this.serial += 1;
    await this.connection.setLocalDescription(await this.connection.createOffer());
    this.#sendDescription();
  }

  /**
   * @param {{ type: RTCSdpType, sdp: string }} description
   * @param {number} serial
   */
  async #describe(description, serial) {
    const wanted = this.offerer ? 'answer' : 'offer';
    if (description.type !== wanted || (this.offerer && serial !== this.serial)) return;
    if (this.offerer && this.connection.signalingState !== 'have-local-offer') return; // a repeated answer
    await this.connection.setRemoteDescription({ type: description.type, sdp: this.tune(description.sdp) });
    if (!this.offerer) await this.#answer(serial);
    for (const candidate of this.early.splice(0)) await this.#candidate(candidate);
  }

  /** @param {number} serial */
  async #answer(serial) {
    this.serial = serial;
    this.prepareAnswer();
    await this.connection.setLocalDescription(await this.connection.createAnswer());
    this.#sendDescription();
  }

  #sendDescription() {
    const description = this.connection.localDescription;
    if (description) this.send({ serial: this.serial, description: { type: description.type, sdp: description.sdp } });
  }

  /** @param {RTCIceCandidate | null} candidate Firefox ends with an empty one and then null, Chromium with null alone */
  #found(candidate) {
    if (candidate === null) this.send({ candidate: null });
    else if (candidate.candidate !== '') this.send({ candidate: candidate.toJSON() });
  }

  /** @param {RTCIceCandidateInit | null} candidate */
  async #candidate(candidate) {
    if (!this.connection.remoteDescription) {
      this.early.push(candidate);
      return;
    }
    try {
      await this.connection.addIceCandidate(candidate ?? undefined);
    } catch {
      // One candidate of a kind this browser does not know, or of an earlier ICE generation: the others remain.
    }
  }
}
