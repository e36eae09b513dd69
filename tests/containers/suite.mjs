// The matrix in one process, so that each world is built once. `tests/run containers` runs it inside ./lab.

import { after, describe } from 'node:test';
import { writeTable } from './world/calls.mjs';
import { WORLDS, endOfTheWorlds } from './world/world.mjs';

describe('calls', { concurrency: WORLDS }, async () => {
  after(endOfTheWorlds);
  after(writeTable);
  for (const cases of ['nat', 'firewalls', 'lines', 'faults', 'cluster']) await import(`./cases/${cases}.mjs`);
});
