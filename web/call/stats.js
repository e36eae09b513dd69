/**
 * Reads what an RTCPeerConnection counts (W3C "Identifiers for WebRTC's Statistics API") into the few figures a person
 * asks for. Pure: a report in, figures out; rates come from two readings.
 *
 * @typedef {import('./peer.js').PeerStats} PeerStats
 * @typedef {import('./peer.js').Path} Path
 */

/**
 * @typedef {object} Reading
 * @property {number} at           ms, of the report
 * @property {number} bytesIn      media and data that arrived: grows while the path lives
 * @property {number} bytesOut
 * @property {number} packetsIn    of media
 * @property {number} lostIn
 * @property {Sent[]} sent         each stream that goes out
 * @property {number | null} rtt
 * @property {number | null} rttPictures  by the other side's reports on pictures
 * @property {number | null} room  bit/s that the browser believes it could send
 * @property {number | null} jitter
 * @property {{ width: number | null, height: number | null, fps: number | null, codec: string | null }} picture
 * @property {string | null} limitedBy  what holds the pictures back that are sent
 * @property {Path | null} path
 */

/**
 * @typedef {object} Sent
 * @property {string} id
 * @property {boolean} video
 * @property {number} packets      with those that were sent again
 * @property {number} again        because the other side missed them: of pictures only
 * @property {number | null} lost  0..1, by the other side's last report about this stream; null before there is one
 * @property {number | null} told  when that came, ms
 */

/**
 * @param {RTCStatsReport} report
 * @returns {Reading}
 */
export function read(report) {
  const all = [...report.values()];
  const inbound = all.filter(({ type }) => type === 'inbound-rtp');
  const outbound = all.filter(({ type }) => type === 'outbound-rtp');
  const reported = all.filter(({ type }) => type === 'remote-inbound-rtp');
  const channels = all.filter(({ type }) => type === 'data-channel');
  const pair = selectedPair(report, all);
  return {
    at: Math.max(0, ...all.map(({ timestamp }) => timestamp)),
    bytesIn: sum(inbound, 'bytesReceived') + sum(channels, 'bytesReceived'),
    bytesOut: sum(outbound, 'bytesSent') + sum(channels, 'bytesSent'),
    packetsIn: sum(inbound, 'packetsReceived'),
    lostIn: sum(inbound, 'packetsLost'),
    sent: outbound.map((stream) => sentOf(stream, reported.find(({ localId }) => localId === stream.id))),
    rtt: number(pair?.currentRoundTripTime) ?? number(reported.find(({ roundTripTime }) => roundTripTime)?.roundTripTime),
    rttPictures: number(reported.find(({ kind, roundTripTime }) => kind === 'video' && roundTripTime)?.roundTripTime),
    room: number(pair?.availableOutgoingBitrate),
    jitter: number(inbound.find(({ kind }) => kind === 'audio')?.jitter),
    picture: picture(report, inbound),
    limitedBy: outbound.map(({ qualityLimitationReason }) => qualityLimitationReason).find((reason) => reason && reason !== 'none') ?? null,
    path: pathOf(report, pair),
  };
}

/**
 * @param {Reading | null} before
 * @param {Reading} now
 * @returns {PeerStats}
 */
export function between(before, now) {
  const seconds = before ? (now.at - before.at) / 1000 : 0;
  const lost = Math.max(0, now.lostIn - (before?.lostIn ?? 0));
  return {
    rtt: now.rtt,
    rttPictures: now.rttPictures,
    loss: share(lost, lost + now.packetsIn - (before?.packetsIn ?? 0)),
    lossOut: lossOut(before?.sent ?? [], now.sent),
    room: now.room,
    jitter: now.jitter,
    bitrateIn: rate(now.bytesIn - (before?.bytesIn ?? 0), seconds),
    bitrateOut: rate(now.bytesOut - (before?.bytesOut ?? 0), seconds),
    ...now.picture,
    limitedBy: now.limitedBy,
  };
}

/**
 * @param {any} stream
 * @param {any} heard  the other side's report about it
 * @returns {Sent}
 */
function sentOf({ id, kind, packetsSent = 0, retransmittedPacketsSent = 0 }, heard) {
  return { id, video: kind === 'video', packets: packetsSent, again: retransmittedPacketsSent, lost: number(heard?.fractionLost), told: number(heard?.timestamp) };
}

/**
 * What is lost of what goes out. A picture's packets that are sent again in time count as received (at 30 percent of loss reports
 * said 0, measured), so it is those that tell. A voice is reported on every three to five seconds, as the share lost since the report
 * before (RFC 3550, 6.4.1): each report counts once.
 * @param {Sent[]} before
 * @param {Sent[]} now
 */
function lossOut(before, now) {
  const flowing = now.flatMap(({ id, video, packets, again, lost, told }) => {
    const last = before.find((stream) => stream.id === id);
    const sent = packets - (last?.packets ?? 0);
    if (sent <= 0 || lost === null || !video && told === last?.told) return [];
    return [{ sent, lost: video ? Math.max(again - (last?.again ?? 0), lost * sent) : lost * sent }];
  });
  return share(sum(flowing, 'lost'), sum(flowing, 'sent'));
}

/**
 * @param {RTCStatsReport} report
 * @param {any[]} inbound
 */
function picture(report, inbound) {
  // The larger of camera and screen; a place that receives nothing has no size.
  const [video] = inbound.filter(({ kind, frameHeight }) => kind === 'video' && frameHeight)
    .sort((a, b) => b.frameHeight - a.frameHeight);
  const codec = report.get(video?.codecId)?.mimeType;
  return {
    width: number(video?.frameWidth),
    height: number(video?.frameHeight),
    fps: number(video?.framesPerSecond),
    codec: typeof codec === 'string' ? codec.replace(/^video\//, '') : null,
  };
}

/**
 * @param {RTCStatsReport} report
 * @param {any[]} all
 */
function selectedPair(report, all) {
  const transport = all.find(({ type, selectedCandidatePairId }) => type === 'transport' && selectedCandidatePairId);
  if (transport) return report.get(transport.selectedCandidatePairId);
  const pairs = all.filter(({ type }) => type === 'candidate-pair');
  return pairs.find(({ selected }) => selected) ?? pairs.find(({ nominated, state }) => nominated && state === 'succeeded');
}

/**
 * @param {RTCStatsReport} report
 * @param {any} pair
 * @returns {Path | null}
 */
function pathOf(report, pair) {
  const local = report.get(pair?.localCandidateId);
  const remote = report.get(pair?.remoteCandidateId);
  if (!local || !remote) return null;
  return {
    local: local.candidateType,
    remote: remote.candidateType,
    protocol: local.relayProtocol ?? local.protocol,
    relayed: local.candidateType === 'relay' || remote.candidateType === 'relay',
  };
}

/**
 * @param {any[]} entries
 * @param {string} key
 */
function sum(entries, key) {
  return entries.reduce((total, entry) => total + (entry[key] ?? 0), 0);
}

/**
 * @param {number} bytes
 * @param {number} seconds
 */
function rate(bytes, seconds) {
  return seconds > 0 ? Math.max(0, Math.round((bytes * 8) / seconds)) : 0;
}

/**
 * @param {number} part
 * @param {number} whole
 */
function share(part, whole) {
  return whole > 0 ? Math.min(1, part / whole) : null;
}

/** @param {unknown} value @returns {number | null} */
function number(value) {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
