// Which codec a picture is sent with.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isModest, measure, ordered, preferred } from '../../web/call/codecs.js';

const nothing = new Set();
const best = (facts) => preferred({ what: 'camera', others: 1, allowed: [], efficient: nothing, modest: false, ...facts })[0];

test('few people: the fewest bits; many: what the machine does in hardware, or everybody can decode', () => {
  assert.equal(best({ others: 1 }), 'VP9');
  assert.equal(best({ others: 5, efficient: new Set(['H264']) }), 'H264');
  assert.equal(best({ others: 5 }), 'VP8');
});

test('a modest machine encodes in hardware where it can, and in software what needs the fewest bits', () => {
  assert.equal(best({ others: 1, modest: true, efficient: new Set(['H264']) }), 'H264');
  assert.equal(best({ others: 1, modest: true, efficient: new Set(['H264', 'VP9']) }), 'VP9');
  assert.equal(best({ others: 1, modest: true }), 'VP9');
  assert.deepEqual([{ hardwareConcurrency: 16 }, { hardwareConcurrency: 2 }, { hardwareConcurrency: 8, userAgent: 'Mozilla/5.0 (Linux; Android 15) Mobile' }, undefined].map(isModest), [false, true, true, false]);
});

test('a screen gets the codec with tools for screens', () => assert.equal(best({ what: 'screen' }), 'AV1'));

test('the owner\'s wish comes first, and a last resort stays', () => {
  assert.deepEqual(preferred({ what: 'screen', others: 1, allowed: ['H264'], efficient: nothing, modest: false }), ['H264', 'VP8']);
});

test('the browser\'s list is only put in order: repair formats and unknown ones stay, variants keep theirs', () => {
  const named = (...types) => types.map((mimeType, index) => ({ mimeType, index }));
  const list = named('video/VP8', 'video/rtx', 'video/H264', 'video/VP9', 'video/H264', 'video/red', 'video/H999');
  const order = ordered(list, ['VP9', 'H264', 'VP8']);
  assert.deepEqual(order.map(({ index }) => index), [3, 2, 4, 0, 1, 5, 6]);
});

test('what a browser does not know, or refuses to say, is not efficient', async () => {
  const answers = { 'video/H264': { supported: true, powerEfficient: true }, 'video/VP9': { supported: true, powerEfficient: false } };
  const encodingInfo = async ({ video }) => answers[video.contentType] ?? Promise.reject(new TypeError('unknown'));
  assert.deepEqual(await measure({ encodingInfo }), new Set(['H264']));
  assert.deepEqual(await measure(undefined), nothing);
});
