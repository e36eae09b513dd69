/**
 * Camera, microphone and speaker, looked at only when asked: a test of the network needs no permission.
 */

import { Media } from '../../call/media.js';
import { part } from '../dom.js';
import { Meter, VOICE } from '../meter.js';
import { deviceProblems, showNotices } from '../notices.js';
import { pickers } from '../pickers.js';
import { say } from '../words.js';

/** Ten looks a second, as in the lobby. */
const METER_EVERY = 100;

export class DeviceTest {
  /**
   * @param {HTMLElement} view
   * @param {import('../prefs.js').Prefs} prefs
   */
  constructor(view, prefs) {
    this.view = view;
    this.prefs = prefs;
    /** @type {Media | null} */
    this.media = null;
    this.heard = false;
    /** @type {'not asked' | 'yes' | 'no'} whether the tone was heard */
    this.speaker = 'not asked';
    part(view, 'open-devices').addEventListener('click', () => this.#open(), { once: true });
  }

  /** For the report. @returns {string[]} */
  get words() {
    if (!this.media) return ['devices: not tried'];
    const { camera, microphone } = this.media;
    const device = (/** @type {import('../../call/media.js').Source} */ { track, problem }) => (track ? 'ok' : problem?.code ?? 'off');
    return [`camera: ${device(camera)}; microphone: ${device(microphone)}, ${this.heard ? 'heard' : 'nothing heard'}; speaker heard: ${this.speaker}`];
  }

  #open() {
    const { view } = this;
    const media = this.media = new Media();
    Object.assign(media.chosen, { microphone: this.prefs.microphone, camera: this.prefs.camera });
    part(view, 'open-devices').hidden = true;
    part(view, 'devices').hidden = false;
    const choices = pickers({ media, prefs: this.prefs, useSpeaker: () => {} }, new AbortController().signal);
    part(view, 'pickers').append(choices);
    part(choices, 'test-sound').addEventListener('click', () => { part(view, 'speaker-question').hidden = false; });
    for (const answer of part(view, 'speaker-question').querySelectorAll('input')) {
      answer.addEventListener('change', () => this.#answered(/** @type {'yes' | 'no'} */ (answer.value)));
    }
    media.addEventListener('change', () => this.#show(media));
    this.#show(media);
    this.#listen(media);
    void media.open();
  }

  /** @param {Media} media */
  #show(media) {
    const picture = part(this.view, 'picture', HTMLVideoElement);
    if (picture.srcObject !== media.preview) picture.srcObject = media.preview;
    picture.hidden = media.camera.track === null;
    part(this.view, 'empty').hidden = media.camera.track !== null;
    showNotices(part(this.view, 'notices'), deviceProblems(media));
    this.#showHeard();
  }

  /** @param {Media} media */
  #listen(media) {
    const meter = new Meter();
    setInterval(() => {
      const level = meter.level(media.microphone.track);
      part(this.view, 'meter').style.setProperty('--voice-level', level.toFixed(2));
      if (this.heard || level < VOICE) return;
      this.heard = true;
      this.#showHeard();
    }, METER_EVERY);
  }

  #showHeard() {
    if (this.media?.microphone.track) say(part(this.view, 'heard'), this.heard ? 'test.heard' : 'test.speak');
  }

  /** @param {'yes' | 'no'} answer */
  #answered(answer) {
    this.speaker = answer;
    say(part(this.view, 'speaker-answer'), `test.speaker.${answer}`);
  }
}
