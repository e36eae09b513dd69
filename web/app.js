/**
 * Makes the parts and ties them together: settings from the server, devices, calls, and the face over them.
 */

import { Call } from './call/call.js';
import { Media } from './call/media.js';
import { TabSeats } from './call/seats.js';
import { readSettings } from './call/settings.js';
import { readPrefs, useTheme } from './ui/prefs.js';
import { install } from './ui/install.js';
import { Face } from './ui/start.js';
import { useLanguage } from './ui/words.js';

const prefs = readPrefs();
useTheme(prefs.theme);

const settings = await readSettings();
await useLanguage(prefs.language, settings.languages);

const media = new Media();
media.chosen.microphone = prefs.microphone;
media.chosen.camera = prefs.camera;

/** Whenever the network or the machine may be back: connections are looked at now, not when a timer comes round. */
const wake = new EventTarget();
const wakeUp = () => wake.dispatchEvent(new Event('wake'));
for (const sign of ['online', 'pageshow']) addEventListener(sign, wakeUp);
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && wakeUp());

const place = /** @type {HTMLElement} */ (document.getElementById('app'));
const url = `${location.protocol === 'http:' ? 'ws' : 'wss'}://${location.host}/ws`;
const seats = new TabSeats(sessionStorage, window);
const makeCall = (/** @type {{ relayOnly: boolean }} */ { relayOnly }) => new Call({ url, settings, media, relayOnly, wake, seats });
/** Carried by people instead of a hub. */
const makeManualCall = (/** @type {import('./call/call.js').Mediator} */ signaling) => new Call({ signaling, settings, media, relayOnly: false, brief: true });
new Face({ place, media, settings, prefs, makeCall, makeManualCall }).start();
install().then((ask) => { if (ask) wake.addEventListener('wake', ask); });
