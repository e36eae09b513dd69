// The scenarios on a strict network, in a process of their own that lives in it. `tests/run browser` runs it after the others.

import { closeBrowsers } from './harness/browsers.mjs';
import { allOver } from './harness/scenario.mjs';

await import('./cases/strict.mjs');

await allOver();
await closeBrowsers();
