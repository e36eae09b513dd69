/**
 * A file on its way to somebody: offered, then sent block by block over one lane or several, as the other side writes them
 * down. What a lane had under way when it broke is sent again; what a reloaded page has already is not.
 */
import { Problem } from '../problem.js';
import { BLOCK, messages } from './frames.js';
import { Ledger } from './ledger.js';
import { Transfer } from './transfer.js';

/** @typedef {import('./line.js').FileLine} Lane */

/** Enough in the browser's queue to keep the path busy while the page is, little enough that a cancel takes effect at once. */
const QUEUE_LEAST = 1 << 20;
const QUEUE_MOST = 4 << 20;
/** What the queue holds takes so long at the rate of the last seconds, in seconds. */
const QUEUE_FOR = 0.25;
/** Of that, when the page fills it again: there is time left to wake up, and being woken seldom saves the path its processor (measured). */
const QUEUE_LOW = 1 / 8;

export class Outgoing extends Transfer {
  /**
   * @param {import('./transfer.js').What} what
   * @param {import('./source.js').Thing | null} thing null: it has to be chosen again
   * @param {import('./transfer.js').Parts} parts
   */
  constructor(what, thing, parts) {
    super('out', what, parts);
    this.thing = thing;
    if (!thing) this.state = /** @type {import('./transfer.js').TransferState} */ ('interrupted');
    this.ledger = new Ledger(this.size);
    /** Of runs: only the newest one goes on. */
    this.turn = 0;
    /** Lanes of this run. */
    this.pumps = 0;
    /** @type {(() => void)[]} wait until there may be something to do again */
    this.sleepers = [];
  }

  offer() {
    const { id, name, size, modified, count, thing } = this;
    if (!thing) return;
    this.parts.disk.take(id, thing).catch((cause) => this.fail(cause));
    this.parts.say({ type: 'file-offer', id, name, size, modified, count });
  }

  /**
   * The file of before, chosen again after this page was reloaded.
   * @param {import('./source.js').Thing} thing
   * @param {number} size
   * @returns {boolean} false: it is another one
   */
  again(thing, size) {
    if (this.state !== 'interrupted' || size !== this.size) return false;
    this.thing = thing;
    this.become('waiting');
    this.offer();
    return true;
  }

  /** The receiver's page is a new one: it says itself what it has. */
  orphaned() {
    if (this.ended || this.state === 'interrupted') return;
    this.#stop();
    Object.assign(this, { rate: 0, paused: { you: false, peer: false } });
    this.become('waiting');
    this.offer();
  }

  /** @param {import('../control.js').ControlMessage} message */
  heard(message) {
    super.heard(message);
    if (this.ended) return;
    const { type, at, held, check, prefix } = message;
    if (type === 'file-decline') this.end('declined');
    if (type === 'file-accept') this.#accepted(position(at, this.size), prefix).catch((cause) => this.fail(cause));
    if (type === 'file-ack') this.#acknowledged(position(at, this.size), position(held, this.size));
    if (type === 'file-again') this.#repeat(position(at, this.size));
    if (type === 'file-done') this.#done(check).catch((cause) => this.fail(cause));
  }

  go() {
    if (!this.held) return this.#queue();
    this.parts.turns.leave(this);
    super.go();
  }

