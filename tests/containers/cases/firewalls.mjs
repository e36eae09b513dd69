// Networks that let out next to nothing, and servers that open next to nothing.

import { call } from '../world/calls.mjs';

const OVER_TCP = /^relay \((tcp|tls)\) → relay$/;
const NO_UDP = ['UDP 443 is dropped on the way', 'UDP 3478 is dropped on the way'];
const strangers = /** @type {const} */ ({ alice: { nat: 'symmetric' }, bob: { nat: 'symmetric' } });

call('UDP blocked on both sides', async (stage) => {
  await stage.meet({ alice: { out: 'no UDP' }, bob: { out: 'no UDP' } });
  await stage.goes(OVER_TCP);
  await stage.checkNames(...NO_UDP);
});

call('UDP blocked on one side', async (stage) => {
  await stage.meet({ alice: { out: 'no UDP' } });
  await stage.goes(/relay/);
  await stage.checkNames(...NO_UDP);
});

call('everything but TCP 443 blocked on both sides', async (stage) => {
  await stage.meet({ alice: { out: 'only TCP 443' }, bob: { out: 'only TCP 443' } });
  await stage.goes(OVER_TCP);
  await stage.checkNames(...NO_UDP, 'TCP 3478 is dropped on the way');
});

// The second command of README.
const PUBLISHED = ['-p', '443:443/tcp', '-p', '443:443/udp', '-v', 'callbox:/data'];

/** Which nobody has published; callers do without. */
const NO_3478 = ['nothing listens on UDP 3478', 'nothing listens on TCP 3478'];

call('symmetric NATs, Docker with published ports and `turn.ports = "none"`', async (stage) => {
  await stage.container(PUBLISHED, { TURN__PORTS: 'none' });
  await stage.meet(strangers);
  await stage.goes(/^relay \((udp|tcp|tls)\) → relay$/);
  await stage.checkNames(...NO_3478);
});

call('symmetric NATs, Docker with published ports and a range of them', async (stage) => {
  const range = '50000-50063';
  const settings = { TURN__PORTS: range, TURN__EXTERNAL_IP: stage.world.at.v4 };
  await stage.container([...PUBLISHED, '-p', `${range}:${range}/udp`], settings);
  await stage.meet(strangers);
  await stage.goes(/relay/);
  await stage.checkNames(...NO_3478);
});

call('UDP blocked, Docker with published ports and `turn.ports = "none"`', async (stage) => {
  await stage.container(PUBLISHED, { TURN__PORTS: 'none' });
  await stage.meet({ alice: { out: 'no UDP' }, bob: { out: 'no UDP' } });
  await stage.goes(OVER_TCP);
  await stage.checkNames(...NO_UDP, 'nothing listens on TCP 3478');
});
