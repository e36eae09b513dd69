/**
 * Reads a QR code with the camera, where the browser can (Chrome on Android and macOS); elsewhere texts are pasted.
 */

import { openDialog } from '../dialog.js';
import { make } from '../dom.js';

/** Reading a code takes a phone about a tenth of a second, ms. */
const LOOK_EVERY = 200;

/** @typedef {{ detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]> }} Detector  of the Shape Detection API, which TypeScript does not know */

const Detector = /** @type {((new (options: { formats: string[] }) => Detector) & { getSupportedFormats(): Promise<string[]> }) | undefined} */ (
  Reflect.get(globalThis, 'BarcodeDetector'));

/** @returns {Promise<boolean>} */
export async function canScan() {
  const formats = Detector ? await Detector.getSupportedFormats() : [];
  return navigator.mediaDevices !== undefined && formats.includes('qr_code');
}

/** @returns {Promise<string | null>} null: the sheet was closed, or there is no camera */
export async function scanCode() {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } }).catch(() => null);
  if (!stream || !Detector) return null;
  const detector = new Detector({ formats: ['qr_code'] });
  const video = /** @type {HTMLVideoElement} */ (make('video', 'scan'));
  Object.assign(video, { muted: true, playsInline: true, autoplay: true, srcObject: stream });
  return new Promise((resolve) => {
    const timer = setInterval(async () => {
      const [code] = await detector.detect(video).catch(() => []); // no picture yet
      if (!code) return;
      resolve(code.rawValue);
      dialog.close();
    }, LOOK_EVERY);
    const dialog = openDialog('manual.scan.title', video, {
      onClose() {
        clearInterval(timer);
        for (const track of stream.getTracks()) track.stop();
        resolve(null);
      },
    });
  });
}
