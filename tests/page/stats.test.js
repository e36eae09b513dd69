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
    { id: 'x', type: 'remote-inbound-rtp', kind: 'video', localId: 'o', fractionLost: 0.25 },
  ));
  const stats = between(counted(1, 10_000, 100, 50), counted(3, 260_000, 190, 60));
  assert.deepEqual(stats, {
    rtt: null, loss: 0.1, lossOut: 0.25, room: null, jitter: null, bitrateIn: 1_000_000, bitrateOut: 2_000_000, width: 640, height: 360, fps: 30, codec: 'VP8', limitedBy: 'cpu',
  });
});

/** What is lost of what is sent, second by second: of a picture and of a voice how many packets so far, and the last report's share and time. */
function losses(...seconds) {
  const readings = seconds.map(([frames, [lostFrames, toldFrames], voice, [lostVoice, toldVoice]]) => read(report(
    { id: 'v', type: 'outbound-rtp', kind: 'video', packetsSent: frames },
    { id: 'a', type: 'outbound-rtp', kind: 'audio', packetsSent: voice },
    { id: 'x', type: 'remote-inbound-rtp', kind: 'video', localId: 'v', fractionLost: lostFrames, timestamp: toldFrames },
    { id: 'y', type: 'remote-inbound-rtp', kind: 'audio', localId: 'a', fractionLost: lostVoice, timestamp: toldVoice },
  )));
  return readings.map((now, index) => between(readings[index - 1] ?? null, now).lossOut);
}

test('of pictures as much is lost as the last report about them says, also in a second without one; the voice is told of too seldom', () => {
  const never = [undefined, 0];
  assert.deepEqual(losses([20, never, 50, never], [40, [0.3, 2], 100, never], [60, [0.3, 2], 150, [0.1, 3]]), [null, 0.3, 0.3]);
  assert.deepEqual(losses([20, [1, 1], 50, never], [40, [0, 2], 100, [0.2, 2]]), [1, 0], 'a burst is over when no picture is lost any more');
});

test('without pictures the voice tells what is lost, each report once', () => {
  const old = [0.3, 1];
  assert.deepEqual(losses([20, old, 50, [0, 1]], [20, old, 100, [0.2, 2]], [20, old, 150, [0.2, 2]], [20, old, 200, [0.1, 4]]), [0.3, 0.2, null, 0.1]);
});

test('the picture is the larger of camera and screen, and an empty place has none', () => {
  const video = (id, frameHeight) => ({ id, type: 'inbound-rtp', kind: 'video', frameHeight, frameWidth: frameHeight && frameHeight * 2 });
  assert.equal(read(report(video('camera', 360), video('screen', 1_080))).picture.height, 1_080);
  assert.equal(read(report(video('camera', undefined))).picture.height, null);
});

test('data counts as life too: two people without devices still have a path', () => {
  assert.equal(read(report({ id: 'd', type: 'data-channel', bytesReceived: 12, bytesSent: 5 })).bytesIn, 12);
});
