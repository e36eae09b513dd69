// The whiteboard: what one person draws the others see, also who comes later.

import { drawsByKeys, filmsBoard, keepsBoard } from '../harness/moves.mjs';
import { draws, inked } from '../harness/paper.mjs';
import { scenario } from '../harness/scenario.mjs';
import { until } from '../harness/until.mjs';
import { words } from '../harness/words.mjs';

scenario('what one person draws the others see, take nothing of it back, and who comes later sees it too', async (stage) => {
  const { server, people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob');
  await alice.button('Whiteboard').click();
  await bob.page.locator('.board canvas').waitFor(); // it opens for everybody
  await draws(alice, [0.1, 0.1], [0.9, 0.9]);
  await until('Bob sees no line', async () => await inked(bob) > 1000);
  await draws(bob, [0.1, 0.9], [0.9, 0.1]);
  const both = await inked(bob);
  await until('Alice sees one line only', async () => await inked(alice) > 0.9 * both);
  const carol = await stage.person(server, 'Carol');
  await carol.join('kitchen');
  await carol.page.locator('.board canvas').waitFor();
  await until('Carol does not see what was drawn before she came', async () => await inked(carol) > 0.9 * both);
  await bob.button(words('board.undo')).click();
  await until('more than one line was taken back, or none', async () => {
    const left = await inked(carol);
    return left < 0.7 * both && left > 0.3 * both;
  });
  await alice.button(words('board.clear')).click();
  await alice.page.getByRole('dialog').getByRole('button', { name: words('board.clear') }).click();
  for (const person of [alice, bob, carol]) await until(`${person.name}'s board is not empty`, async () => await inked(person) === 0);
});

scenario('a board is drawn on with the keyboard alone, kept as a picture, and shown as video', async (stage) => {
  const { people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob');
  await alice.page.keyboard.press('w');
  await drawsByKeys(alice);
  await keepsBoard(alice);
  await filmsBoard(alice, bob);
});
