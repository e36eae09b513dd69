// Every problem that `call/` can report has words in every language.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const web = new URL('../../web/', import.meta.url);

/** Codes that stand in the sources, and those that are put together from a device and an ending. */
function codes() {
  const sources = readdirSync(new URL('call/', web), { recursive: true }).filter((name) => name.endsWith('.js'))
    .map((name) => readFileSync(new URL(`call/${name}`, web), 'utf8')).join('\n');
  const plain = [...sources.matchAll(/new Problem\('([a-z-]+)'/g)].map(([, code]) => code);
  const endings = ['denied', 'missing', 'in-use', 'failed'];
  const devices = ['microphone', 'camera', 'screen'].flatMap((kind) => endings.map((ending) => `${kind}-${ending}`));
  return new Set([...plain, ...devices, 'microphone-lost', 'camera-lost', 'file-unreadable', 'file-unwritable']);
}

for (const language of readdirSync(new URL('locales/', web)).filter((name) => name.endsWith('.json'))) {
  test(`${language} has words for every problem of a call`, () => {
    const table = JSON.parse(readFileSync(new URL(`locales/${language}`, web), 'utf8'));
    const missing = [...codes()].filter((code) => !(`problems.${code}` in table));
    assert.deepEqual(missing, []);
  });
}
