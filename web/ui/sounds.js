/**
 * What is heard: one <audio> for each stream, apart from the pictures, so that moving a tile never cuts a voice.
 */

export class Sounds {
  /**
   * @param {HTMLElement} place   in the document, not shown
   * @param {(held: boolean) => void} onHeld  the browser wants a touch first, or no longer
   */
  constructor(place, onHeld) {
    this.place = place;
    this.onHeld = onHeld;
    this.speaker = '';
    /** @type {Map<MediaStream, HTMLAudioElement>} */
    this.players = new Map();
  }

  /** @param {MediaStream} stream */
  add(stream) {
    const player = document.createElement('audio');
    player.autoplay = true;
    player.srcObject = stream;
    this.players.set(stream, player);
    this.place.append(player);
    this.#route(player);
    this.#play(player);
    // A track that comes later starts by autoplay, which may be refused in silence: ask aloud.
    stream.addEventListener('addtrack', () => this.#play(player));
  }

  /** @param {MediaStream} stream */
  remove(stream) {
    const player = this.players.get(stream);
    if (player) player.srcObject = null;
    player?.remove();
    this.players.delete(stream);
  }

  /** After a touch, or when the page is seen again. */
  async playAll() {
    this.onHeld(false);
    await Promise.all([...this.players.values()].map((player) => this.#play(player)));
  }

  /** @param {string} id of the speaker, '' for the browser's choice */
  useSpeaker(id) {
    this.speaker = id;
    for (const player of this.players.values()) this.#route(player);
  }

  end() {
    for (const stream of [...this.players.keys()]) this.remove(stream);
  }

  /** @param {HTMLAudioElement} player */
  async #play(player) {
    try {
      await player.play();
    } catch (cause) {
      if (cause instanceof Error && cause.name === 'NotAllowedError') this.onHeld(true);
    }
  }

  /** @param {HTMLAudioElement} player */
  #route(player) {
    if (this.speaker || 'sinkId' in player) player.setSinkId?.(this.speaker).catch(() => {});
  }
}
