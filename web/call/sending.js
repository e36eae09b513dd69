/**
 * What this page sends to each person and within which bounds: what is switched on, what its person chose, what the machine
 * encodes without effort, what the relay may still carry. The bounds are weighed in `adapt.js`; here are their facts.
 */
import { limitsFor, spareFor } from './adapt.js';
import { isModest, measure, ordered, preferred } from './codecs.js';

/** @typedef {import('./peer.js').Peer} Peer */

/** What every browser has: VP8, and how a lost packet is asked for again. */
const BRIEF = /^video\/(VP8|rtx)$/i;

export class Sending {
  /**
   * @param {object} parts
   * @param {import('./settings.js').Settings} parts.settings
   * @param {import('./media.js').Media} parts.media
   * @param {() => Peer[]} parts.everybody
   * @param {boolean} parts.brief   name no more codecs than a call needs
   */
  constructor({ settings, media, everybody, brief }) {
    this.brief = brief;
    this.settings = settings;
    this.media = media;
    this.everybody = everybody;
    /** @type {import('./adapt.js').Preset} */
    this.preset = 'auto';
    /** Codecs this machine encodes in hardware. @type {ReadonlySet<string>} */
    this.efficient = new Set();
    void measure(globalThis.navigator?.mediaCapabilities).then((efficient) => { this.efficient = efficient; });
    /** What the hub's relay may still carry in this month. @type {import('./messages.js').RelayLeft} */
    this.relayLeft = 'plenty';
  }

  /** Whether pictures go and come at all. */
  get pictures() {
    return this.preset !== 'audio';
  }

  /** What is spared, with anybody here, because the relay has little left for this month. @returns {import('./adapt.js').Spare} */
  get spared() {
    return spareFor(this.relayLeft, this.everybody().some(({ relayed }) => relayed));
  }

  /**
   * Spares the network, or the eyes; the others' pages hear of it and send accordingly.
   * @param {import('./adapt.js').Preset} preset
   */
  usePreset(preset) {
    this.preset = preset;
    for (const peer of this.everybody()) void peer.preset();
  }

  /**
   * The hub's word about its relay.
   * @param {string} said
   * @returns {boolean} whether that is news
   */
  relayHas(said) {
    const left = relayLeft(said);
    if (left === this.relayLeft) return false;
    this.relayLeft = left;
    for (const peer of this.everybody()) void peer.limit();
    return true;
  }

  /** All bounds of what goes to this person. @param {Peer} peer */
  limits({ wants, relayed, quality: { step } }) {
    const { preset, settings } = this;
    return limitsFor({
      others: this.everybody().length,
      height: this.media.camera.track?.getSettings?.().height ?? null,
      sharing: this.media.screen.track !== null,
      hint: this.media.screenHint,
      budgets: [settings.video_bitrate * 1000],
      wants, step, preset, spare: spareFor(this.relayLeft, relayed),
    });
  }

  /** @param {'camera' | 'screen'} what @returns {RTCRtpCodec[]} */
  codecs(what) {
    const known = globalThis.RTCRtpReceiver?.getCapabilities?.('video')?.codecs ?? [];
    if (this.brief) return known.filter(({ mimeType }) => BRIEF.test(mimeType));
    const { efficient, settings: { video_codecs: allowed } } = this;
    const modest = isModest(globalThis.navigator);
    return ordered(known, preferred({ what, others: this.everybody().length, allowed, efficient, modest }));
  }

  /** What goes to this person, as they are told. @param {Peer} peer */
  shows({ saving }) {
    const { pictures, media: { microphone, camera, screen } } = this;
    return {
      microphone: microphone.on && microphone.track !== null,
      camera: camera.track !== null && pictures && !saving,
      screen: screen.track !== null && pictures,
      saving: camera.track !== null && pictures && saving,
    };
  }
}

/** A step that a newer hub knows and this page does not is the one that spares most. @param {string} said @returns {import('./messages.js').RelayLeft} */
function relayLeft(said) {
  return said === 'plenty' || said === 'lower' || said === 'audio-only' ? said : 'used-up';
}
