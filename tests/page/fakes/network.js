// RTCPeerConnections over a network in the hands of a test. They do what was measured of Chromium: no event before 5.5 s
// without a path, `failed` after 15.5 s, and no way back from there but new ICE credentials.

import { FakeStream, FakeTrack } from './media.js';

const LOOK_EVERY = 100;
const DISCONNECTED_AFTER = 5_500;
const FAILED_AFTER = 15_500;
const BYTES_PER_LOOK = 1_000;

export class FakeNetwork {
  connections = new Map();
  largestMessage = 262_144;
  /** No packet passes between pages. */
  cut = false;
  /** Every path goes through a relay. */
  relayed = false;

  pathStats() {
    const candidate = (id) => [id, { id, type: `${id}-candidate`, candidateType: this.relayed ? 'relay' : 'host', protocol: 'udp' }];
    const pair = { id: 'pair', type: 'candidate-pair', selected: true, localCandidateId: 'local', remoteCandidateId: 'remote' };
    return [['pair', pair], candidate('local'), candidate('remote')];
  }

  constructor(clock) {
    this.clock = clock;
    clock.every(LOOK_EVERY, () => this.#look());
    const network = this;
    this.RTCPeerConnection = class extends FakeConnection {
      constructor(config) {
        super(network, config);
      }
    };
  }

  /** Connections somebody still holds open. */
  get open() {
    return [...this.connections.values()].filter(({ connectionState }) => connectionState !== 'closed');
  }

  /** Somebody has another address: no path of before carries anything, and only new ICE credentials find another. */
  readdress() {
    for (const connection of this.open) connection.lostGeneration = connection.generation;
  }

  #look() {
    for (const connection of this.open) connection.look(this.cut || connection.generation <= connection.lostGeneration);
  }
}

let certificates = 0;

class FakeConnection extends EventTarget {
  static async generateCertificate() {
    certificates += 1;
    return { fingerprint: `AB:${certificates.toString(16).padStart(6, '0')}` };
  }

  connectionState = 'new';
  signalingState = 'stable';
  localDescription = null;
  remoteDescription = null;
  transceivers = [];
  channels = [];
  generation = 1;
  lostGeneration = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** Share of what this side sends that does not arrive. */
  lossOut = 0;
  silentFor = 0;

  constructor(network, config) {
    super();
    this.id = network.connections.size + 1;
    this.network = network;
    this.config = config;
    network.connections.set(this.id, this);
  }

  addTransceiver(kind, { direction }) {
    const transceiver = {
      direction,
      receiver: { track: new FakeTrack(kind), getSynchronizationSources: () => [] },
      sender: {
        track: null,
        parameters: { encodings: [{}] },
        async replaceTrack(track) { this.track = track; },
        getParameters() { return structuredClone(this.parameters); },
        async setParameters(parameters) { this.parameters = parameters; },
        setStreams() {},
      },
    };
    this.transceivers.push(transceiver);
    return transceiver;
  }

  /** As large as the other side says. */
  get sctp() { return { maxMessageSize: this.network.largestMessage }; }

  getTransceivers() { return this.transceivers; }
  setConfiguration(config) { this.config = config; }
  restartIce() { this.restarting = true; }

  async createOffer() {
    if (this.restarting) this.generation += 1;
    this.restarting = false;
    return this.#description('offer');
  }

  async createAnswer() {
    return this.#description('answer');
  }

  async setLocalDescription(description) {
    this.localDescription = description;
    this.signalingState = description.type === 'offer' ? 'have-local-offer' : 'stable';
    queueMicrotask(() => {
      this.onicecandidate?.({ candidate: { candidate: 'candidate:1', toJSON: () => ({ candidate: 'candidate:1', sdpMid: '0' }) } });
      this.onicecandidate?.({ candidate: null });
    });
  }

  async setRemoteDescription(description) {
    const { id, generation, kinds } = JSON.parse(description.sdp);
    if (description.type === 'answer' && this.signalingState !== 'have-local-offer') throw new DOMException('no offer', 'InvalidStateError');
    this.remoteDescription = description;
    this.other = this.network.connections.get(id);
    if (description.type === 'answer') this.signalingState = 'stable';
    if (description.type === 'offer') {
      this.signalingState = 'have-remote-offer';
      if (this.generation !== generation) this.silentFor = 0;
      this.generation = generation;
      if (this.transceivers.length === 0) for (const kind of kinds) this.addTransceiver(kind, { direction: 'recvonly' });
    } else this.silentFor = 0;
  }

