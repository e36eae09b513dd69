/**
 * Words for people: a flat table of keys per language, `{name}` holes, plural forms by `Intl.PluralRules`.
 * Pure: knows neither the document nor where tables come from.
 */

/** @typedef {Record<string, string>} Table  key to text, one file of `locales/` */
/** @typedef {Record<string, string | number>} Holes  what goes into `{name}`; `n` chooses the plural form */

/**
 * The text of `key`. With a number `n` among the holes, `key.one`, `key.other`, ... are tried first.
 * An unknown key comes back as itself: visible, and found by the tests.
 * @param {Table} table
 * @param {string} language  BCP 47
 * @param {string} key
 * @param {Holes} [holes]
 * @returns {string}
 */
export function translate(table, language, key, holes = {}) {
  const text = pluralForm(table, language, key, holes) ?? table[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (hole, name) => (name in holes ? written(holes[name], language) : hole));
}

/**
 * The best of `offered` for a person who reads `wanted`, in that person's order: the exact tag, then the
 * same language in another region or script ("zh" and "zh-SG" find "zh-CN"), else the first offered.
 * @param {readonly string[]} offered
 * @param {readonly string[]} wanted
 * @returns {string}
 */
export function pickLanguage(offered, wanted) {
  for (const tag of wanted) {
    const exact = offered.find((one) => one.toLowerCase() === tag.toLowerCase());
    if (exact) return exact;
    const close = offered.find((one) => primary(one) === primary(tag));
    if (close) return close;
  }
  return offered[0] ?? 'en';
}

/**
 * @param {Table} table
 * @param {string} language
 * @param {string} key
 * @param {Holes} holes
 */
function pluralForm(table, language, key, holes) {
  if (typeof holes.n !== 'number') return undefined;
  return table[`${key}.${new Intl.PluralRules(language).select(holes.n)}`] ?? table[`${key}.other`];
}

/**
 * @param {string | number | undefined} value
 * @param {string} language
 */
function written(value, language) {
  return typeof value === 'number' ? new Intl.NumberFormat(language).format(value) : String(value);
}

/** @param {string} tag */
function primary(tag) {
  return tag.toLowerCase().split('-')[0];
}
