/**
 * The four places of a call connection: microphone, camera, screen, the screen's sound. Made once, in this order, and
 * known by their order at the other end; from then on tracks come and go by `replaceTrack`, which needs no negotiation.
 */

/** @typedef {'microphone' | 'camera' | 'screen' | 'screenSound'} SlotName */
/** @typedef {{ maxBitrate?: number, maxFramerate?: number, scaleResolutionDownBy?: number, active?: boolean, priority?: RTCPriorityType, degradationPreference?: RTCDegradationPreference }} Limit */
/** @typedef {Partial<Record<SlotName, Limit>>} Limits */
/** @typedef {(what: 'camera' | 'screen') => RTCRtpCodec[]} Codecs  in order of preference; empty: as the browser likes */

/** @type {readonly { name: SlotName, kind: 'audio' | 'video' }[]} the order is the wire: never change it */
const SLOTS = Object.freeze([
  { name: 'microphone', kind: 'audio' },
  { name: 'camera', kind: 'video' },
  { name: 'screen', kind: 'video' },
  { name: 'screenSound', kind: 'audio' },
]);

export class Slots {
  /**
   * @param {RTCPeerConnection} connection
   * @param {typeof MediaStream} Stream
   * @param {Codecs} [codecs]
   */
  constructor(connection, Stream, codecs = () => []) {
    this.connection = connection;
    this.codecs = codecs;
    // Tracks of one stream are played in step: lips with voice, and the screen with its own sound.
    this.groups = { camera: new Stream(), screen: new Stream() };
    /** @type {Map<SlotName, RTCRtpTransceiver>} */
    this.transceivers = new Map();
    /** @type {Limits} */
    this.limits = {};
  }

  /** The one who makes the offers makes the places. */
  offer() {
    for (const { name, kind } of SLOTS) {
      const transceiver = this.connection.addTransceiver(kind, { direction: 'sendrecv', streams: [this.#group(name)] });
      this.#prefer(name, transceiver);
      this.transceivers.set(name, transceiver);
    }
  }

  /** The other one finds them in the first offer, and uses the same ones to send. */
  answer() {
    const found = this.connection.getTransceivers();
    SLOTS.forEach(({ name }, index) => {
      const transceiver = found[index];
      if (!transceiver || this.transceivers.has(name)) return;
      transceiver.direction = 'sendrecv';
      transceiver.sender.setStreams?.(this.#group(name));
      this.#prefer(name, transceiver);
      this.transceivers.set(name, transceiver);
    });
  }

  /** @param {import('./media.js').OutgoingTracks} tracks @returns {Promise<unknown>} */
  send(tracks) {
    return Promise.all(SLOTS.map(async ({ name }) => {
      const sender = this.transceivers.get(name)?.sender;
      if (!sender || sender.track === tracks[name]) return;
      await sender.replaceTrack(tracks[name]).catch(() => {}); // the connection closed meanwhile
    }));
  }

  /** @param {SlotName} name @returns {MediaStreamTrack | null} what arrives in this place */
  track(name) {
    return this.transceivers.get(name)?.receiver.track ?? null;
  }

  /** @returns {number} 0..1, how loud the voice that arrives is now */
  get audioLevel() {
    const receiver = this.transceivers.get('microphone')?.receiver;
    return receiver?.getSynchronizationSources?.()[0]?.audioLevel ?? 0;
  }

  /** @param {Limits} limits upper bounds for what is sent, by place */
  async limit(limits) {
    this.limits = limits;
    for (const { name } of SLOTS) await this.#limitOne(name, limits[name] ?? {});
  }

  /**
   * Makes the encoders begin with a whole picture. After a cut the other side would wait up to three seconds for pieces
   * that are lost before it asks for one (measured).
   */
  async refresh() {
    for (const name of /** @type {SlotName[]} */ (['camera', 'screen'])) {
      if (!this.transceivers.get(name)?.sender.track) continue;
      await this.#limitOne(name, { active: false });
      await this.#limitOne(name, { active: this.limits[name]?.active ?? true });
    }
  }

  /**
   * @param {SlotName} name
   * @param {Limit} limit
   */
  async #limitOne(name, limit) {
    const sender = this.transceivers.get(name)?.sender;
    const parameters = sender?.getParameters();
    const encoding = parameters?.encodings?.[0];
    if (!sender || !parameters || !encoding) return; // before the first negotiation there is nothing to bound
    const { degradationPreference = parameters.degradationPreference, ...bounds } = limit;
    const changed = Object.entries(bounds).some(([key, value]) => Reflect.get(encoding, key) !== value);
    if (!changed && parameters.degradationPreference === degradationPreference) return;
    Object.assign(encoding, bounds);
    parameters.degradationPreference = degradationPreference;
    await sender.setParameters(parameters).catch(() => {}); // a bound this browser does not know is no reason to fail
  }

  /**
   * @param {SlotName} name
   * @param {RTCRtpTransceiver} transceiver
   */
  #prefer(name, transceiver) {
    if (name !== 'camera' && name !== 'screen') return;
    const codecs = this.codecs(name);
    if (codecs.length === 0) return;
    try {
      transceiver.setCodecPreferences?.(codecs);
    } catch {
      // A codec that this browser lists and does not take back: its own order is good enough.
    }
  }

  /** @param {SlotName} name */
  #group(name) {
    return name === 'microphone' || name === 'camera' ? this.groups.camera : this.groups.screen;
  }
}
