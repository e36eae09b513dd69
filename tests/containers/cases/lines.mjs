// What is between the homes: another Internet Protocol, lines that lose packets, lines that are narrow.

import { call } from '../world/calls.mjs';

const RELAYED = /^relay \((udp|tcp|tls)\) → relay$/;
const v4 = { v4: true, v6: false };
const v6 = { v4: false, v6: true };

call('IPv6 only, on both sides', async (stage) => {
  await stage.meet({ families: [v6, v6] });
  await stage.goes(/^(host|prflx) → (host|prflx)$/); // no NAT: each firewall opens for what its own side has sent
});

call('IPv6 only, UDP blocked', async (stage) => {
  await stage.meet({ families: [v6, v6], alice: { out: 'no UDP' }, bob: { out: 'no UDP' } });
  await stage.goes(/^relay \((tcp|tls)\) → relay$/);
  await stage.checkNames('UDP 443 is dropped on the way', 'UDP 3478 is dropped on the way');
});

call('IPv4 here, IPv6 there', async (stage) => {
  await stage.meet({ families: [v4, v6] });
  await stage.goes(/relay/);
});

for (const loss of [5, 20]) {
  call(`${loss} % of all packets lost`, async (stage) => {
    await stage.meet({ alice: { loss } });
    await stage.goes(/^(srflx|prflx|host) → (srflx|prflx|host)$/);
    await stage.checkNames('packets get lost on the way');
  });

  call(`${loss} % of all packets lost, through the relay`, async (stage) => {
    await stage.meet({ alice: { loss }, query: 'relay' });
    await stage.goes(RELAYED);
    await stage.checkNames('packets get lost on the way');
  });
}

call('no packet above 1280 bytes', async (stage) => {
  await stage.meet({ mtu: 1280 });
  await stage.goes(/^(srflx|prflx|host) → (srflx|prflx|host)$/);
});

call('no packet above 1280 bytes, through the relay', async (stage) => {
  await stage.meet({ mtu: 1280, query: 'relay' });
  await stage.goes(RELAYED);
});