  async addIceCandidate() {
    if (!this.remoteDescription) throw new DOMException('too early', 'InvalidStateError');
  }

  createDataChannel(label, options = {}) {
    const channel = new FakeChannel(this, label, options);
    this.channels.push(channel);
    return channel;
  }

  async getStats() {
    const bytesReceived = this.channels.reduce((sum, channel) => sum + channel.bytesReceived, 0);
    return new Map([
      ['rtp', { id: 'rtp', type: 'inbound-rtp', kind: 'audio', timestamp: this.network.clock.now(), bytesReceived: this.bytesIn, packetsReceived: this.bytesIn / 100, packetsLost: 0 }],
      ['out', { id: 'out', type: 'outbound-rtp', timestamp: this.network.clock.now(), packetsSent: this.bytesOut / 100, bytesSent: this.bytesOut }],
      ['heard', { id: 'heard', type: 'remote-inbound-rtp', timestamp: this.network.clock.now(), localId: 'out', fractionLost: this.lossOut }],
      ...this.network.pathStats(),
      ['data', { id: 'data', type: 'data-channel', timestamp: this.network.clock.now(), bytesReceived }],
    ]);
  }

  close() {
    this.connectionState = this.signalingState = 'closed';
    for (const channel of this.channels) channel.close();
  }

  /** One look at the path, ten times a second. */
  look(cut) {
    if (!this.#agreed) return;
    if (cut || this.connectionState === 'failed' && this.silentFor > 0) return this.#silent();
    this.silentFor = 0;
    this.#become('connected');
    if (this.other.transceivers.some(({ sender }) => sender.track?.enabled)) this.bytesIn += BYTES_PER_LOOK;
    this.bytesOut += BYTES_PER_LOOK;
    for (const channel of this.channels) channel.pump();
  }

  get #agreed() {
    const { other } = this;
    return other && other.other === this && other.connectionState !== 'closed' && this.signalingState === 'stable' && other.signalingState === 'stable'
      && other.generation === this.generation;
  }

  #silent() {
    this.silentFor += LOOK_EVERY;
    if (this.connectionState === 'connected' && this.silentFor >= DISCONNECTED_AFTER) this.#become('disconnected');
    if (this.connectionState === 'disconnected' && this.silentFor >= FAILED_AFTER) this.#become('failed');
  }

  #become(state) {
    if (this.connectionState === state) return;
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  #description(type) {
    const { id, generation, transceivers } = this;
    const seal = `a=fingerprint:sha-256 ${this.config?.certificates?.[0].fingerprint}`;
    return { type, sdp: JSON.stringify({ id, generation, seal, kinds: transceivers.map(({ receiver }) => receiver.track.kind) }) };
  }
}

class FakeChannel {
  readyState = 'connecting';
  bytesReceived = 0;
  waiting = [];

  constructor(connection, label, { id = null } = {}) {
    Object.assign(this, { connection, label, id });
  }

  get bufferedAmount() {
    return this.waiting.reduce((sum, data) => sum + (data.byteLength ?? data.length), 0);
  }

  send(data) {
    if (this.readyState !== 'open') throw new DOMException('not open', 'InvalidStateError');
    if (data.byteLength > this.connection.sctp.maxMessageSize) throw new TypeError('too large');
    this.waiting.push(typeof data === 'string' ? data : new Uint8Array(data).slice().buffer);
  }

  /** The path is there: open at both ends, carry what waits. */
  pump() {
    if (this.readyState === 'closed') return;
    this.twin ??= this.#findTwin();
    if (!this.twin) return;
    if (this.readyState === 'connecting') {
      this.readyState = 'open';
      this.onopen?.({});
    }
    if (this.twin.readyState !== 'open') return;
    for (const data of this.waiting.splice(0)) this.twin.#receive(data);
    this.onbufferedamountlow?.({});
  }

  close() {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.onclose?.({});
    const { twin } = this;
    if (twin && twin.readyState !== 'closed' && this.connection.connectionState !== 'closed') twin.close();
  }

  #receive(data) {
    this.bytesReceived += data.byteLength ?? data.length;
    this.onmessage?.({ data });
  }

  #findTwin() {
    const { other } = this.connection;
    const known = other.channels.find((channel) => (this.id === null ? channel.twin === this : channel.id === this.id));
    if (known || this.id !== null) return known;
    const made = other.createDataChannel(this.label);
    made.twin = this;
    other.ondatachannel?.({ channel: made });
    return made;
  }
}

export { FakeStream };
