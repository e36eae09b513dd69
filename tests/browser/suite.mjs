// The whole browser suite in one process, so that each browser is started once. `tests/run browser` runs it.

import { after } from 'node:test';
import { closeBrowsers } from './harness/browsers.mjs';

after(closeBrowsers);
