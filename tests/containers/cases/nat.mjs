// Which way two people reach each other through the NATs between them.

import { call } from '../world/calls.mjs';

const DIRECT = /^(host|srflx|prflx) → (host|srflx|prflx)$/;
const RELAYED = /relay/;

/** From the one that lets everybody in to the one that never shows the same port twice. */
const kinds = /** @type {const} */ (['full cone', 'restricted', 'port-restricted', 'symmetric']);

call('both behind one router', async (stage) => {
  await stage.meet({ together: true });
  await stage.goes(/^host → (host|prflx)$/);
});

for (const [index, alice] of kinds.entries()) {
  for (const bob of kinds.slice(index)) {
    call(alice === bob ? `${alice} NAT on both sides` : `${alice} NAT, and ${bob}`, async (stage) => {
      await stage.meet({ alice: { nat: alice }, bob: { nat: bob } });
      // Who has another port for each destination cannot be told which one, and who lets in only known ports has to know it.
      const hopeless = bob === 'symmetric' && (alice === 'symmetric' || alice === 'port-restricted');
      await stage.goes(hopeless ? RELAYED : DIRECT);
    });
  }
}
