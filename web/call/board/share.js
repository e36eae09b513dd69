/**
 * The whiteboard among the people of a call: own acts go to everybody, everybody's acts come in, and a page that opens
 * the board asks one person after the other for what it does not know. Nothing passes the server.
 *
 * Said over the control channel: `board` {act} · `board-ask` {seen} · `board-acts` {acts, end}: the answer, in pieces.
 */
import { BoardLog } from './log.js';

/** @typedef {import('../call.js').Call} Call */
/** @typedef {import('../peer.js').Peer} Peer */
/** @typedef {import('./log.js').Act} Act */

/** Numbers in one piece of an answer: some 20 KB of text, so that a beat in between is not late. */
const PIECE = 4000;

/** Events: 'change' {act}: what is to be seen has changed, by this act. */
export class SharedBoard extends EventTarget {
  /** @param {Call} call */
  constructor(call) {
    super();
    this.call = call;
    this.log = new BoardLog(call.instance);
    /** @type {Peer[]} who has not been asked yet, or is being asked: the first one */
    this.asked = [...call.peers.values()];
    this.ending = new AbortController();
    const { signal } = this.ending;
    call.addEventListener('said', (event) => this.#heard(/** @type {CustomEvent} */ (event).detail), { signal });
    call.addEventListener('peer-left', (event) => this.#answered(/** @type {CustomEvent} */ (event).detail.peer), { signal });
    this.#ask();
  }

  /** @param {{ colour: number, width: number, points: number[] }} line */
  begin(line) {
    this.#tell(this.log.begin(line));
  }

  /** @param {number[]} points */
  draw(points) {
    this.#tell(this.log.draw(points));
  }

  undo() {
    this.#tell(this.log.undo());
  }

  clear() {
    this.#tell(this.log.clear());
  }

  end() {
    this.ending.abort();
  }

  /** @param {Act | null} act */
  #tell(act) {
    if (!act) return;
    this.call.sayAll({ type: 'board', act });
    this.#changed(act);
  }

  /** @param {{ peer: Peer, message: import('../control.js').ControlMessage }} said */
  #heard({ peer, message }) {
    if (message.type === 'board') this.#take(peer, message.act);
    else if (message.type === 'board-ask') this.#answer(peer, message.seen);
    else if (message.type === 'board-acts') {
      for (const act of Array.isArray(message.acts) ? message.acts : []) this.#take(peer, act);
      if (message.end === true) this.#answered(peer);
    }
  }

  /**
   * @param {Peer} peer
   * @param {unknown} given
   */
  #take(peer, given) {
    const news = this.log.take(given);
    if (news === 'new') this.#changed(/** @type {Act} */ (given));
    // Something was said before this page listened: whoever says what comes after it has it.
    if (news === 'gap' && !this.asked.includes(peer)) {
      this.asked.push(peer);
      if (this.asked.length === 1) this.#ask();
    }
  }

  /**
   * @param {Peer} peer
   * @param {unknown} seen
   */
  #answer(peer, seen) {
    const acts = this.log.missing(/** @type {import('./log.js').Seen} */ (seen !== null && typeof seen === 'object' ? seen : {}));
    let piece = /** @type {Act[]} */ ([]);
    let weight = 0;
    for (const act of acts) {
      piece.push(act);
      weight += 20 + (act.points?.length ?? 0);
      if (weight < PIECE) continue;
      peer.say({ type: 'board-acts', acts: piece, end: false });
      piece = [];
      weight = 0;
    }
    peer.say({ type: 'board-acts', acts: piece, end: true });
  }

  #ask() {
    this.asked[0]?.say({ type: 'board-ask', seen: this.log.seen });
  }

  /** @param {Peer} peer answered, or left */
  #answered(peer) {
    const first = this.asked[0] === peer;
    this.asked = this.asked.filter((other) => other !== peer);
    if (first) this.#ask();
  }

  /** @param {Act} act */
  #changed(act) {
    this.dispatchEvent(new CustomEvent('change', { detail: { act } }));
  }
}
