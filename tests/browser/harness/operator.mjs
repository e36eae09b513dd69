// Whoever runs a server, at its dashboard.

import assert from 'node:assert/strict';
import { browser } from './browsers.mjs';

/**
 * A browser before the dashboard, with what it asked for.
 * @param {import('./scenario.mjs').Stage} stage @param {import('./server.mjs').Server} server
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
export async function operator(stage, server, options) {
  const context = await (await browser('chromium')).newContext(options);
  stage.ends(() => context.close());
  const page = await context.newPage();
  const requests = /** @type {string[]} */ ([]);
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => assert.fail(error));
  await page.goto(server.dashboard);
  return { page, requests };
}
