/**
 * Amounts for people: bytes, rates, times left, initials, colours of names. Pure; `Intl` writes the numbers.
 */

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];

/**
 * "12.3 MB". Powers of 1000, as disks and browsers count today.
 * @param {number} bytes
 * @param {string} language
 */
export function bytesWords(bytes, language) {
  const step = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  const amount = bytes / 1000 ** step;
  return new Intl.NumberFormat(language, {
    style: 'unit', unit: UNITS[step], unitDisplay: step === 0 ? 'long' : 'short', maximumFractionDigits: step === 0 || amount >= 100 ? 0 : 1,
  }).format(amount);
}

/**
 * "1.8 Mbit/s", "120 kbit/s".
 * @param {number} bits  a second
 * @param {string} language
 */
export function bitrateWords(bits, language) {
  const mega = bits >= 1e6;
  const amount = new Intl.NumberFormat(language, { maximumFractionDigits: mega ? 1 : 0 }).format(bits / (mega ? 1e6 : 1e3));
  return `${amount} ${mega ? 'Mbit/s' : 'kbit/s'}`;
}

/**
 * "45 sec", "3 min", "2 hr": one unit is enough for a guess.
 * @param {number} seconds
 * @param {string} language
 */
export function timeWords(seconds, language) {
  const [amount, unit] = seconds < 60 ? [seconds, 'second'] : seconds < 3600 ? [seconds / 60, 'minute'] : [seconds / 3600, 'hour'];
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 0 }).format(Math.ceil(amount));
}

/**
 * One or two signs that stand for a name where there is no picture: "Ann Lee" AL, "小明" 小.
 * @param {string} name
 */
export function initials(name) {
  const words = name.trim().split(/[\s_-]+/u).filter(Boolean);
  const picked = words.length > 1 ? [words[0], words[words.length - 1]] : words.slice(0, 1);
  return picked.map((word) => Array.from(word)[0] ?? '').join('').toLocaleUpperCase();
}

/**
 * A hue for a name, the same on every page.
 * @param {string} name
 * @returns {number} degrees
 */
export function hue(name) {
  let sum = 0;
  for (const sign of name) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) % 3600;
  return sum / 10;
}
