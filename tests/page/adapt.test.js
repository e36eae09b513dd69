// How much each person gets.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsFor, startKbit } from '../../web/call/adapt.js';
import { STEPS } from '../../web/call/quality.js';

const camera = (situation) => limitsFor({ height: 720, ...situation }).camera;

test('two people see each other in 720p, eight in small pictures that an uplink can carry', () => {
  assert.deepEqual(camera({ others: 1 }), { active: true, maxBitrate: 1_800_000, maxFramerate: 30, scaleResolutionDownBy: 1, priority: 'low' });
  assert.deepEqual(camera({ others: 7 }), { active: true, maxBitrate: 150_000, maxFramerate: 15, scaleResolutionDownBy: 3, priority: 'low' });
});

test('whatever the number of people, all cameras together stay below 2 Mbit/s', () => {
  for (let others = 1; others <= 11; others += 1) assert.ok(others * camera({ others }).maxBitrate <= 2_000_000, `${others} others`);
});

test('the owner\'s limit holds for all pictures together', () => {
  for (let others = 1; others <= 7; others += 1) assert.ok(others * camera({ others, budgets: [0, 600_000, 5_000_000] }).maxBitrate <= 600_000);
});

test('who shows a small tile gets a small picture, who shows none gets none', () => {
  const small = camera({ others: 1, wants: { camera: 240, screen: null } });
  assert.equal(small.scaleResolutionDownBy, 3);
  assert.ok(small.maxBitrate < 500_000);
  assert.equal(camera({ others: 1, wants: { camera: 0, screen: null } }).active, false);
  assert.equal(limitsFor({ others: 1, height: 720, wants: { camera: null, screen: 0 } }).screen.active, false);
});

test('a shared screen comes before the face, and the voice before both', () => {
  const limits = limitsFor({ others: 1, height: 720, sharing: true, budgets: [500_000] });
  assert.deepEqual([limits.screen.maxBitrate, limits.camera.maxBitrate, limits.camera.active], [400_000, 100_000, true]);
  const tight = limitsFor({ others: 4, height: 720, sharing: true, budgets: [400_000] });
  assert.deepEqual([tight.screen.maxBitrate, tight.camera.active, tight.microphone.maxBitrate], [100_000, false, 40_000]);
});

test('letters on a screen come sharp and seldom, movement smooth', () => {
  const screen = (hint) => limitsFor({ others: 1, height: 720, sharing: true, hint }).screen;
  assert.deepEqual([screen('text').maxFramerate, screen('text').degradationPreference], [8, 'maintain-resolution']);
  assert.deepEqual([screen('motion').maxFramerate, screen('motion').degradationPreference], [30, 'maintain-framerate']);
});

test('what the path bears bounds the picture, down to none', () => {
  assert.deepEqual(STEPS.map((step) => camera({ others: 1, step }).maxBitrate), [1_800_000, 900_000, 500_000, 300_000, 120_000, 30_000]);
  assert.deepEqual(STEPS.map((step) => camera({ others: 1, step }).active), [true, true, true, true, true, false]);
});

test('a tile that is a few pixels smaller or larger changes nothing', () => {
  const sizes = [700, 707, 720, 1_080].map((shown) => camera({ others: 1, wants: { camera: shown, screen: null } }).scaleResolutionDownBy);
  assert.deepEqual(sizes, [1, 1, 1, 1]);
  assert.equal(camera({ others: 1, wants: { camera: 361, screen: null } }).scaleResolutionDownBy, 1.5);
});

test('a picture is never enlarged before it is sent', () => {
  assert.equal(camera({ others: 1, height: 360, wants: { camera: 2_160, screen: null } }).scaleResolutionDownBy, 1);
  assert.equal(camera({ others: 1, height: null }).scaleResolutionDownBy, 1);
});

test('the first picture to one person is a good one; to many, the uplink is not flooded', () => {
  assert.deepEqual([0, 1, 2, 7].map(startKbit), [800, 800, 400, 300]);
});
