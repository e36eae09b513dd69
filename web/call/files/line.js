/**
 * One connection of a pair that carries files, built when first wanted and watched like the call's: its own SCTP
 * association, so that nothing of the call waits behind a file.
 */
import { Control } from '../control.js';
import { Line } from '../line.js';

/** @typedef {Pick<import('../line.js').LineOptions, 'browser' | 'clock' | 'offerer' | 'config' | 'signal' | 'onconnected'>} FileLineOptions */

/** With every look of the watchdog. */
const BEAT_EVERY = 450;
/** A channel that closed before it opened: its connection is being replaced. */
const TRY_AGAIN = 500;

export class FileLine {
  /**
   * @param {string} name on the wire
   * @param {FileLineOptions} options
   * @param {(channel: RTCDataChannel) => void} onchannel the other side opened one
   */
  constructor(name, options, onchannel) {
    this.clock = options.clock;
    /** Only for its beats: they show that the path lives while no file runs. */
    this.control = new Control(() => {});
    this.lastBeat = -Infinity;
    this.line = new Line({
      ...options,
      name,
      media: false,
      startKbit: () => 0, // there is no picture to begin with
      onbuilt: (connection) => {
        this.control.attach(connection.control);
        connection.rtc.ondatachannel = ({ channel }) => onchannel(channel);
      },
      onused: () => {},
      onunreachable: () => {},
    });
  }

  /** @param {import('../messages.js').SignalPayload} payload */
  receive(payload) {
    this.line.receive(payload);
  }

  /**
   * @param {string} label
   * @returns {Promise<{ channel: RTCDataChannel, maxMessageSize: number }>} settled once it is open
   */
  async openChannel(label) {
    if (!this.line.current) this.line.request();
    for (;;) {
      const connection = await this.line.connected();
      const channel = connection.rtc.createDataChannel(label);
      channel.binaryType = 'arraybuffer';
      await new Promise((settle) => { channel.onopen = channel.onclose = settle; });
      if (channel.readyState === 'open') return { channel, maxMessageSize: connection.maxMessageSize };
      await new Promise((resume) => { this.clock.after(TRY_AGAIN, () => resume(null)); });
    }
  }

  /** @param {boolean} canSignal */
  async tick(canSignal) {
    const now = this.clock.now();
    if (now - this.lastBeat >= BEAT_EVERY) {
      this.lastBeat = now;
      this.control.beat();
    }
    await this.line.tick(canSignal);
  }

  close() {
    this.line.close();
  }
}
