// From what a browser counts to what a person asks for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { between, read } from '../../web/call/stats.js';

const report = (...entries) => new Map(entries.map((entry) => [entry.id, { timestamp: 1_000, ...entry }]));

const CANDIDATES = [
  { id: 'l', type: 'local-candidate', candidateType: 'relay', protocol: 'udp', relayProtocol: 'tls' },
  { id: 'r', type: 'remote-candidate', candidateType: 'host', protocol: 'udp' },
];
const PAIR = { id: 'p', type: 'candidate-pair', localCandidateId: 'l', remoteCandidateId: 'r', nominated: true, state: 'succeeded', currentRoundTripTime: 0.04 };

test('the path is the selected pair\'s, as Chromium and as Firefox name it', () => {
  const other = { ...PAIR, id: 'other', localCandidateId: 'nobody' };
  const chromium = report(...CANDIDATES, other, PAIR, { id: 't', type: 'transport', selectedCandidatePairId: 'p' });
  const firefox = report(...CANDIDATES, other, { ...PAIR, selected: true });
  for (const stats of [chromium, firefox]) {
    assert.deepEqual(read(stats).path, { local: 'relay', remote: 'host', protocol: 'tls', relayed: true });
    assert.equal(read(stats).rtt, 0.04);
  }
});

test('before there is a path there is none', () => {
  const reading = read(report());
  assert.deepEqual([reading.path, reading.rtt, reading.bytesIn], [null, null, 0]);
});

test('rates and losses are those since the last reading', () => {
  const counted = (seconds, bytes, packets, lost) => read(report(
    { id: 'v', type: 'inbound-rtp', kind: 'video', timestamp: seconds * 1000, bytesReceived: bytes, packetsReceived: packets, packetsLost: lost, frameWidth: 640, frameHeight: 360, framesPerSecond: 30, codecId: 'c' },
    { id: 'c', type: 'codec', mimeType: 'video/VP8' },
    { id: 'o', type: 'outbound-rtp', kind: 'video', bytesSent: bytes * 2, packetsSent: packets, qualityLimitationReason: 'cpu' },
    { id: 'x', type: 'remote-inbound-rtp', kind: 'video', packetsLost: lost * 2 },
  ));
  const stats = between(counted(1, 10_000, 100, 50), counted(3, 260_000, 190, 60));
  assert.deepEqual(stats, {
    rtt: null, loss: 0.1, lossOut: 20 / 90, room: null, jitter: null, bitrateIn: 1_000_000, bitrateOut: 2_000_000, width: 640, height: 360, fps: 30, codec: 'VP8', limitedBy: 'cpu',
  });
});

test('the picture is the larger of camera and screen, and an empty place has none', () => {
  const video = (id, frameHeight) => ({ id, type: 'inbound-rtp', kind: 'video', frameHeight, frameWidth: frameHeight && frameHeight * 2 });
  assert.equal(read(report(video('camera', 360), video('screen', 1_080))).picture.height, 1_080);
  assert.equal(read(report(video('camera', undefined))).picture.height, null);
});

test('data counts as life too: two people without devices still have a path', () => {
  assert.equal(read(report({ id: 'd', type: 'data-channel', bytesReceived: 12, bytesSent: 5 })).bytesIn, 12);
});
