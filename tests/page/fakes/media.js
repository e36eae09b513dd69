// Streams, tracks and devices without a machine behind them.

let counted = 0;

export class FakeTrack extends EventTarget {
  constructor(kind, settings = {}) {
    super();
    counted += 1;
    Object.assign(this, { kind, id: `${kind}-${counted}`, enabled: true, readyState: 'live', settings });
  }

  getSettings() {
    return this.settings;
  }

  stop() {
    this.readyState = 'ended';
  }

  /** The device goes away by itself. */
  unplug() {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }
}

export class FakeStream {
  constructor(tracks = []) {
    this.tracks = new Set(tracks);
  }

  addTrack(track) { this.tracks.add(track); }
  removeTrack(track) { this.tracks.delete(track); }
  getTracks() { return [...this.tracks]; }
  getAudioTracks() { return this.getTracks().filter(({ kind }) => kind === 'audio'); }
  getVideoTracks() { return this.getTracks().filter(({ kind }) => kind === 'video'); }
}

/** What `getUserMedia` would do: `refuse.camera = 'NotAllowedError'` makes it refuse. */
export class FakeDevices extends EventTarget {
  refuse = {};
  asked = [];
  given = [];
  present = [
    { kind: 'audioinput', deviceId: 'mic1', label: 'Headset' }, { kind: 'audioinput', deviceId: 'mic2', label: 'Desk' },
    { kind: 'videoinput', deviceId: 'cam1', label: 'Front' }, { kind: 'audiooutput', deviceId: 'out1', label: 'Speakers' },
  ];

  async getUserMedia(constraints) {
    const kinds = [['audio', 'microphone'], ['video', 'camera']].filter(([slot]) => constraints[slot]);
    this.asked.push(kinds.map(([, kind]) => kind).join('+'));
    await this.thinking; // the person has not answered the browser's question yet
    for (const [slot, kind] of kinds) {
      const reason = typeof this.refuse[kind] === 'function' ? this.refuse[kind](constraints[slot]) : this.refuse[kind];
      if (reason) throw new DOMException('no', reason);
    }
    const tracks = kinds.map(([slot]) => new FakeTrack(slot, { height: 720, deviceId: constraints[slot].deviceId?.exact }));
    this.given.push(...tracks);
    return new FakeStream(tracks);
  }

  async getDisplayMedia() {
    if (this.refuse.screen) throw new DOMException('no', this.refuse.screen);
    const tracks = [new FakeTrack('video'), new FakeTrack('audio')];
    this.given.push(...tracks);
    return new FakeStream(tracks);
  }

  async enumerateDevices() {
    return this.present;
  }
}
