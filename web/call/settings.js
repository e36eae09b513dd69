/**
 * What the server tells every page before a call: `GET /settings.json`. A field that is missing or of the wrong kind
 * falls back to its default, so an older server still gives a working page.
 *
 * @typedef {object} Settings
 * @property {string} name            the product's name as the owner of the server wants it
 * @property {string | null} logo     address of a picture, same origin
 * @property {number} max_people      people in one room, you included
 * @property {boolean} relay_only     the server's owner wants every call to go through the relay
 * @property {string[]} languages     offered, the first is the default
 * @property {number} video_bitrate   upper limit of what one page sends as camera pictures, kbit/s, 0 = choose
 * @property {string[]} video_codecs  best first, as in SDP ('VP9'); empty = choose
 * @property {string} version
 * @property {boolean} reached        the server answered
 */

/** @type {Readonly<Settings>} */
export const DEFAULTS = Object.freeze({
  name: 'callbox', logo: null, max_people: 8, relay_only: false, languages: ['en', 'zh-CN'], video_bitrate: 0, video_codecs: [], version: '', reached: true,
});

/**
 * @param {typeof fetch} [get]
 * @returns {Promise<Settings>} never rejects: without an answer the defaults hold
 */
export async function readSettings(get = globalThis.fetch) {
  try {
    const answer = await get('/settings.json', { cache: 'no-cache', credentials: 'same-origin' });
    return settingsFrom(answer.ok ? await answer.json() : {});
  } catch {
    return { ...settingsFrom({}), reached: false };
  }
}

/**
 * @param {unknown} given
 * @returns {Settings}
 */
export function settingsFrom(given) {
  const source = /** @type {Record<string, unknown>} */ (given !== null && typeof given === 'object' ? given : {});
  const settings = { ...DEFAULTS, languages: [...DEFAULTS.languages], video_codecs: [...DEFAULTS.video_codecs] };
  if (typeof source.name === 'string' && source.name) settings.name = source.name;
  if (typeof source.logo === 'string' && source.logo) settings.logo = source.logo;
  if (typeof source.relay_only === 'boolean') settings.relay_only = source.relay_only;
  if (typeof source.version === 'string') settings.version = source.version;
  if (isCount(source.max_people) && source.max_people > 0) settings.max_people = source.max_people;
  if (isCount(source.video_bitrate)) settings.video_bitrate = source.video_bitrate;
  if (Array.isArray(source.video_codecs)) settings.video_codecs = source.video_codecs.filter((codec) => typeof codec === 'string');
  if (Array.isArray(source.languages)) {
    const languages = source.languages.filter((language) => typeof language === 'string');
    if (languages.length > 0) settings.languages = languages;
  }
  return settings;
}

/**
 * @param {unknown} value
 * @returns {value is number}
 */
function isCount(value) {
  return Number.isInteger(value) && Number(value) >= 0;
}
