// Microphone and camera: switched off and on, missing, refused.

import { scenario } from '../harness/scenario.mjs';
import { words } from '../harness/words.mjs';

scenario('a camera that is switched off is seen to be off, and comes back', async (stage) => {
  const { people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob');
  await bob.button('Camera').click();
  await alice.seesNoPictureOf('Bob');
  await alice.hears('Bob');
  await bob.button('Camera').click();
  await alice.seesMoving('Bob');
});

scenario('a microphone that is switched off is seen to be off, is silent, and comes back', async (stage) => {
  const { people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.hears('Bob');
  const muted = alice.tile('Bob').getByText(words('tile.muted'));
  await bob.button('Microphone').click();
  await muted.waitFor({ state: 'attached' });
  await alice.hearsNothingOf('Bob');
  await bob.button('Microphone').click();
  await muted.waitFor({ state: 'hidden' });
  await alice.hears('Bob');
});

for (const kind of /** @type {const} */ (['chromium without devices', 'firefox without devices'])) {
  scenario(`a person without any device takes part: sees, hears, and writes (${kind})`, async (stage) => {
    const { server, people: [alice] } = await stage.call(['Alice']);
    const bob = await stage.person(server, 'Bob', { kind });
    await bob.openRoom('kitchen');
    await bob.reads(words('problems.devices-missing'));
    await bob.enter();
    await bob.seesAndHears('Alice');
    await bob.says('no camera here');
    await alice.button('Chat').click();
    await alice.reads('no camera here');
  }, { needs: ['chromium', kind] });
}

scenario('a refused permission is explained in words, and the call goes on without', async (stage) => {
  const { server } = await stage.call(['Alice']);
  const bob = await stage.person(server, 'Bob', { kind: 'chromium that refuses' });
  await bob.openRoom('kitchen');
  await bob.reads(words('problems.devices-denied'));
  await bob.enter();
  await bob.seesAndHears('Alice');
});
