/**
 * Your own microphone, camera and screen. Asks the browser once for both devices and falls back one by one, so that a
 * person with half of them, or none, still gets into the call. Every failure becomes a `Problem` with a code; nothing
 * here rejects. Sending the tracks to anybody is the business of the connections.
 */
import { Problem } from './problem.js';
import { CONSTRAINTS, SCREEN_CONSTRAINTS, codeOf } from './media/constraints.js';

/** @typedef {'microphone' | 'camera'} DeviceKind */
/**
 * @typedef {object} Source
 * @property {boolean} on          it is being sent (or will be, as soon as the device opens)
 * @property {MediaStreamTrack | null} track
 * @property {boolean} available   it can be switched on: the device is open, or was not refused yet
 * @property {Problem | null} problem
 */
/** @typedef {{ microphone: MediaStreamTrack | null, camera: MediaStreamTrack | null, screen: MediaStreamTrack | null, screenSound: MediaStreamTrack | null }} OutgoingTracks */
/** @typedef {'' | 'text' | 'motion'} ScreenHint */
/** @typedef {{ id: string, label: string }} Device */
/** @typedef {{ microphones: Device[], cameras: Device[], speakers: Device[] }} DeviceLists */
/**
 * @typedef {object} MediaEnvironment what the browser lends; tests lend their own
 * @property {MediaDevices | undefined} [mediaDevices]  absent on an insecure origin
 * @property {Permissions | undefined} [permissions]
 * @property {typeof MediaStream} [MediaStream]
 * @property {boolean} [secure]
 */

/** @type {readonly DeviceKind[]} */
const KINDS = Object.freeze(['microphone', 'camera']);

/** Events: 'change' (anything below changed), 'problem' {problem}, 'devices' (something was plugged in or out). */
export class Media extends EventTarget {
  /** @param {MediaEnvironment} [environment] */
  constructor(environment = {}) {
    super();
    const { navigator, isSecureContext } = globalThis;
    this.mediaDevices = 'mediaDevices' in environment ? environment.mediaDevices : navigator?.mediaDevices;
    this.permissions = 'permissions' in environment ? environment.permissions : navigator?.permissions;
    this.secure = environment.secure ?? isSecureContext ?? true;
    const Stream = environment.MediaStream ?? globalThis.MediaStream;
    /** Your own camera, for a muted video element; always the same object. */
    this.preview = new Stream();
    /** Your own shared screen; always the same object. */
    this.screenPreview = new Stream();
    /** @type {Source} */
    this.microphone = { on: true, track: null, available: true, problem: null };
    /** @type {Source} */
    this.camera = { on: true, track: null, available: true, problem: null };
    /** @type {Source} */
    this.screen = { on: false, track: null, available: this.canShareScreen, problem: null };
    /** @type {MediaStreamTrack | null} the sound of the shared screen, where the browser gives it */
    this.screenSound = null;
    /** What the shared picture is: letters to read, or movement. '' leaves it to the browser. @type {ScreenHint} */
    this.screenHint = '';
    /** Which camera of a phone, as long as none is chosen by name. @type {'user' | 'environment'} */
    this.facing = 'user';
    /** @type {Record<DeviceKind, string>} chosen device ids, '' = the browser's choice */
    this.chosen = { microphone: '', camera: '' };
    /** @type {Promise<void>} device requests one after the other: two at once confuse every browser */
    this.queue = Promise.resolve();
    this.mediaDevices?.addEventListener?.('devicechange', () => this.dispatchEvent(new Event('devices')));
    for (const kind of KINDS) void this.#watchPermission(kind);
  }

  /** Whether this browser can capture a screen at all (phones mostly cannot). */
  get canShareScreen() {
    return typeof this.mediaDevices?.getDisplayMedia === 'function';
  }

  /** What goes to the others now; a null slot sends nothing. @returns {OutgoingTracks} */
  get outgoing() {
    const { microphone, camera, screen, screenSound } = this;
    return { microphone: microphone.track, camera: camera.track, screen: screen.track, screenSound };
  }

  /** Asks for whatever is wanted (`on`) and not open yet. @returns {Promise<void>} never rejects */
  open() {
    return this.#queued(() => this.#openWanted());
  }

  /** Lets go of every device. The wishes (`on`) stay, so a later `open` brings the same back. */
  close() {
    this.stopScreen();
    for (const kind of KINDS) this.#release(kind);
    this.#changed();
  }

  /**
   * Muting keeps the device open, so that unmuting is instant.
   * @param {boolean} on
   */
  setMicrophone(on) {
    this.microphone.on = on;
    if (this.microphone.track) this.microphone.track.enabled = on;
    this.#changed();
    return on && !this.microphone.track ? this.open() : Promise.resolve();
  }

