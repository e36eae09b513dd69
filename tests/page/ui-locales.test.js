/** Every text in every language: nothing missing, nothing left over, no hole that is filled in one language only. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';

const WEB = new URL('../../web/', import.meta.url);
const tables = Object.fromEntries(readdirSync(new URL('locales/', WEB)).map((file) => [file.replace('.json', ''), JSON.parse(read(`locales/${file}`))]));
const pages = readdirSync(WEB).filter((file) => file.endsWith('.html')).map(read);
const sources = pages.concat(scripts('')).join('\n');

/** Keys that are put together from a code at run time; each start is used in the file named beside it. */
const MADE = ['problems.', 'help.denied.', 'quality.', 'path.', 'files.with.', 'files.checking.', 'files.done.', 'files.declined.', 'files.waiting.', 'files.queued.', 'files.interrupted.', 'settings.theme.', 'board.colour.', 'knock.admit.', 'knock.decline.', 'people.mute', 'people.hand-over', 'people.remove', 'identity.', 'test.way.', 'test.fail.', 'test.nat.', 'test.verdict.', 'test.speaker.', 'manual.give.', 'manual.take.', 'manual.over', 'manual.lost', 'why.'];

test('each language has the texts of every other one, in its own plural forms', () => {
  const all = new Set(Object.values(tables).flatMap((table) => Object.keys(table).map(bare)));
  for (const [language, table] of Object.entries(tables)) {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const key of all) {
      const plural = Object.values(tables).some((other) => `${key}.other` in other);
      for (const wanted of plural ? forms.map((form) => `${key}.${form}`) : [key]) assert.ok(table[wanted], `${language} lacks '${wanted}'`);
    }
  }
});

test('a hole like {name} is in every language or in none', () => {
  for (const [language, table] of Object.entries(tables)) {
    for (const [key, text] of Object.entries(table)) {
      const english = tables.en[key] ?? tables.en[`${bare(key)}.other`];
      assert.deepEqual(holes(text), holes(english), `${language}: '${key}'`);
    }
  }
});

test('every key the page asks for exists', () => {
  const asked = [...sources.matchAll(/data-t(?:-label|-hint|-tip)?="([^"]+)"/g), ...sources.matchAll(/'((?:bar|lobby|notice|room|waiting|tile|quality|path|details|panel|chat|files|invite|settings|keys|full|left|problems|help|view|react|muted|self|sharing|board|share|offline|update|inside|ask|knock|alarm|people|identity|door|inviting|test|manual)\.[a-z.-]+[a-z])'/g)];
  assert.ok(asked.length > 100);
  for (const [, key] of asked) assert.ok(key in tables.en || `${key}.other` in tables.en, `'${key}' is asked for but has no text`);
});

test('every problem that the page can hand out has words', () => {
  const codes = scripts('').join('\n').matchAll(/new Problem\('([a-z-]+)'/g);
  for (const [, code] of codes) assert.ok(`problems.${code}` in tables.en, `problem '${code}' has no text`);
});

test('no text is left over from something the page no longer says', () => {
  for (const key of Object.keys(tables.en).map(bare)) {
    const made = MADE.some((start) => key.startsWith(start));
    assert.ok(made || sources.includes(`'${key}'`) || sources.includes(`"${key}"`), `'${key}' is used nowhere`);
  }
});

test('every language file is offered under its own name', () => {
  for (const language of Object.keys(tables)) assert.match(read('ui/words.js'), new RegExp(`'?${language}'?: '`));
});

/** @param {string} key */
function bare(key) {
  return key.replace(/\.(zero|one|two|few|many|other)$/, '');
}

/** @param {string} text */
function holes(text) {
  return [...new Set(text.match(/\{\w+\}/g))].filter((hole) => hole !== '{n}').sort();
}

/** @param {string} path */
function read(path) {
  return readFileSync(new URL(path, WEB), 'utf8');
}

/** @param {string} folder @returns {string[]} */
function scripts(folder) {
  return readdirSync(new URL(folder, WEB), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js')).map((file) => read(folder + file));
}
