/**
 * The connections of a pair that carry files: one to begin with, more where the way is long. Each is watched and built anew
 * by itself; both pages know them by their names on the wire.
 */
import { FileLine } from './line.js';
import { Width } from './width.js';

const NAMES = Object.freeze(['files', 'files-2', 'files-3', 'files-4']);

export class FileLanes {
  /**
   * @param {import('./line.js').FileLineOptions} options
   * @param {(channel: RTCDataChannel) => void} onchannel the other side opened one
   */
  constructor(options, onchannel) {
    this.options = options;
    this.onchannel = onchannel;
    /** @type {FileLine[]} */
    this.lanes = [];
    this.plan = new Width();
  }

  /** @param {string} connection a name on the wire */
  static knows(connection) {
    return NAMES.includes(connection);
  }

  /** How many may be used now. */
  get width() {
    return this.plan.lanes;
  }

  /** @param {number} n from 0; built when first asked for */
  lane(n) {
    const { options, onchannel } = this;
    this.lanes[n] ??= new FileLine(NAMES[n], options, onchannel);
    return this.lanes[n];
  }

  /** @param {import('../messages.js').SignalPayload} payload */
  receive(payload) {
    this.lane(NAMES.indexOf(payload.connection)).receive(payload);
  }

  /**
   * How the files to this person fare.
   * @param {number} rate bytes a second
   * @param {boolean} free nothing holds them back
   */
  look(rate, free) {
    this.plan.look({ now: this.options.clock.now(), rtt: this.lanes[0]?.line.stats?.rtt ?? null, rate, free });
  }

  /** The hub's word on who makes the offers. @param {boolean} offerer */
  set offerer(offerer) {
    this.options.offerer = offerer;
    this.each((lane) => { lane.line.offerer = offerer; });
  }

  /** @param {boolean} canSignal */
  async tick(canSignal) {
    await Promise.all(this.lanes.map((lane) => lane.tick(canSignal)));
  }

  /** @param {(lane: FileLine) => void} run */
  each(run) {
    this.lanes.forEach(run);
  }

  close() {
    this.each((lane) => lane.close());
  }
}
