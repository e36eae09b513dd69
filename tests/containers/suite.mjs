// The matrix in one process, so that the world is built once. `tests/run containers` runs it inside ./lab.

import { after, describe } from 'node:test';
import { writeTable } from './world/calls.mjs';
import { endOfTheWorld } from './world/world.mjs';

describe('calls', async () => {
  after(endOfTheWorld);
  after(writeTable);
  for (const cases of ['nat', 'firewalls', 'lines', 'faults']) await import(`./cases/${cases}.mjs`);
});
