/**
 * One connection of a pair that carries files, built when first wanted and watched like the call's: its own SCTP
 * association, so that nothing of the call waits behind a file.
 */
import { Control } from '../control.js';
import { Line } from '../line.js';

/** @typedef {Pick<import('../line.js').LineOptions, 'browser' | 'clock' | 'offerer' | 'config' | 'signal' | 'onconnected'>} FileLineOptions */

/**
 * What carries one file at a time: the one it is named for, and after each text the one that the text names.
 * @typedef {{ channel: RTCDataChannel, connection: import('../connection.js').Connection }} Carrier
 */

/** With every look of the watchdog. */
const BEAT_EVERY = 450;
/** More than any sender of ours has open at a time. A stranger's are closed beyond that. */
const MOST_CHANNELS = 32;
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
    /** @type {Carrier[]} carry nothing */
    this.idle = [];
    this.line = new Line({
      ...options,
      name,
      media: false,
      startKbit: () => 0, // there is no picture to begin with
      onbuilt: (connection) => {
        this.control.attach(connection.control);
        hear(connection.rtc, onchannel);
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
   * A channel for one file: one whose file is through, or another one. None is ever closed, because the next one would get
   * its stream: Firefox, still busy with the closing, then takes nothing of it (one file in fifteen stood still).
   * @param {string} file
   * @returns {Promise<Carrier>} settled once it is open
   */
  async takeChannel(file) {
    if (!this.line.current) this.line.request();
    for (;;) {
      const connection = await this.line.connected();
      const idle = this.#idleOn(connection);
      if (idle) {
        idle.channel.send(file);
        return idle;
      }
      const channel = connection.rtc.createDataChannel(file);
      channel.binaryType = 'arraybuffer';
      await new Promise((settle) => { channel.onopen = channel.onclose = settle; });
      if (channel.readyState === 'open') return { channel, connection };
      await new Promise((resume) => { this.clock.after(TRY_AGAIN, () => resume(null)); });
    }
  }

  /** @param {Carrier} carrier its file needs it no more */
  giveBack(carrier) {
    Object.assign(carrier.channel, { onclose: null, onbufferedamountlow: null });
    this.idle.push(carrier);
  }

  /** @param {Carrier['connection']} connection @returns {Carrier | null} */
  #idleOn(connection) {
    this.idle = this.idle.filter(({ channel }) => channel.readyState === 'open');
    const found = this.idle.findIndex((carrier) => carrier.connection === connection);
    return found < 0 ? null : this.idle.splice(found, 1)[0];
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

/**
 * @param {RTCPeerConnection} rtc
 * @param {(channel: RTCDataChannel) => void} onchannel
 */
function hear(rtc, onchannel) {
  let open = 0;
  rtc.ondatachannel = ({ channel }) => {
    open += 1;
    channel.onclose = () => { open -= 1; };
    if (open > MOST_CHANNELS) channel.close();
    else onchannel(channel);
  };
}
