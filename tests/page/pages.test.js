/** The pages beside each other: what two of them share is the same in both, and no icon is asked for that a page lacks. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';

const WEB = new URL('../../web/', import.meta.url);
const pages = readdirSync(WEB).filter((file) => file.endsWith('.html')).map((file) => ({ file, text: readFileSync(new URL(file, WEB), 'utf8') }));

/** @param {string} text @param {RegExp} pattern  its first group is the name @returns {Map<string, string>} */
function pieces(text, pattern) {
  return new Map([...text.matchAll(pattern)].map(([whole, name]) => [name, whole.replace(/\s+/g, ' ')]));
}

for (const [what, pattern] of Object.entries({ template: /<template id="([\w-]+)">.*?<\/template>/gs, icon: /<symbol id="([\w-]+)".*?<\/symbol>/gs })) {
  test(`a ${what} that stands in two pages is the same in both`, () => {
    const [first, ...others] = pages.map(({ file, text }) => ({ file, found: pieces(text, pattern) }));
    let compared = 0;
    for (const { file, found } of others) {
      for (const [name, text] of found) {
        if (!first.found.has(name)) continue;
        compared += 1;
        assert.equal(text, first.found.get(name), `${what} '${name}' of ${file}`);
      }
    }
    assert.ok(compared > 1, 'nothing was compared');
  });
}

test('every icon that a page shows stands in it', () => {
  for (const { file, text } of pages) {
    const there = pieces(text, /<symbol id="([\w-]+)"/g);
    for (const [, name] of text.matchAll(/href="#([\w-]+)"/g)) assert.ok(there.has(name), `${file} has no '${name}'`);
  }
});
