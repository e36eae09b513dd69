/**
 * Brings a reloaded, or mistakenly closed and reopened, tab back to its seat. The token is put into the tab's storage
 * only when the page goes away and taken out when it comes back: a tab that is duplicated meanwhile must not bring a
 * copy that pushes the first one off its seat.
 */
const KEY = 'callbox-seat';

export class TabSeats {
  /**
   * @param {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>} storage of the tab
   * @param {EventTarget} page fires 'pagehide'
   */
  constructor(storage, page) {
    this.storage = storage;
    /** @type {{ room: string, seat: string } | null} */
    this.held = this.#take();
    page.addEventListener('pagehide', () => this.#put());
  }

  /** @param {string} room @returns {string | undefined} */
  read(room) {
    return this.held?.room === room ? this.held.seat : undefined;
  }

  /**
   * @param {string} room
   * @param {string | undefined} seat undefined: got up
   */
  write(room, seat) {
    this.held = seat === undefined ? null : { room, seat };
  }

  #take() {
    try {
      const { room, seat } = JSON.parse(this.storage.getItem(KEY) ?? '{}');
      this.storage.removeItem(KEY);
      return typeof room === 'string' && typeof seat === 'string' ? { room, seat } : null;
    } catch {
      return null; // storage refused, or somebody else's value
    }
  }

  #put() {
    try {
      if (this.held) this.storage.setItem(KEY, JSON.stringify(this.held));
    } catch {
      // Refused: the tab comes back as a newcomer.
    }
  }
}
