// The dashboard: what whoever runs the server sees of a call, and how they end it.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { operator } from '../harness/operator.mjs';
import { scenario } from '../harness/scenario.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const ADMIN__LISTEN = '127.0.0.1:0';

scenario('whoever runs the server sees a call on the dashboard and sends somebody out of it', async (stage) => {
  const { server, people: [alice, bob] } = await stage.call(['Alice', 'Bob'], { settings: { ADMIN__LISTEN }, query: 'relay' });
  await alice.seesAndHears('Bob');
  const { page, requests } = await operator(stage, server);
  await page.getByText('All is well').waitFor();
  await page.getByRole('row', { name: /ipv[46]/ }).first().waitFor();
  await page.getByRole('button', { name: 'kitchen', exact: true }).click();
  await page.getByRole('cell', { name: 'Alice', exact: true }).waitFor();
  // Every two seconds all of it is looked at again: what somebody has in hand stays.
  await page.getByText(/[1-9][\d.]* [kM]bit\/s/).waitFor();

  await page.getByRole('button', { name: 'Remove Bob from kitchen' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('cell', { name: 'Bob', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Remove Bob from kitchen' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await bob.reads('The host removed you from the room');
  await page.getByRole('cell', { name: 'Bob', exact: true }).waitFor({ state: 'detached' });
  await page.getByRole('row', { name: 'removed' }).waitFor();
  assert.deepEqual(requests.filter((url) => !url.startsWith(server.dashboard) && !url.startsWith('data:')), []);
});

scenario('where there is a token the dashboard asks for it and keeps it for as long as the tab lives', async (stage) => {
  const token = '0123456789abcdef-token';
  const server = await stage.server({ ADMIN__LISTEN, ADMIN__TOKEN: token });
  const { page } = await operator(stage, server);
  const box = page.getByLabel('Token', { exact: true });
  await box.fill('not the token of this');
  await page.keyboard.press('Enter');
  await page.getByText('That is not the token').waitFor();
  await box.fill(token);
  await page.keyboard.press('Enter');
  await page.getByText('All is well').waitFor();
  await page.reload();
  await page.getByText('All is well').waitFor();
  assert.deepEqual(await page.evaluate(() => [localStorage.length, document.cookie]), [0, '']);
  await page.getByRole('button', { name: 'Forget the token' }).click();
  await box.waitFor();
});

scenario('axe finds nothing to mend on the dashboard, in light and dark', async (stage) => {
  const { server } = await stage.call(['Alice'], { settings: { ADMIN__LISTEN } });
  const { page } = await operator(stage, server, { bypassCSP: true });
  await page.getByRole('button', { name: 'kitchen', exact: true }).click();
  await page.getByRole('cell', { name: 'Alice', exact: true }).waitFor();
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    await page.emulateMedia({ colorScheme });
    await page.addScriptTag({ path: axe });
    const { violations } = await page.evaluate(() => /** @type {any} */ (window).axe.run());
    assert.deepEqual(violations.map((/** @type {any} */ one) => [colorScheme, one.id, one.nodes.map((/** @type {any} */ node) => node.html)]), []);
  }
});
