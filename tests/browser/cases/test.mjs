// The test page: what it finds out about a network, by both browsers; and the phone that is a probe.

import assert from 'node:assert/strict';
import { scenario } from '../harness/scenario.mjs';
import { freePort } from '../harness/server.mjs';
import { words } from '../harness/words.mjs';

for (const kind of /** @type {const} */ (['chromium', 'firefox'])) {
  scenario(`the test page finds every way to the server and says that calls will work (${kind})`, async (stage) => {
    const server = await stage.server();
    const alice = await stage.person(server, 'Alice', { kind });
    await alice.page.goto(`${server.url}/test`);
    const findings = await alice.testsTheNetwork();
    assert.equal(findings.verdict, 'good');
    // Firefox does TURN over TLS only with a certificate that it trusts.
    const expected = { stun: 'works', udp: 'works', tcp: 'works', tls: kind === 'firefox' ? 'fails' : 'works' };
    assert.deepEqual(findings.ways, expected);
    await alice.reads(words('test.verdict.good'));
    assert.match(await alice.page.locator('[data-part="down"]').textContent(), /bit\/s/);
    assert.match(await alice.page.locator('[data-part="up"]').textContent(), /bit\/s/);

    await alice.button(words('test.devices.start')).click();
    // Chromium's feigned microphone beeps; Firefox has no clock for sound on a machine without a sound card.
    await alice.reads(words(kind === 'chromium' ? 'test.heard' : 'test.speak'));
    await alice.page.locator('.test-devices video').evaluate((/** @type {HTMLVideoElement} */ video) => new Promise((resolve) => video.requestVideoFrameCallback(resolve)));
    await alice.button(words('settings.test-sound')).click();
    await alice.page.getByRole('radio', { name: words('test.yes') }).check();
    await alice.reads(words('test.speaker.yes'));

    await alice.button(words('test.copy')).click();
    const report = await alice.page.locator('[data-part="report"]').inputValue();
    assert.match(report, /verdict: good/);
    assert.match(report, /tcp +turn:.*: ok, \d+ ms/);
    assert.match(report, /camera: ok; microphone: ok, .*heard; speaker heard: yes/);
    assert.deepEqual(await alice.foreignRequests(), []);
  }, { needs: [kind] });
}

scenario('a server that is typed in is asked, and what it has against us is shown', async (stage) => {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice');
  await alice.page.goto(`${server.url}/test`);
  const { probes } = await alice.page.evaluate(async () => (await fetch('/test/ice')).json());
  const probe = probes.find(({ transport }) => transport === 'tcp');
  await alice.page.getByText(words('test.others')).click();
  await alice.box(words('test.others.url')).fill(probe.url);
  await alice.box(words('test.others.user')).fill(probe.username);
  await alice.box(words('test.others.password')).fill(probe.credential);
  await alice.page.getByRole('switch', { name: words('test.others.relay') }).check();
  await alice.button(words('test.others.start')).click();
  await alice.page.getByRole('cell', { name: 'relay', exact: true }).first().waitFor();
  await alice.box(words('test.others.password')).fill('wrong');
  await alice.button(words('test.others.start')).click();
  await alice.page.getByRole('cell', { name: words('test.others.error', { n: 401 }) }).first().waitFor();
  await alice.box(words('test.others.url')).fill('nonsense');
  await alice.button(words('test.others.start')).click();
  await alice.reads(words('test.others.refused', { error: '' }));
});

scenario('a server without a relay is told from one whose relay cannot be reached', async (stage) => {
  const server = await stage.server({ TURN__ENABLED: 'false' });
  const alice = await stage.person(server, 'Alice');
  await alice.page.goto(`${server.url}/test`);
  const { verdict, ways } = await alice.testsTheNetwork();
  assert.deepEqual([verdict, ways], ['no-relay', {}]);
});

scenario('a phone with a code that nobody waits for says so, in large words and without asking for a camera', async (stage) => {
  const server = await stage.server();
  const phone = await stage.person(server, 'Phone', { context: { viewport: { width: 390, height: 844 } } });
  await phone.page.goto(`${server.url}/test?phone#phone=nobody-waits-for-this`);
  await phone.page.getByRole('heading', { name: words('problems.code-ended') }).or(phone.page.getByText(words('problems.code-ended'))).first().waitFor();
  const states = await phone.page.locator('.way').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-state')));
  assert.deepEqual(states, ['works', 'works', 'works', 'works']);
  assert.equal(await phone.page.locator('video').count(), 0);
});

scenario('a phone that opens the link of `callbox check --phone` tells the terminal which ways are open, also past TLS', async (stage) => {
  const server = await stage.server({ ADMIN__LISTEN: `127.0.0.1:${await freePort()}` });
  for (const scheme of ['https:', 'http:']) {
    const { links, told } = await server.waitsForPhone();
    const link = links.find((candidate) => candidate.startsWith(scheme)).replace('localhost', '127.0.0.1');
    const phone = await stage.person(server, `Phone ${scheme}`, { context: { viewport: { width: 390, height: 844 } } });
    await phone.page.goto(link);
    await phone.reads(words('test.phone.told'));
    const { text, code } = await told;
    assert.equal(code, 0, text);
    for (const way of ['STUN', 'relay, UDP', 'relay, TCP', 'relay, TLS']) {
      assert.match(text, new RegExp(`^ok +\\d+ ms  ${way} .*works$`, 'm'), text);
    }
    assert.match(text, /Everything works from here/);
  }
});
