/**
 * Makes a name that somebody else chose safe to show and to save. Pure.
 */

const LONGEST = 200;

/**
 * @param {unknown} given
 * @returns {string} without folders, control and direction-changing characters, at most 200 bytes, its ending kept
 */
export function safeName(given) {
  const plain = String(given)
    .replace(/^.*[/\\]/s, '')
    // Control characters, and those that make "exe.gpj" read as "jpg.exe" (Unicode UAX #9).
    .replace(/[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu, '')
    .replace(/[:*?"<>|]/g, '_')
    .replace(/^\.+/, '')
    .trim();
  return shorten(plain) || 'file';
}

/** @param {string} name */
function shorten(name) {
  const encoder = new TextEncoder();
  if (encoder.encode(name).length <= LONGEST) return name;
  const ending = /\.[^.]{1,16}$/.exec(name)?.[0] ?? '';
  const stem = [...name.slice(0, name.length - ending.length)];
  while (stem.length > 0 && encoder.encode(stem.join('') + ending).length > LONGEST) stem.pop();
  return stem.join('') + ending;
}
