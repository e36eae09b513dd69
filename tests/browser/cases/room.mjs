// Who is in the room: coming, going, coming back, and no seat left.

import { PATIENCE_MS } from '../harness/until.mjs';
import { scenario } from '../harness/scenario.mjs';
import { words } from '../harness/words.mjs';

/** How long the server keeps the seat of somebody whose socket dropped. */
const SEAT_KEPT_MS = 45_000;

scenario('a room that is full says so, and lets the next one in when somebody has left', async (stage) => {
  const { server, people: [alice, bob] } = await stage.call(['Alice', 'Bob'], { settings: { ROOMS__MAX_PEOPLE: '2' } });
  const carol = await stage.person(server, 'Carol');
  await carol.openRoom('kitchen');
  await carol.button('Join').click();
  await carol.reads(words('full.title'));
  await bob.leave();
  await alice.seesNobodyCalled('Bob');
  await carol.button(words('full.again')).click();
  await alice.seesMoving('Carol');
});

scenario('a person who leaves disappears, and can come back', async (stage) => {
  const { people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob');
  await bob.leave();
  await alice.seesNobodyCalled('Bob');
  await bob.joinAgain();
  await alice.seesAndHears('Bob');
  await bob.seesAndHears('Alice');
});

scenario('a page that is reloaded comes back to its seat', async (stage) => {
  const { people: [alice, bob] } = await stage.call(['Alice', 'Bob'], { settings: { ROOMS__MAX_PEOPLE: '2' } });
  await alice.seesMoving('Bob');
  await bob.page.reload();
  // The room is full without it: only the kept seat lets Bob in, and the page has kept his name.
  await bob.enter();
  await bob.seesAndHears('Alice');
  await alice.seesAndHears('Bob');
});

scenario('a window that is closed is noticed by the others', async (stage) => {
  const { people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob');
  await bob.goAway();
  await alice.tile('Bob').getByText(words('tile.lost')).waitFor();
  await alice.seesNobodyCalled('Bob', { within: SEAT_KEPT_MS + PATIENCE_MS });
});
