// How a call is looked at and what is said without words: hands, signs, the own picture, who is shown large.

import { fillsScreen, hasRoom, hasSmallWindow, movesOwnPicture, speaksByKey } from '../harness/moves.mjs';
import { scenario } from '../harness/scenario.mjs';
import { words } from '../harness/words.mjs';

scenario('a raised hand and a sign are seen on the tile of whoever gives them', async (stage) => {
  const { people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob');
  await bob.page.keyboard.press('h');
  await alice.tile('Bob').getByText(words('tile.hand')).waitFor({ state: 'attached' });
  await bob.button('React').click();
  await bob.button('👏').click();
  await alice.tile('Bob').getByText('👏').waitFor();
  await alice.tile('Bob').getByText('👏').waitFor({ state: 'detached' });
  await bob.page.keyboard.press('h');
  await alice.tile('Bob').getByText(words('tile.hand')).waitFor({ state: 'hidden' });
});

scenario('the own picture moves to another corner, by hand and by button, covers neither name nor button there, stands beside who is pinned, and can be put away', async (stage) => {
  const { people: [alice] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob');
  await movesOwnPicture(alice);
  const own = alice.tile(words('tile.you', { name: 'Alice' }));
  const pin = alice.tile('Bob').getByRole('button', { name: words('tile.pin', { name: 'Bob' }) });
  await pin.focus(); // it is to be seen, and stays so
  for (const corner of ['first', 'second', 'third', 'fourth']) {
    await own.getByRole('button', { name: words('self.move') }).dispatchEvent('click');
    await hasRoom(alice, `in the ${corner} corner`);
  }
  await alice.page.keyboard.press('Enter');
  await alice.page.waitForFunction(() => {
    const [bobs, hers] = ['.tile:has([aria-pressed="true"])', '.tile.mirrored'].map((one) => document.querySelector(one).getBoundingClientRect());
    return hers.left >= bobs.right && !document.querySelector('.tile.floating');
  });
  await alice.page.keyboard.press('Enter');
  await own.and(alice.page.locator('.floating')).waitFor();
});

scenario('space opens a muted microphone for as long as it is held', async (stage) => {
  const { people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await speaksByKey(bob, alice);
  await bob.reads(words('muted.hint')); // the fake microphone goes on beeping: somebody speaks while muted
});

scenario('in the speaker view the one who speaks is shown large', async (stage) => {
  const { people: [alice, bob, carol] } = await stage.call(['Alice', 'Bob', 'Carol']);
  await alice.hears('Carol');
  await bob.button('Microphone').click();
  await alice.button('Speaker view').click();
  const larger = (index) => alice.page.waitForFunction(([name, other]) => {
    const width = (who) => document.querySelector(`section[aria-label="${who}"]`).getBoundingClientRect().width;
    return width(name) > 2 * width(other);
  }, index === 0 ? ['Bob', 'Carol'] : ['Carol', 'Bob']);
  await larger(1);
  await carol.button('Microphone').click();
  await bob.button('Microphone').click();
  await larger(0);
  await alice.button('Speaker view').click();
  await alice.page.waitForFunction(() => {
    const [bobs, carols] = ['Bob', 'Carol'].map((who) => document.querySelector(`section[aria-label="${who}"]`).getBoundingClientRect().width);
    return Math.abs(bobs - carols) < 2;
  });
});

scenario('the call fills the screen, and a small window shows it and carries its controls', async (stage) => {
  const { people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob');
  await fillsScreen(alice);
  await hasSmallWindow(alice, bob);
});