  /**
   * Switching the camera off stops the device: its light goes out.
   * @param {boolean} on
   */
  setCamera(on) {
    this.camera.on = on;
    if (!on) this.#release('camera');
    this.#changed();
    return on && !this.camera.track ? this.open() : Promise.resolve();
  }

  /** Asks which screen, window or tab to share, beside the camera. @returns {Promise<void>} never rejects */
  async shareScreen() {
    if (!this.canShareScreen || !this.mediaDevices) return this.#fail(this.screen, new Problem('screen-unsupported'));
    try {
      const stream = await this.mediaDevices.getDisplayMedia(SCREEN_CONSTRAINTS);
      this.stopScreen();
      this.#showScreen(stream);
    } catch (cause) {
      this.#fail(this.screen, new Problem(codeOf('screen', cause), cause));
    }
  }

  /**
   * Shares any moving picture in the screen's slot: a whiteboard, a played file.
   * @param {MediaStream} stream
   */
  shareStream(stream) {
    this.stopScreen();
    this.#showScreen(stream);
  }

  async stopScreen() {
    if (!this.screen.track) return;
    for (const track of this.screenPreview.getTracks()) this.screenPreview.removeTrack(track);
    this.screen.track.stop();
    this.screenSound?.stop();
    this.screenSound = null;
    Object.assign(this.screen, { on: false, track: null });
    this.#changed();
  }

  /** Sharp letters at a few pictures a second, or smooth movement. @param {ScreenHint} hint */
  setScreenHint(hint) {
    this.screenHint = hint;
    if (this.screen.track) this.screen.track.contentHint = hint;
    this.#changed();
  }

  /** The other side of a phone: its front camera, or its back one. @returns {Promise<void>} never rejects */
  flipCamera() {
    this.facing = this.facing === 'user' ? 'environment' : 'user';
    return this.useDevice('camera', '');
  }

  /**
   * The page is seen again. Phones take devices away in the background (a telephone call, another program) and do not
   * bring them back: what is wanted and gets no sound or picture is opened anew.
   * @returns {Promise<void>} never rejects
   */
  revive() {
    for (const kind of KINDS) {
      const { on, track } = this[kind];
      if (on && track && (track.muted || track.readyState === 'ended')) this.#release(kind);
    }
    return this.open();
  }

  /** Labels are empty until the person allowed a device once. @returns {Promise<DeviceLists>} */
  async devices() {
    const found = await Promise.resolve(this.mediaDevices?.enumerateDevices()).catch(() => []) ?? [];
    /** @param {MediaDeviceKind} kind */
    const ofKind = (kind) => found.filter((device) => device.kind === kind && device.deviceId)
      .map(({ deviceId, label }) => ({ id: deviceId, label }));
    return { microphones: ofKind('audioinput'), cameras: ofKind('videoinput'), speakers: ofKind('audiooutput') };
  }

