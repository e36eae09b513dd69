// One bare data channel between two pages: what the browser carries by itself, to compare files with.

/**
 * @param {import('playwright-core').Page} from
 * @param {import('playwright-core').Page} to
 * @param {number} bytes
 * @returns {Promise<number>} bytes a second, from the first to the last that arrived
 */
export async function carry(from, to, bytes) {
  const offer = await from.evaluate(prepare);
  const answer = await to.evaluate(answerTo, { offer, bytes });
  await from.evaluate(send, { answer, bytes });
  const rate = await to.evaluate(() => window.bareRate);
  for (const page of [from, to]) await page.evaluate(() => window.bareRtc.close());
  return rate;
}

/** In the sender's page. */
async function prepare() {
  const rtc = (window.bareRtc = new RTCPeerConnection());
  window.bareChannel = rtc.createDataChannel('bare');
  await rtc.setLocalDescription();
  while (rtc.iceGatheringState !== 'complete') await new Promise((changed) => { rtc.onicegatheringstatechange = changed; });
  return rtc.localDescription.toJSON();
}

/** In the receiver's page: counts, and throws away. */
async function answerTo({ offer, bytes }) {
  const rtc = (window.bareRtc = new RTCPeerConnection());
  window.bareRate = new Promise((resolve) => {
    rtc.ondatachannel = ({ channel }) => {
      let [begun, got] = [0, 0];
      channel.binaryType = 'arraybuffer';
      channel.onmessage = ({ data }) => {
        begun ||= performance.now();
        got += data.byteLength;
        if (got >= bytes) resolve((got * 1000) / (performance.now() - begun));
      };
    };
  });
  await rtc.setRemoteDescription(offer);
  await rtc.setLocalDescription();
  while (rtc.iceGatheringState !== 'complete') await new Promise((changed) => { rtc.onicegatheringstatechange = changed; });
  return rtc.localDescription.toJSON();
}

/** In the sender's page: 64 KiB messages, never more than 1 MiB in the browser's queue. */
async function send({ answer, bytes }) {
  const channel = window.bareChannel;
  await window.bareRtc.setRemoteDescription(answer);
  if (channel.readyState !== 'open') await new Promise((open) => { channel.onopen = open; });
  channel.bufferedAmountLowThreshold = 1 << 18;
  const message = new Uint8Array(65_536);
  for (let left = bytes; left > 0; left -= message.length) {
    if (channel.bufferedAmount > 1 << 20) await new Promise((low) => { channel.onbufferedamountlow = low; });
    channel.send(message);
  }
}