  /** Uses as many lanes as there are by now. */
  widen() {
    if (this.state !== 'running') return;
    const { turn, peer: { fileLanes } } = this;
    while (this.pumps < fileLanes.width) {
      this.#pump(fileLanes.lane(this.pumps), turn).catch((cause) => {
        if (turn === this.turn) this.fail(cause);
      });
      this.pumps += 1;
    }
  }

  release() {
    this.#stop();
    super.release();
  }

  /**
   * @param {number} at
   * @param {unknown} prefix the check of what the receiver has
   */
  async #accepted(at, prefix) {
    this.#stop();
    const { turn } = this;
    this.ledger = new Ledger(this.size, at);
    this.sent = at;
    if (at > 0) {
      this.become('checking');
      if (await this.parts.disk.prefix(this.id, at) !== prefix) throw new Problem('file-changed');
      if (turn !== this.turn) return;
    }
    if (at === this.size) return this.become('checking');
    this.#queue();
  }

  /** Waits for its turn among the files to this person. */
  #queue() {
    this.samples.length = 0;
    this.become('queued');
    this.parts.turns.enter(this, () => {
      this.become('running');
      this.#wake();
      this.widen();
    });
  }

  #stop() {
    this.turn += 1;
    this.pumps = 0;
    this.parts.turns.leave(this);
    this.#wake();
  }

  /**
   * One lane's work, over however many connections it has one after the other.
   * @param {Lane} lane
   * @param {number} turn
   */
  async #pump(lane, turn) {
    while (turn === this.turn) {
      const carrier = await lane.takeChannel(this.id);
      const { channel, connection } = carrier;
      try {
        this.#use(channel);
        await this.#drain(channel, turn, connection.maxMessageSize);
      } finally {
        lane.giveBack(carrier);
      }
    }
  }

  /** @param {RTCDataChannel} channel */
  #use(channel) {
    channel.onbufferedamountlow = () => this.#wake();
    channel.onclose = () => {
      this.ledger.lost(channel);
      this.#wake();
    };
  }

  /**
   * @param {RTCDataChannel} channel
   * @param {number} turn
   * @param {number} most bytes that a message may carry
   */
  async #drain(channel, turn, most) {
    const { pace } = this.parts;
    let ahead = this.#block(channel, turn);
    for (let spare; ;) {
      const block = await ahead;
      if (!block) return;
      ahead = this.#block(channel, turn, spare);
      ahead.catch(() => {}); // reported when its turn comes
      for (const message of messages(block, () => Math.min(most, pace.payload))) {
        await this.#pace(message.length);
        if (!(await this.#until(() => !this.held && this.#takes(channel), channel, turn))) return;
        channel.send(/** @type {any} */ (message)); // one signature for each of both kinds
      }
      spare = block.bytes.buffer;
    }
  }

  /** Whether the browser's queue has room for more, and if not, that it says so when it has. @param {RTCDataChannel} channel */
  #takes(channel) {
    const queue = Math.min(Math.max(this.rate * QUEUE_FOR, QUEUE_LEAST), QUEUE_MOST, this.parts.pace.queue);
    if (channel.bufferedAmount <= queue) return true;
    channel.bufferedAmountLowThreshold = queue * QUEUE_LOW;
    return false;
  }

  /**
   * @param {RTCDataChannel} channel
   * @param {number} turn
   * @param {ArrayBuffer} [spare] what an earlier block was in
   * @returns {Promise<import('./frames.js').Block | null>} null: this channel has nothing more to do
   */
  async #block(channel, turn, spare) {
    let at = /** @type {number | null} */ (null);
    const found = await this.#until(() => {
      at = this.held ? null : this.ledger.take(channel);
      return at !== null;
    }, channel, turn);
    return found && at !== null ? this.parts.disk.read(this.id, at, spare) : null;
  }

  /**
   * @param {() => boolean} ready
   * @param {RTCDataChannel} channel
   * @param {number} turn
   * @returns {Promise<boolean>} false: this channel's work is over
   */
  async #until(ready, channel, turn) {
    for (;;) {
      if (turn !== this.turn || channel.readyState !== 'open') return false;
      if (ready()) return true;
      await new Promise((wake) => { this.sleepers.push(() => wake(null)); });
    }
  }

  #wake() {
    for (const wake of this.sleepers.splice(0)) wake();
  }

  /** @param {number} bytes */
  async #pace(bytes) {
    const { pace, clock, disk } = this.parts;
    for (let wait = pace.take(clock.now(), bytes); wait > 0; wait = pace.take(clock.now(), bytes)) await disk.pause(wait);
  }

  /**
   * @param {number} at written down
   * @param {number} held arrived
   */
  #acknowledged(at, held) {
    this.ledger.settle(at);
    this.progress(Math.max(this.sent, held));
    if (at === this.size && this.state === 'running') this.become('checking');
    this.#wake();
  }

  /** @param {number} at */
  #repeat(at) {
    this.ledger.repeat(at - (at % BLOCK));
    this.#wake();
  }

  /** @param {unknown} check as the receiver computed it */
  async #done(check) {
    const own = await this.parts.disk.prefix(this.id, this.size);
    if (this.ended) return;
    if (check !== own) throw new Problem('file-hash');
    this.sent = this.size;
    this.end('done');
  }
}

/**
 * @param {unknown} at
 * @param {number} size
 * @returns {number} a place in the file, whatever the other side says
 */
function position(at, size) {
  if (!Number.isInteger(at) || Number(at) < 0 || Number(at) > size) throw new Problem('file-failed', at);
  return Number(at);
}