  /**
   * @param {DeviceKind} kind
   * @param {string} id from `devices()`, '' for the browser's choice
   * @returns {Promise<void>} never rejects; when the new device cannot open, the former one comes back
   */
  useDevice(kind, id) {
    const former = this.chosen[kind];
    this.chosen[kind] = id;
    if (!this[kind].track) return Promise.resolve();
    return this.#queued(async () => {
      this.#release(kind); // first: phones cannot open two cameras at once
      await this.#openOne(kind);
      if (this[kind].track || id === former) return;
      const { problem } = this[kind];
      this.chosen[kind] = former;
      this[kind].on = true;
      await this.#openOne(kind);
      this[kind].problem = problem;
      this.#changed();
    });
  }

  /** @param {() => Promise<void>} task */
  #queued(task) {
    this.queue = this.queue.then(task);
    return this.queue;
  }

  async #openWanted() {
    const wanted = KINDS.filter((kind) => this[kind].on && !this[kind].track);
    if (wanted.length === 0) return;
    if (!this.mediaDevices?.getUserMedia) return this.#noDevices(wanted);
    if (wanted.length === 1) return this.#openOne(wanted[0]);
    try {
      this.#take(await this.mediaDevices.getUserMedia({ audio: this.#constraint('microphone'), video: this.#constraint('camera') }));
    } catch (cause) {
      for (const kind of wanted) await this.#openAfter(kind, cause);
    }
    this.#changed();
  }

  /**
   * Both together failed. A refusal is not asked again unless this device is known to be allowed.
   * @param {DeviceKind} kind
   * @param {unknown} cause
   */
  async #openAfter(kind, cause) {
    const refused = codeOf(kind, cause).endsWith('-denied');
    if (refused && await this.#permission(kind) !== 'granted') return this.#fail(this[kind], new Problem(codeOf(kind, cause), cause));
    return this.#openOne(kind);
  }

  /** @param {DeviceKind} kind */
  async #openOne(kind) {
    if (!this.mediaDevices) return;
    const slot = kind === 'camera' ? 'video' : 'audio';
    for (const constraint of [this.#constraint(kind), true]) {
      try {
        this.#take(await this.mediaDevices.getUserMedia({ [slot]: constraint }));
        return this.#changed();
      } catch (cause) {
        const last = constraint === true || !(cause instanceof Error) || cause.name !== 'OverconstrainedError';
        if (last) return this.#fail(this[kind], new Problem(codeOf(kind, cause), cause));
      }
    }
  }

  /**
   * @param {DeviceKind} kind
   * @returns {MediaTrackConstraints}
   */
  #constraint(kind) {
    const id = this.chosen[kind];
    const side = kind === 'camera' && !id ? { facingMode: this.facing } : {};
    return { ...CONSTRAINTS[kind], ...side, ...(id ? { deviceId: { exact: id } } : {}) };
  }

  /** Somebody who was refused and then allows it, in the browser's own settings, need not come back and press a button. @param {DeviceKind} kind */
  async #watchPermission(kind) {
    try {
      const name = /** @type {PermissionName} */ (/** @type {string} */ (kind));
      const permission = await this.permissions?.query({ name });
      permission?.addEventListener?.('change', () => this.#allowed(kind, permission.state));
    } catch {
      // A browser that cannot tell: there is the button to try again.
    }
  }

  /**
   * @param {DeviceKind} kind
   * @param {PermissionState} state
   */
  #allowed(kind, state) {
    const source = this[kind];
    if (state !== 'granted' || !source.problem?.code.endsWith('-denied')) return;
    Object.assign(source, { on: true, available: true, problem: null });
    void this.open();
  }

  /** @param {DeviceKind} kind @returns {Promise<string>} 'unknown' where the browser cannot say */
  async #permission(kind) {
    try {
      const name = /** @type {PermissionName} */ (/** @type {string} */ (kind));
      return (await this.permissions?.query({ name }))?.state ?? 'unknown';
    } catch {
      return 'unknown';
    }
  }

  /** @param {MediaStream} stream */
  #take(stream) {
    for (const track of stream.getTracks()) this.#adopt(track.kind === 'video' ? 'camera' : 'microphone', track);
  }

  /**
   * @param {DeviceKind} kind
   * @param {MediaStreamTrack} track
   */
  #adopt(kind, track) {
    const source = this[kind];
    if (kind === 'camera' && !source.on) return track.stop(); // switched off while the browser was asking
    Object.assign(source, { track, available: true, problem: null });
    if (kind === 'microphone') track.enabled = source.on;
    else this.preview.addTrack(track);
    track.addEventListener('ended', () => this.#lost(kind, track));
  }

  /**
   * The device went away by itself: unplugged, or taken by the system. Another one of the kind steps in if there is one.
   * @param {DeviceKind} kind
   * @param {MediaStreamTrack} track
   */
  #lost(kind, track) {
    if (this[kind].track !== track) return;
    this.#release(kind);
    this.chosen[kind] = '';
    this.#fail(this[kind], new Problem(`${kind}-lost`));
    if (this[kind].on) this.open();
  }

  /** @param {DeviceKind} kind */
  #release(kind) {
    const { track } = this[kind];
    if (!track) return;
    this[kind].track = null;
    if (kind === 'camera') this.preview.removeTrack(track);
    track.stop();
  }

  /** @param {MediaStream} stream */
  #showScreen(stream) {
    const [track] = stream.getVideoTracks();
    track.contentHint = this.screenHint;
    this.screenSound = stream.getAudioTracks()[0] ?? null;
    for (const each of stream.getTracks()) this.screenPreview.addTrack(each);
    track.addEventListener('ended', () => {
      if (this.screen.track === track) this.stopScreen();
    });
    Object.assign(this.screen, { on: true, track, available: true, problem: null });
    this.#changed();
  }

  /** @param {DeviceKind[]} kinds */
  #noDevices(kinds) {
    const problem = new Problem(this.secure ? 'browser-too-old' : 'insecure-origin');
    for (const kind of kinds) Object.assign(this[kind], { on: false, available: false, problem });
    this.#fail(this[kinds[0]], problem);
  }

  /**
   * @param {Source} source
   * @param {Problem} problem
   */
  #fail(source, problem) {
    const gone = !problem.code.endsWith('-in-use') && !problem.code.endsWith('-lost') && source !== this.screen;
    Object.assign(source, { problem, available: source === this.screen ? source.available : !gone });
    if (!source.track && !problem.code.endsWith('-lost')) source.on = false;
    this.#changed();
    this.dispatchEvent(new CustomEvent('problem', { detail: { problem } }));
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
