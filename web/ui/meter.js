/**
 * How loud your own microphone is, for the meter before the call and the ring within it. Listens to the track that is
 * there anyway; opens nothing and sends nothing.
 */

/** Quieter than this is a room's noise, not a voice. */
export const VOICE = 0.25;
/** Samples of one look: most of the tenth of a second since the last, so that no short sound falls between two looks. */
const SPAN = 4096;

export class Meter {
  constructor() {
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {AnalyserNode | null} */
    this.analyser = null;
    /** @type {MediaStreamTrack | null} */
    this.track = null;
    this.samples = new Uint8Array(SPAN);
  }

  /**
   * The level now, 0 to 1.
   * @param {MediaStreamTrack | null} track
   */
  level(track) {
    if (track !== this.track) this.#listenTo(track);
    if (!this.analyser || !track?.enabled) return 0;
    this.analyser.getByteTimeDomainData(this.samples);
    let sum = 0;
    for (const sample of this.samples) sum += ((sample - 128) / 128) ** 2;
    // The root hears like an ear does: a quiet voice already moves the meter.
    return Math.min(1, Math.sqrt(Math.sqrt(sum / this.samples.length)) * 1.4);
  }

  end() {
    this.#listenTo(null);
    this.context?.close().catch(() => {});
    this.context = null;
  }

  /** @param {MediaStreamTrack | null} track */
  #listenTo(track) {
    this.track = track;
    this.analyser?.disconnect();
    this.analyser = null;
    if (!track || typeof AudioContext === 'undefined') return;
    this.context ??= new AudioContext();
    // A browser may hold it back until the first touch of the page; then the meter starts.
    if (this.context.state === 'suspended') this.context.resume().catch(() => {});
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = this.samples.length;
    this.context.createMediaStreamSource(new MediaStream([track])).connect(this.analyser);
  }
}
