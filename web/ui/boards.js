/**
 * Opens and closes the whiteboard, here and after somebody else. The board itself is fetched when it is first needed.
 */

import { toast } from './toasts.js';

/** @typedef {import('../call/call.js').Call} Call */
/** @typedef {import('../call/peer.js').Peer} Peer */

/** On the stage it counts as a shared screen. */
const KEY = 'board/screen';

export class Boards {
  /**
   * @param {Call} call
   * @param {import('./stage.js').Stage} stage
   * @param {{changed: () => void, signal: AbortSignal}} how  `changed`: opened or closed here
   */
  constructor(call, stage, { changed, signal }) {
    this.call = call;
    this.stage = stage;
    this.changed = changed;
    this.signal = signal;
    /** @type {Promise<import('./board/view.js').BoardView> | null} from the first opening on */
    this.view = null;
    /** Whether it hears what the others say; before that it knows nothing. */
    this.ready = false;
    /** @type {WeakSet<Peer>} on whose page it is open */
    this.open = new WeakSet();
    call.addEventListener('said', (event) => this.#answerEmpty(/** @type {CustomEvent} */ (event).detail), { signal });
  }

  toggle() {
    if (this.call.talk.gestures.board) this.#close();
    else this.#open();
  }

  /** Somebody opened it: it opens here too, once. @param {Peer} peer */
  follow(peer) {
    const { board } = peer.gestures;
    if (board && !this.open.has(peer)) {
      this.open.add(peer);
      if (this.call.talk.gestures.board) return;
      toast('board.opened', { name: peer.name });
      this.#open();
    } else if (!board) {
      this.open.delete(peer);
    }
  }

  async #open() {
    this.call.gesture({ board: true });
    this.changed();
    this.view ??= this.#make();
    const view = await this.view;
    if (!this.call.talk.gestures.board || this.signal.aborted) return; // thought better of it meanwhile
    view.repaint();
    this.stage.host(KEY, view);
  }

  #close() {
    this.call.gesture({ board: false });
    this.stage.dismiss(KEY);
    this.changed();
  }

  async #make() {
    const { BoardView } = await import('./board/view.js');
    const view = new BoardView({ call: this.call, onClose: () => this.#close(), onPin: () => this.stage.pin(KEY) });
    this.signal.addEventListener('abort', () => view.forget());
    this.ready = true;
    return view;
  }

  /** Who has no board knows of no lines, and says so: the one who asks need not wait. @param {{peer: Peer, message: {type: string}}} said */
  #answerEmpty({ peer, message }) {
    if (message.type === 'board-ask' && !this.ready) peer.say({ type: 'board-acts', acts: [], end: true });
  }
}
