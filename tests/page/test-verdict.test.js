/** What the test page says about a network, and what it gives away of it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { natFrom } from '../../web/test/nat.js';
import { withoutNat } from '../../web/test/probe.js';
import { reportOf, withoutAddresses } from '../../web/test/report.js';
import { meaning, portOf, verdictOf } from '../../web/test/verdict.js';

const URLS = { stun: 'stun:call.example:443', udp: 'turn:call.example:443?transport=udp', tcp: 'turn:call.example:443?transport=tcp', tls: 'turns:call.example:443?transport=tcp' };

/** @param {Record<string, boolean>} ways */
function results(ways) {
  return Object.entries(ways).map(([transport, ok]) => ({ probe: { transport, url: URLS[transport] }, ok, ms: 20, cause: ok ? null : 'unreachable', error: '' }));
}

test('the verdict names what keeps calls from going well', () => {
  const verdict = (ways, nat, hub = true) => verdictOf({ hub, nat, results: results(ways) });
  const all = { stun: true, udp: true, tcp: true, tls: true };
  assert.equal(verdict(all, 'steady'), 'good');
  assert.equal(verdict(all, 'none'), 'good');
  assert.equal(verdict(all, 'symmetric'), 'symmetric');
  assert.equal(verdict({ ...all, stun: false, udp: false }, 'blocked'), 'no-udp');
  assert.equal(verdict({ stun: false, udp: false, tcp: false, tls: true }, 'blocked'), 'no-udp');
  assert.equal(verdict({ ...all, udp: false }, 'steady'), 'relay-not-by-udp');
  assert.equal(verdict({ stun: true, udp: false, tcp: false, tls: false }, 'symmetric'), 'direct-only');
  assert.equal(verdict({ stun: false, udp: false, tcp: false, tls: false }, 'blocked'), 'nothing');
  assert.equal(verdict({ stun: true }, 'steady'), 'no-relay');
  assert.equal(verdict({}, 'unknown'), 'no-relay');
  assert.equal(verdict(all, 'steady', false), 'no-hub');
});

test('a browser that keeps quiet about STUN where its UDP goes nowhere is not believed', () => {
  assert.equal(verdictOf({ hub: true, nat: 'none', results: results({ stun: true, udp: false, tcp: true, tls: true }) }), 'no-udp');
});

test('a STUN answer that told nothing new is one, where the relay at the same port works over UDP', () => {
  const [stun, udp, tcp] = results({ stun: false, udp: true, tcp: true });
  assert.equal(withoutNat(stun, [stun, udp]).ok, true);
  assert.equal(withoutNat(stun, [stun, tcp]).ok, false);
  const other = { ...udp, probe: { ...udp.probe, url: 'turn:call.example:3478?transport=udp' } };
  assert.equal(withoutNat(stun, [stun, other]).ok, false, 'another port says nothing about this one');
});

test('a failure is explained by its transport, and made light of where another port does the same', () => {
  const [udp, tcp] = results({ udp: false, tcp: true });
  assert.deepEqual(meaning(udp, [udp, tcp]), { key: 'test.fail.udp', holes: { port: '443', error: '-' } });
  assert.equal(meaning(tcp, [udp, tcp]), null);
  const spare = { ...udp, ok: true, probe: { ...udp.probe, url: 'turn:call.example:3478?transport=udp' } };
  assert.equal(meaning(udp, [udp, spare])?.key, 'test.fail.spare');
  assert.equal(meaning({ ...udp, cause: 'refused', error: '401 Unauthorized' }, [udp])?.key, 'test.fail.refused');
});

test('ports are read from addresses of servers, and known where they are left out', () => {
  assert.deepEqual(['turn:a:443?transport=tcp', 'turn:[2001:db8::1]:3478', 'turns:a', 'stun:a', 'turn:[2001:db8::1]'].map(portOf), ['443', '3478', '5349', '3478', '3478']);
});

const seen = (address, port, base = '') => ({ type: 'srflx', protocol: 'udp', address, port, base, ms: 1 });
const found = (...candidates) => ({ candidates, errors: [], complete: true });

test('the kind of NAT shows in what two ports of a server saw', () => {
  assert.equal(natFrom(found(seen('203.0.113.7', 4000)), 2), 'steady', 'both saw the same, which a browser names once');
  assert.equal(natFrom(found(seen('203.0.113.7', 4000), seen('203.0.113.7', 4001)), 2), 'symmetric');
  assert.equal(natFrom(found(seen('203.0.113.7', 4000, '10.0.0.2 99'), seen('198.51.100.1', 4001, '10.1.0.2 98')), 2), 'steady', 'two networks of one machine');
  assert.equal(natFrom(found(seen('203.0.113.7', 4000)), 1), 'some', 'one port cannot tell');
  assert.equal(natFrom(found(seen('203.0.113.7', 4000, '203.0.113.7 4000')), 2), 'none');
  assert.equal(natFrom(found(), 2), 'none');
  assert.equal(natFrom({ ...found(), errors: [{ url: '', code: 701, text: '', ms: 1 }] }, 2), 'blocked');
  assert.equal(natFrom({ ...found(), complete: false }, 2), 'blocked');
});

test('a report names networks and not machines', () => {
  assert.equal(withoutAddresses('from 203.0.113.77 and 2001:db8:1:2:3:4:5:6, fe80::1234:5678:9abc, at 12:30:15'), 'from 203.0.x.x and 2001:db8:x, fe80:1234:x, at 12:30:15');
  const ways = results({ udp: true, tcp: false }).map((result) => ({ probe: { ...result.probe, url: result.probe.url.replace('call.example', '203.0.113.77') }, result }));
  const text = reportOf({ hub: { ok: true, ms: 5 }, ways, nat: { kind: 'steady', ipv6: false }, down: { bits: 2.5e6 }, up: { problem: 'too-fast' }, verdict: 'good' }, { browser: 'Chrome/156.0.8078.79', server: '203.0.113.77', at: '2026-11-22', devices: ['devices: not tried'] });
  assert.ok(!text.includes('203.0.113.77'));
  for (const line of ['verdict: good', 'udp  turn:203.0.x.x:443?transport=udp: ok, 20 ms', 'unreachable after 20 ms', 'NAT: steady; IPv6: not seen', 'down: 2.5 Mbit/s, up: too-fast', 'Chrome/156.0.8078.79']) assert.ok(text.includes(line), line);
});
