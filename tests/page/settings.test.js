// What the server tells the page: as much of it as makes sense.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULTS, readSettings, settingsFrom } from '../../web/call/settings.js';

test('what the owner of the server chose', () => {
  const chosen = { name: 'Acme', logo: '/logo.svg', max_people: 4, relay_only: true, languages: ['zh-CN'], video_bitrate: 900, video_codecs: ['H264'], version: '1.2.3' };
  assert.deepEqual(settingsFrom(chosen), { ...chosen, reached: true });
});

test('what makes no sense is as if it were not said', () => {
  const nonsense = { name: '', logo: 7, max_people: 0, relay_only: 'yes', languages: [], video_bitrate: -1, version: null };
  for (const given of [nonsense, null, undefined, [], 'text']) assert.deepEqual(settingsFrom(given), DEFAULTS);
});

test('a server that does not answer still gives a page that works', async () => {
  assert.deepEqual(await readSettings(async () => { throw new TypeError('offline'); }), { ...DEFAULTS, reached: false });
  assert.deepEqual(await readSettings(async () => new Response('not here', { status: 404 })), DEFAULTS);
  assert.equal((await readSettings(async () => Response.json({ name: 'Acme' }))).name, 'Acme');
});
