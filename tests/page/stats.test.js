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
    rtt: null, rttPictures: null, loss: 0.1, lossOut: 0.25, room: null, jitter: null, bitrateIn: 1_000_000, bitrateOut: 2_000_000, width: 640, height: 360, fps: 30, codec: 'VP8', limitedBy: 'cpu',
  });
});

/**
 * What is lost of what is sent, second by second: of pictures the packets so far and those of them sent again, of the voice the packets,
 * and of both the last report's share and time.
 */
function losses(...seconds) {
  const readings = seconds.map(([[frames, again, [lostFrames, toldFrames]], [voice, [lostVoice, toldVoice]]]) => read(report(
    { id: 'v', type: 'outbound-rtp', kind: 'video', packetsSent: frames, retransmittedPacketsSent: again },
    { id: 'a', type: 'outbound-rtp', kind: 'audio', packetsSent: voice },
    { id: 'x', type: 'remote-inbound-rtp', kind: 'video', localId: 'v', fractionLost: lostFrames, timestamp: toldFrames },
    { id: 'y', type: 'remote-inbound-rtp', kind: 'audio', localId: 'a', fractionLost: lostVoice, timestamp: toldVoice },
  )));
  return readings.map((now, index) => between(readings[index - 1] ?? null, now).lossOut);
}
const NEVER = [undefined, 0];

test('a picture that is sent again has been lost, though nobody reports it, in each second and not only when the voice is reported on', () => {
  const all = [0, 1];
  assert.deepEqual(losses([[20, 0, all], [50, NEVER]], [[40, 6, all], [100, NEVER]], [[60, 12, all], [150, [0.4, 3]]], [[80, 18, all], [200, [0.4, 3]]]), [0, 0.3, 26 / 70, 0.3]);
  assert.deepEqual(losses([[20, 0, [0, 1]], [50, NEVER]], [[40, 0, [0.5, 2]], [100, NEVER]]), [0, 0.5], 'what came too late for that is reported');
  assert.deepEqual(losses([[20, 0, NEVER], [50, NEVER]]), [null]);
});

test('without pictures the voice tells what is lost, each report once', () => {
  const still = [20, 0, [0.3, 1]];
  assert.deepEqual(losses([still, [50, [0, 1]]], [still, [100, [0.2, 2]]], [still, [150, [0.2, 2]]], [still, [200, [0.1, 4]]]).slice(1), [0.2, null, 0.1]);
});

test('the picture is the larger of camera and screen, and an empty place has none', () => {
  const video = (id, frameHeight) => ({ id, type: 'inbound-rtp', kind: 'video', frameHeight, frameWidth: frameHeight && frameHeight * 2 });
  assert.equal(read(report(video('camera', 360), video('screen', 1_080))).picture.height, 1_080);
  assert.equal(read(report(video('camera', undefined))).picture.height, null);
});

test('data counts as life too: two people without devices still have a path', () => {
  assert.equal(read(report({ id: 'd', type: 'data-channel', bytesReceived: 12, bytesSent: 5 })).bytesIn, 12);
});
