// The scenarios on a strict network, in a process of their own that lives in it. `tests/run browser` runs it after the others.

import { after } from 'node:test';
import { closeBrowsers } from './harness/browsers.mjs';

after(closeBrowsers);

await import('./cases/strict.mjs');
