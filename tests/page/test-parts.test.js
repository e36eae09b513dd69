/** The test's parts against a server and a browser that a test lends: the order of things, rates, the phone's report. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Examination } from '../../web/test/examination.js';
import { PhoneProbe, tokenFrom } from '../../web/test/phone.js';
import { rate } from '../../web/test/rates.js';
import { FakeClock } from './fakes/clock.js';

/** A line of so many bytes a millisecond, and what was asked over it. */
class Line {
  asked = [];
  status = {};
  constructor(clock, bytesPerMs) {
    Object.assign(this, { clock, bytesPerMs });
  }

  fetch = async (address, { method = 'GET', body } = {}) => {
    this.asked.push(`${method} ${address}`);
    const path = address.split('?')[0];
    const status = this.status[path] ?? 200;
    if (status === 0) throw new TypeError('no network');
    if (path === '/test/report') this.report = JSON.parse(body);
    const bytes = Number(/size=(\d+)/.exec(address)?.[1] ?? body?.length ?? 0);
    await this.clock.pass(bytes / this.bytesPerMs);
    return { status, ok: status < 300, arrayBuffer: async () => new ArrayBuffer(0), json: async () => ({ ttl: 300, probes: this.probes ?? [] }) };
  };
}

for (const direction of /** @type {const} */ (['down', 'up'])) {
  test(`${direction}: a slow line is measured with little, a fast one with no more than the server gives`, async () => {
    for (const [bytesPerMs, most] of [[20, 65_536], [500, 1_000_000], [100_000, 4 << 20]]) {
      const clock = new FakeClock();
      const bits = await rate(direction, clock, new Line(clock, bytesPerMs).fetch);
      assert.ok(Math.abs(bits - bytesPerMs * 8000) < bytesPerMs * 400, `${bits} for ${bytesPerMs}`);
      assert.ok(clock.now() * bytesPerMs <= most + 65_536 + 1, 'the whole was small enough');
    }
  });
}

test('a measurement that the server has had enough of says so', async () => {
  const clock = new FakeClock();
  const line = Object.assign(new Line(clock, 100), { status: { '/test/bytes': 429 } });
  await assert.rejects(rate('down', clock, line.fetch), { code: 'too-fast' });
});

/** A browser whose networks let nothing out: no candidate, and then the end. */
class Deaf extends EventTarget {
  remoteDescription = null;
  createDataChannel() { return {}; }
  async createOffer() { return {}; }
  async createAnswer() { return {}; }
  async setRemoteDescription() {}
  async setLocalDescription() {
    queueMicrotask(() => {
      const event = Object.assign(new Event('icecandidate'), { candidate: null });
      this.onicecandidate?.(event);
      this.dispatchEvent(event);
    });
  }
  async addIceCandidate() {}
  close() {}
}

class Hub {
  constructor() { queueMicrotask(() => this.onopen()); }
  send() { queueMicrotask(() => this.onmessage({})); }
  close() {}
}

function partsOf(line, clock) {
  return { hub: 'wss://hub/ws', RTCPeerConnection: Deaf, WebSocket: Hub, fetch: line.fetch, clock };
}

const PROBES = [{ transport: 'udp', url: 'turn:a:443?transport=udp', username: 'u', credential: 'c' }, { transport: 'carrier-pigeon', url: 'coo:a' }];

test('the examination comes to a verdict, and measures the line last', async () => {
  const clock = new FakeClock();
  const line = Object.assign(new Line(clock, 1000), { probes: PROBES });
  const examination = new Examination(partsOf(line, clock));
  await examination.run();
  assert.equal(examination.state, 'done');
  assert.equal(examination.verdict, 'nothing');
  assert.deepEqual(examination.results.map(({ probe, ok, cause }) => [probe.transport, ok, cause]), [['udp', false, 'unreachable']], 'an unknown transport is left out');
  assert.equal(line.asked[0], 'GET /test/ice');
  assert.match(line.asked.at(-1), /^POST \/test\/bytes/);
});

test('without an answer, or with too many questions, it says which', async () => {
  for (const [status, code] of [[0, 'no-connection'], [404, 'no-test'], [429, 'too-fast']]) {
    const clock = new FakeClock();
    const line = Object.assign(new Line(clock, 1000), { status: { '/test/ice': status } });
    const examination = new Examination(partsOf(line, clock));
    await examination.run();
    assert.deepEqual([examination.state, examination.problem?.code], ['failed', code]);
  }
});

test('a phone tells whoever waits what it found, and knows when nobody waits any more', async () => {
  assert.equal(tokenFrom('#phone=AbCdEfGhIjKlMnOpQrStUv'), 'AbCdEfGhIjKlMnOpQrStUv');
  assert.equal(tokenFrom('#k=AbCdEfGhIjKlMnOpQrStUv'), undefined);
  const clock = new FakeClock();
  const line = Object.assign(new Line(clock, 1000), { probes: PROBES });
  const probe = new PhoneProbe(partsOf(line, clock), 'token', 'a phone');
  await probe.run();
  assert.equal(probe.state, 'told');
  assert.deepEqual(line.report, { token: 'token', browser: 'a phone', nat: 'unknown', results: [{ transport: 'udp', url: PROBES[0].url, ok: false, ms: 0, error: 'unreachable' }] });
  line.status['/test/report'] = 403;
  const late = new PhoneProbe(partsOf(line, clock), 'token', 'a phone');
  await late.run();
  assert.equal(late.problem?.code, 'code-ended');
});
