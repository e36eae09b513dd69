// Two people in a call, and a file that one is about to send to the other.

import { randomBytes } from 'node:crypto';
import { FakeShelf } from './shelf.js';
import { World } from './world.js';

export const MIB = 1 << 20;

export async function aboutToSend(mebibytes = 3) {
  const world = new World();
  const alice = await world.join('Alice', { devices: false });
  const shelf = new FakeShelf();
  const bob = await world.join('Bob', { devices: false, shelf });
  await world.untilConnected(alice, bob);
  const bytes = randomBytes(mebibytes * MIB + 17);
  return { world, shelf, alice, bob, clock: world.clock, bytes, file: new File([bytes], 'holiday.bin', { type: 'application/x-thing' }) };
}

export async function offered(stage) {
  const { alice, bob, clock, file } = stage;
  alice.call.files.send([file], null);
  await clock.until(() => bob.transfers.length > 0, 'the offer', 2_000);
  return { outgoing: alice.transfers[0], incoming: bob.transfers[0] };
}

export const ended = (...transfers) => () => transfers.every((transfer) => transfer.ended);
