// A browser that trusts the certificate authority opens the page without a question and calls: over a real order at a real Pebble.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { trustingBrowser } from '../harness/browsers.mjs';
import { Person } from '../harness/person.mjs';
import { Server, freePort } from '../harness/server.mjs';

/** Longer than an order takes on a busy machine. */
const ISSUED_WITHIN_MS = 30_000;

const there = (command) => {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`]);
    return true;
  } catch {
    return false;
  }
};
const lacking = ['pebble', 'certutil', 'openssl', 'chromium'].find((command) => !there(command));

test('a browser that trusts the authority is not warned, and calls', { skip: lacking ? `no ${lacking} is installed` : false, timeout: 180_000 }, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'callbox-trusted-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const pebble = await startPebble(folder, port);
  t.after(() => pebble.process.kill());
  const settings = { TLS__MODE: 'acme', NAMES: '127.0.0.1', TLS__ACME__DIRECTORY: pebble.directory, TLS__ACME__CA_FILE: pebble.caFile };
  const server = await Server.start({ settings, port });
  t.after(() => server.close());
  await until(() => server.log.includes('trusted certificate in use'), () => server.log);

  const stranger = await trustingBrowser(path.join(folder, 'stranger'));
  t.after(() => stranger.close());
  const page = await (await stranger.newContext()).newPage();
  await assert.rejects(page.goto(`https://127.0.0.1:${port}/`), /ERR_CERT_AUTHORITY_INVALID/, 'so the browser does look');

  trust(path.join(folder, 'friend'), await pebble.root());
  const friend = await trustingBrowser(path.join(folder, 'friend'));
  t.after(() => friend.close());
  const context = { ignoreHTTPSErrors: false };
  const url = `https://127.0.0.1:${port}`;
  const alice = await Person.sitDown(friend, { name: 'Alice', url, context });
  const bob = await Person.sitDown(friend, { name: 'Bob', url, context });
  await alice.join('tea');
  await bob.join('tea');
  await alice.seesAndHears('Bob');
  await bob.seesAndHears('Alice');
});

/** Its API's own certificate is made here: Debian ships none. */
async function startPebble(folder, tlsPort) {
  const file = (name) => path.join(folder, name);
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('key.pem')];
  execFileSync('openssl', ['req', '-x509', ...key, '-out', file('cert.pem'), '-days', '2', '-subj', '/CN=pebble', ...names], { stdio: 'ignore' });
  const [api, management, httpPort] = [await freePort(), await freePort(), await freePort()];
  const config = {
    listenAddress: `127.0.0.1:${api}`, managementListenAddress: `127.0.0.1:${management}`,
    certificate: file('cert.pem'), privateKey: file('key.pem'), httpPort, tlsPort, ocspResponderURL: '', externalAccountBindingRequired: false,
  };
  writeFileSync(file('pebble.json'), JSON.stringify({ pebble: config }));
  const child = spawn('pebble', ['-config', file('pebble.json')], { env: { ...process.env, PEBBLE_VA_NOSLEEP: '1' }, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (log += text));
  await until(() => log.includes('ACME directory available'), () => log);
  const root = async () => {
    const request = https.get(`https://127.0.0.1:${management}/roots/0`, { ca: readFileSync(file('cert.pem')) });
    const [response] = await once(request, 'response');
    return (await response.toArray()).join('');
  };
  return { process: child, directory: `https://127.0.0.1:${api}/dir`, caFile: file('cert.pem'), root };
}

/** Chromium on Linux reads the roots a person has added from the home folder's NSS database. */
function trust(home, pem) {
  const database = path.join(home, '.pki/nssdb');
  mkdirSync(database, { recursive: true });
  writeFileSync(path.join(home, 'root.pem'), pem);
  execFileSync('certutil', ['-d', `sql:${database}`, '-N', '--empty-password']);
  execFileSync('certutil', ['-d', `sql:${database}`, '-A', '-n', 'pebble', '-t', 'C,,', '-i', path.join(home, 'root.pem')]);
}

async function until(condition, log) {
  const end = Date.now() + ISSUED_WITHIN_MS;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`it did not come:\n${log()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
