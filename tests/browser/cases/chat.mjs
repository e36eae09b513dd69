// Text chat, from page to page: the server never reads it.

import assert from 'node:assert/strict';
import { scenario } from '../harness/scenario.mjs';
import { words } from '../harness/words.mjs';

scenario('what one person writes the other reads, both ways, and is told how much was not read yet', async (stage) => {
  const { server, people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob');
  await alice.says('coffee or tea?');
  await alice.says('or juice?');
  const unread = bob.page.locator('[data-part="unread"]');
  await unread.getByText('2').waitFor();
  assert.equal(await bob.button('Chat').getAttribute('aria-description'), words('chat.unread.other', { n: 2 }));
  await bob.button('Chat').click();
  await bob.reads('coffee or tea?');
  await unread.waitFor({ state: 'hidden' });
  await bob.says('茶 <b>please</b>');
  await alice.reads('茶 <b>please</b>'); // as typed: text, never markup
  if (server.log.includes('coffee')) throw new Error('the server has read the chat');
});

scenario('who comes later does not see what was written before, and is told so', async (stage) => {
  const { server, people: [alice] } = await stage.call(['Alice']);
  await alice.says('a secret of the first hour');
  const bob = await stage.person(server, 'Bob');
  await bob.join('kitchen');
  await bob.button('Chat').click();
  await bob.reads(words('chat.before'));
  await alice.seesMoving('Bob', { frames: 1 });
  await alice.says('welcome');
  await bob.reads('welcome');
  await bob.reads(words('chat.before'));
  assert.equal(await bob.page.getByText('a secret of the first hour').count(), 0);
  assert.equal(await alice.page.getByText(words('chat.before')).count(), 0);
});
