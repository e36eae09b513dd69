/**
 * The test page, at `/test`: makes the parts and ties them together. With `#phone=TOKEN` it is a probe for whoever sits at a
 * server's terminal, and asks for nothing but the network.
 */

import { systemClock } from './call/clock.js';
import { readSettings } from './call/settings.js';
import { PhoneProbe, tokenFrom } from './test/phone.js';
import { readPrefs, useTheme } from './ui/prefs.js';
import { useLanguage } from './ui/words.js';

const prefs = readPrefs();
useTheme(prefs.theme);

const settings = await readSettings();
await useLanguage(prefs.language, settings.languages);

const place = /** @type {HTMLElement} */ (document.getElementById('app'));
const { RTCPeerConnection, WebSocket } = globalThis;
const parts = {
  hub: `${location.protocol === 'http:' ? 'ws' : 'wss'}://${location.host}/ws`,
  RTCPeerConnection, WebSocket, clock: systemClock,
  /** @type {typeof fetch} */
  fetch: (...asked) => fetch(...asked),
};

const token = tokenFrom(location.hash);
if (token) {
  const { phoneView } = await import('./ui/test/phone.js');
  const probe = new PhoneProbe(parts, token, navigator.userAgent);
  place.replaceChildren(phoneView(probe, settings));
  await probe.run();
} else {
  const { testView } = await import('./ui/test/view.js');
  place.replaceChildren(testView(parts, { settings, prefs }));
}
