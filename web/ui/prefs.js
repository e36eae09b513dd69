/**
 * What this browser remembers between visits, and nothing else: name, devices, looks. A browser that refuses storage
 * still works, it only forgets.
 */

/**
 * @typedef {object} Prefs
 * @property {string} name
 * @property {string} language    a BCP 47 tag or 'auto'
 * @property {'auto' | 'light' | 'dark'} theme
 * @property {string} speaker     a device id, '' = the browser's choice
 * @property {string} microphone
 * @property {string} camera
 * @property {import('../call/adapt.js').Preset} pictures  how much of the network pictures may take
 * @property {boolean} shortcuts  single keys (M, V, ...) work in a call
 * @property {import('./grid.js').Corner} corner  where your own picture floats
 * @property {'grid' | 'speaker'} layout
 */

const KEY = 'callbox';
/** @type {Prefs} */
const DEFAULTS = { name: '', language: 'auto', theme: 'auto', speaker: '', microphone: '', camera: '', pictures: 'auto', shortcuts: true, corner: 'bottom-right', layout: 'grid' };

/** @returns {Prefs} */
export function readPrefs() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY) ?? '{}') };
  } catch {
    return { ...DEFAULTS };
  }
}

/**
 * Changes some of them, in `prefs` and in the browser.
 * @param {Prefs} prefs
 * @param {Partial<Prefs>} changes
 */
export function remember(prefs, changes) {
  Object.assign(prefs, changes);
  try {
    localStorage.setItem(KEY, JSON.stringify(prefs));
  } catch {
    // Private windows and full disks refuse: the choice then lasts as long as the page.
  }
}

/**
 * Light, dark, or as the system says: the dark values stand in a stylesheet of their own.
 * @param {Prefs['theme']} theme
 */
export function useTheme(theme) {
  const media = { auto: '(prefers-color-scheme: dark)', light: 'not all', dark: 'all' };
  document.querySelector('link[data-theme="dark"]')?.setAttribute('media', media[theme] ?? media.auto);
}
