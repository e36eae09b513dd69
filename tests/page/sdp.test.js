// Where the bandwidth estimate begins.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withStartBitrate } from '../../web/call/sdp.js';

const SDP = [
  'v=0', 'a=group:BUNDLE 0 1',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=rtpmap:111 opus/48000/2', 'a=fmtp:111 minptime=10;useinbandfec=1',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97 98', 'a=rtpmap:96 VP8/90000', 'a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96', 'a=rtpmap:98 VP9/90000', 'a=fmtp:98 profile-id=0',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel', '',
].join('\r\n');

test('every picture codec gets it, with or without parameters of its own, and nothing else does', () => {
  const lines = withStartBitrate(SDP, 800).split('\r\n');
  const added = lines.filter((line) => line.includes('x-google-start-bitrate'));
  assert.deepEqual(added, ['a=fmtp:96 x-google-start-bitrate=800', 'a=fmtp:98 profile-id=0;x-google-start-bitrate=800']);
  assert.equal(lines.length, SDP.split('\r\n').length + 1);
});

test('a description without pictures stays as it is', () => {
  const data = 'v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n';
  assert.equal(withStartBitrate(data, 800), data);
});
