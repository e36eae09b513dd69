/**
 * A session description made short, so that its letter fits into a code that a phone can read: lines that most browsers
 * write become one sign, and what no page of ours needs is left out. Everything else stays as it is, so a line that a newer
 * browser writes is only longer, never wrong. Pure.
 */

/** The order is the wire: only ever add to the end. */
const LINES = Object.freeze([
  'v=0', 's=-', 't=0 0', 'a=extmap-allow-mixed', 'a=msid-semantic:WMS *', 'a=group:BUNDLE 0 1 2 3 4', 'a=sendrecv', 'a=rtcp-mux', 'a=rtcp-rsize',
  'a=bundle-only', 'c=IN IP4 0.0.0.0', 'a=rtcp:9 IN IP4 0.0.0.0', 'a=ice-options:trickle', 'a=setup:actpass', 'a=setup:active', 'a=setup:passive',
  'a=mid:0', 'a=mid:1', 'a=mid:2', 'a=mid:3', 'a=mid:4', 'a=sctp-port:5000', 'a=max-message-size:262144', 'a=max-message-size:1073741823',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126', 'm=video 9 UDP/TLS/RTP/SAVPF 96 97', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'm=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101', 'm=audio 0 UDP/TLS/RTP/SAVPF 109 9 0 8 101', 'm=video 0 UDP/TLS/RTP/SAVPF 120 124',
  'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
  'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level', 'a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level',
  'a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time', 'a=extmap:4 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'a=extmap:7 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid', 'a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid', 'a=extmap:14 urn:ietf:params:rtp-hdrext:toffset',
  'a=extmap:5 urn:ietf:params:rtp-hdrext:toffset', 'a=extmap:13 urn:3gpp:video-orientation',
  'a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay', 'a=extmap:6/recvonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
  'a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/video-content-type', 'a=extmap:7 http://www.webrtc.org/experiments/rtp-hdrext/video-timing',
  'a=extmap:8 http://www.webrtc.org/experiments/rtp-hdrext/color-space', 'a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  'a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  'a=rtpmap:111 opus/48000/2', 'a=rtcp-fb:111 transport-cc', 'a=fmtp:111 minptime=10;useinbandfec=1', 'a=rtpmap:63 red/48000/2', 'a=fmtp:63 111/111',
  'a=rtpmap:9 G722/8000', 'a=rtpmap:9 G722/8000/1', 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:8 PCMA/8000', 'a=rtpmap:13 CN/8000',
  'a=rtpmap:110 telephone-event/48000', 'a=rtpmap:126 telephone-event/8000', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15',
  'a=rtpmap:109 opus/48000/2', 'a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1', 'a=rtcp-fb:109 transport-cc', 'a=rtcp-fb:9 transport-cc',
  'a=rtcp-fb:0 transport-cc', 'a=rtcp-fb:8 transport-cc',
  'a=rtpmap:96 VP8/90000', 'a=rtcp-fb:96 goog-remb', 'a=rtcp-fb:96 transport-cc', 'a=rtcp-fb:96 ccm fir', 'a=rtcp-fb:96 nack', 'a=rtcp-fb:96 nack pli',
  'a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96', 'a=rtpmap:120 VP8/90000', 'a=fmtp:120 max-fs=12288;max-fr=60', 'a=rtcp-fb:120 nack', 'a=rtcp-fb:120 nack pli',
  'a=rtcp-fb:120 ccm fir', 'a=rtcp-fb:120 goog-remb', 'a=rtcp-fb:120 transport-cc', 'a=rtpmap:124 rtx/90000', 'a=fmtp:124 apt=120',
  'a=rtcp-xr:rcvr-rtt=all', 'a=msid:0', 'a=msid:1',
]);
/** Signs for them: no line of SDP is one letter of this block (Ā, ā, …). */
const FIRST_SIGN = 0x100;

/** Said in another line as well, or by nobody read any more. */
const NEEDLESS = /^a=(?:ssrc:\d+ msid:|msid-semantic:)/;

/**
 * Tracks are known by their places; of streams it only matters which tracks share one (RFC 8830), so numbers will do.
 * @param {string} sdp
 * @returns {string}
 */
export function shortened(sdp) {
  /** @type {string[]} */
  const streams = [];
  const numbered = (/** @type {string} */ line) => line.replace(/^a=msid:(\S+).*$/, (_, stream) => {
    if (!streams.includes(stream)) streams.push(stream);
    return `a=msid:${streams.indexOf(stream)}`;
  });
  const lines = withoutStray(sdp.split('\r\n')).filter((line) => !NEEDLESS.test(line)).map(numbered);
  return lines.map(signFor).join('\n');
}

/** Firefox says how it answers codecs that it does not offer. @param {string[]} lines */
function withoutStray(lines) {
  let offered = new Set();
  return lines.filter((line) => {
    if (line.startsWith('m=')) offered = new Set(line.split(' ').slice(3));
    const [, payload] = /^a=rtcp-fb:(\d+) /.exec(line) ?? [];
    return payload === undefined || offered.has(payload);
  });
}

/** @param {string} line */
function signFor(line) {
  const index = LINES.indexOf(line);
  return index < 0 ? line : String.fromCharCode(FIRST_SIGN + index);
}

/**
 * @param {string} text
 * @returns {string}
 */
export function lengthened(text) {
  return text.split('\n').map((line) => (line.length === 1 ? LINES[line.charCodeAt(0) - FIRST_SIGN] ?? line : line)).join('\r\n');
}
