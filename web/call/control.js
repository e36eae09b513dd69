/**
 * Messages between two pages that survive the connection they travel on: numbered, acknowledged, and said again on the
 * next channel when the connection had to be built anew. Over data channels, so the hub never sees them. Leaves out
 * what the messages mean.
 *
 * @typedef {{ type: string, [field: string]: unknown }} ControlMessage
 * @typedef {{ n?: number, a: number, m?: ControlMessage }} Frame  n: its number, a: the last number heard, m: the message;
 *   a frame without `n` is a beat: it acknowledges and shows that the path is alive
 */

/** Waiting for an acknowledgement; more means the other side is gone, and then so is the call. */
const OUTBOX_LIMIT = 2_000;
/** Beats are pointless behind a queue: they would all arrive together. */
const BEAT_BACKLOG = 16_384;

export class Control {
  /** @param {(message: ControlMessage) => void} onmessage */
  constructor(onmessage) {
    this.onmessage = onmessage;
    /** @type {RTCDataChannel[]} of the connection in use and the one built beside it, the newest last */
    this.channels = [];
    /** @type {{ n: number, m: ControlMessage }[]} said, not acknowledged yet */
    this.outbox = [];
    this.said = 0;
    this.heard = 0;
  }

  /** @param {RTCDataChannel} channel of the newest connection; earlier ones are still listened to */
  attach(channel) {
    this.channels = [...this.channels.filter(({ readyState }) => readyState !== 'closed'), channel];
    channel.onopen = () => this.#sayAgain(channel);
    channel.onmessage = ({ data }) => this.#receive(data);
    if (channel.readyState === 'open') this.#sayAgain(channel);
  }

  /** @param {ControlMessage} message */
  send(message) {
    this.said += 1;
    const frame = { n: this.said, m: message };
    this.outbox.push(frame);
    if (this.outbox.length > OUTBOX_LIMIT) this.outbox.shift();
    this.#write(this.#open, { ...frame, a: this.heard });
  }

  /** A sign of life, once a second. */
  beat() {
    const channel = this.#open;
    if (channel && channel.bufferedAmount < BEAT_BACKLOG) this.#write(channel, { a: this.heard });
  }

  /** The page at the other end is a new one: it heard nothing and will count anew. */
  reset() {
    this.outbox.length = 0;
    this.said = 0;
    this.heard = 0;
    this.channels = [];
  }

  get #open() {
    return this.channels.findLast(({ readyState }) => readyState === 'open') ?? null;
  }

  /** @param {RTCDataChannel} channel */
  #sayAgain(channel) {
    for (const frame of this.outbox) this.#write(channel, { ...frame, a: this.heard });
  }

  /**
   * @param {RTCDataChannel | null} channel
   * @param {Frame} frame
   */
  #write(channel, frame) {
    if (channel?.readyState !== 'open') return;
    try {
      channel.send(JSON.stringify(frame));
    } catch {
      // A full or closing channel: the message stays in the outbox and goes out on the next one.
    }
  }

  /** @param {unknown} data */
  #receive(data) {
    const frame = parse(data);
    if (!frame) return;
    const acknowledged = frame.a;
    while (this.outbox.length > 0 && this.outbox[0].n <= acknowledged) this.outbox.shift();
    if (frame.n === undefined || frame.n <= this.heard || !frame.m) return;
    this.heard = frame.n;
    this.onmessage(frame.m);
  }
}

/**
 * @param {unknown} data
 * @returns {Frame | null} null for anything a page of ours would not have sent
 */
function parse(data) {
  try {
    const frame = JSON.parse(String(data));
    const sound = Number.isInteger(frame.a) && (frame.n === undefined || Number.isInteger(frame.n))
      && (frame.m === undefined || typeof frame.m?.type === 'string');
    return sound ? frame : null;
  } catch {
    return null;
  }
}
