// Sharing the screen: a picture beside the camera's, started and stopped by one button.

import { scenario } from '../harness/scenario.mjs';

scenario('a shared screen appears beside the camera, and goes when it is stopped', async (stage) => {
  const { people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob');
  await bob.button('Share screen').click();
  await alice.watchesMoving(alice.screenOf('Bob'));
  await alice.seesMoving('Bob'); // the camera goes on
  await bob.button('Share screen').click();
  await alice.screenOf('Bob').waitFor({ state: 'hidden' });
  await alice.seesMoving('Bob');
});

scenario('a person who comes later sees the screen that is shared already', async (stage) => {
  const { server, people: [alice] } = await stage.call(['Alice']);
  await alice.button('Share screen').click();
  const bob = await stage.person(server, 'Bob');
  await bob.join('kitchen');
  await bob.watchesMoving(bob.screenOf('Alice'));
});
