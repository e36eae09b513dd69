// Text chat, from page to page: the server never reads it.

import { scenario } from '../harness/scenario.mjs';

scenario('what one person writes the other reads, both ways', async (stage) => {
  const { server, people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob');
  await alice.says('coffee or tea?');
  await bob.button('Chat').click();
  await bob.reads('coffee or tea?');
  await bob.says('茶 <b>please</b>');
  await alice.reads('茶 <b>please</b>'); // as typed: text, never markup
  if (server.log.includes('coffee')) throw new Error('the server has read the chat');
});
