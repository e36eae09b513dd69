// Callers whose networks let out next to nothing. Nobody asks for the relay here: the network leaves no other way. One of the two
// is at Chromium, the other at Firefox, so that both browsers reach the relay each way.

import assert from 'node:assert/strict';
import { BY_ADDRESS, BY_NAME, heldBack, letsOut, TRUSTED } from '../harness/network.mjs';
import { scenario } from '../harness/scenario.mjs';
import { words } from '../harness/words.mjs';

/** @type {import('../harness/browsers.mjs').Kind[]} */
const needs = ['chromium', 'firefox'];

/** @type {{ network: import('../harness/network.mjs').Network, protocol: string, settings: Record<string, string>, where: import('../harness/server.mjs').Where }[]} */
const calls = [
  { network: 'only to port 443', protocol: 'udp', settings: {}, where: BY_ADDRESS },
  { network: 'only to port 443', protocol: 'udp', settings: { TURN__PORTS: 'none' }, where: BY_ADDRESS },
  // With the certificate of the first start, which Firefox does not take for TURN over TLS.
  { network: 'only TCP to port 443', protocol: 'tcp', settings: { TURN__PORTS: 'none' }, where: BY_ADDRESS },
  { network: 'only TLS to port 443', protocol: 'tls', settings: { TURN__PORTS: 'none', ...TRUSTED }, where: BY_NAME },
];

/** What the test page says there, by browser: Firefox does TURN over TLS only by name. */
const tests = [
  { network: /** @type {const} */ ('only TCP to port 443'), verdict: 'no-udp', ways: { stun: 'fails', udp: 'fails', tcp: 'works', tls: 'works' }, settings: TRUSTED, where: BY_NAME },
  { network: /** @type {const} */ ('only TLS to port 443'), verdict: 'no-udp', ways: { stun: 'fails', udp: 'fails', tcp: 'fails', tls: 'works' }, settings: TRUSTED, where: BY_NAME },
];

for (const { network, verdict, ways, settings, where } of tests) {
  for (const kind of needs) {
    scenario(`in a network that lets out ${network} the test page names what is blocked (${kind})`, async (stage) => {
      letsOut(network);
      const server = await stage.server(settings, where);
      const alice = await stage.person(server, 'Alice', { kind });
      await alice.page.goto(`${server.url}/test`);
      const findings = await alice.testsTheNetwork();
      assert.equal(findings.verdict, verdict);
      assert.deepEqual(findings.ways, ways);
      assert.equal(findings.nat, words('test.nat.blocked'));
      await alice.reads(words('test.verdict.no-udp'));
    }, { needs: [kind] });
  }
}

for (const { network, protocol, settings, where } of calls) {
  scenario(`networks that let out ${network}: the call goes through the relay by ${protocol}, ports ${settings.TURN__PORTS ?? 'a range'}`, async (stage) => {
    letsOut(network);
    const server = await stage.server(settings, where);
    const alice = await stage.person(server, 'Alice', { kind: needs[0] });
    const bob = await stage.person(server, 'Bob', { kind: needs[1] });
    await alice.join('kitchen');
    await bob.join('kitchen');
    await alice.seesAndHears('Bob');
    await bob.seesAndHears('Alice');
    for (const person of [alice, bob]) {
      const pairs = await person.selectedPairs();
      assert.deepEqual(pairs, [{ local: 'relay', remote: 'relay', relayProtocol: protocol }], person.name);
    }
    assert.ok(heldBack() > 0, 'nothing was held back: the network was not strict');
    for (const [person, other] of /** @type {const} */ ([[alice, 'Bob'], [bob, 'Alice']])) {
      await person.looksInto(other);
      await person.reads(words(protocol === 'udp' ? 'why.relayed' : 'why.udp-blocked.both', { over: protocol.toUpperCase() }));
    }
  }, { needs });
}

for (const order of [needs, needs.toReversed()]) {
  scenario(`the path between ${order[0]} and ${order[1]} is cut in mid-call: both say so, and the call comes back by itself`, async (stage) => {
    letsOut('everything');
    const server = await stage.server({}, BY_ADDRESS);
    const alice = await stage.person(server, 'Alice', { kind: order[0] });
    const bob = await stage.person(server, 'Bob', { kind: order[1] });
    await alice.join('kitchen');
    await bob.join('kitchen');
    await alice.seesAndHears('Bob');
    await bob.seesAndHears('Alice');
    letsOut('nothing');
    await alice.tile('Bob').getByText(words('tile.lost')).waitFor();
    await bob.tile('Alice').getByText(words('tile.lost')).waitFor();
    letsOut('everything');
    await alice.seesAndHears('Bob');
    await bob.seesAndHears('Alice');
  }, { needs });
}
