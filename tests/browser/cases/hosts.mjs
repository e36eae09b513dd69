// Hosts and the door: who may come in, who is sent out, and whether it is really them.

import { scenario } from '../harness/scenario.mjs';
import { words } from '../harness/words.mjs';

const person = (one, name) => one.page.getByRole('dialog').getByRole('listitem').filter({ hasText: name });

/** Opens the list of people, where a host finds everything. */
async function opensPeople(one) {
  await one.page.getByRole('button', { name: /^\d+ (person|people)$/ }).click();
  await one.page.getByRole('dialog').waitFor();
}

async function closesDialog(one) {
  await one.page.keyboard.press('Escape');
  await one.page.getByRole('dialog').waitFor({ state: 'detached' });
}

async function flips(one, key) {
  await one.page.getByRole('switch', { name: words(key) }).click();
}

/** What needs a second press, so that a slip of the finger does no harm. */
async function pressesTwice(one, name, wish) {
  const button = person(one, name).getByRole('button', { name: words(`people.${wish}.who`, { name }) });
  await button.click();
  await button.click();
}

scenario('who knocks waits, and is in when the host opens; who is not wanted hears it', async (stage) => {
  const { server, people: [alice] } = await stage.call(['Alice'], { settings: { ROOMS__LOBBY: 'true' } });
  const [bob, mallory] = [await stage.person(server, 'Bob'), await stage.person(server, 'Mallory')];
  for (const one of [bob, mallory]) {
    await one.openRoom('kitchen');
    await one.button('Join').click();
    await one.reads(words('knock.waiting'));
  }
  await alice.button(words('knock.decline.who', { name: 'Mallory' })).click();
  await mallory.reads(words('problems.declined'));
  await alice.button(words('knock.admit.who', { name: 'Bob' })).click();
  await alice.seesMoving('Bob');
  await bob.seesMoving('Alice');
});

scenario('a host locks the room, asks for quiet, sends somebody out, and hands over', async (stage) => {
  const { server, people: [alice, bob, carol] } = await stage.call(['Alice', 'Bob', 'Carol']);
  await alice.seesMoving('Bob');
  await opensPeople(alice);
  await flips(alice, 'door.locked');
  await bob.reads(words('door.is-locked'));
  const dave = await stage.person(server, 'Dave');
  await dave.openRoom('kitchen');
  await dave.button('Join').click();
  await dave.reads(words('problems.locked'));
  await person(alice, 'Bob').getByRole('button', { name: words('people.mute.who', { name: 'Bob' }) }).click();
  await bob.reads(words('people.mute.done', { name: 'Alice' }));
  await alice.tile('Bob').getByText(words('tile.muted')).waitFor({ state: 'attached' });
  await pressesTwice(alice, 'Carol', 'remove');
  await carol.reads(words('problems.removed'));
  await bob.seesNobodyCalled('Carol');
  await pressesTwice(alice, 'Bob', 'hand-over');
  await opensPeople(bob);
  await flips(bob, 'door.locked');
  await closesDialog(alice);
  await closesDialog(bob);
  await dave.button('Join').click();
  // From the network of somebody who was sent out, people knock.
  await bob.button(words('knock.admit.who', { name: 'Dave' })).click();
  await alice.seesMoving('Dave');
});

for (const kind of /** @type {const} */ (['chromium', 'firefox'])) {
  scenario(`a room with a password lets in who knows it (${kind})`, async (stage) => {
    const { server, people: [alice] } = await stage.call(['Alice'], { kind });
    await opensPeople(alice);
    const dialog = alice.page.getByRole('dialog');
    await dialog.getByLabel(words('door.password')).fill('open sesame');
    await dialog.getByRole('button', { name: words('door.password.save') }).click();
    await dialog.getByText(words('door.password.set')).waitFor();
    await closesDialog(alice);
    const bob = await stage.person(server, 'Bob', { kind });
    await bob.openRoom('kitchen');
    await bob.button('Join').click();
    for (const guess of ['open barley', 'open sesame']) {
      await bob.page.getByLabel(words('door.password')).fill(guess);
      await bob.page.getByRole('dialog').getByRole('button', { name: 'Join' }).click();
      if (guess === 'open barley') await bob.reads(words('problems.password-wrong'));
    }
    await bob.seesMoving('Alice');
  }, { needs: [kind] });
}

scenario('a room by invitation only: the first host by the command line, the others by a link that the host makes and takes back', async (stage) => {
  const server = await stage.server({ ROOMS__OPEN: 'false' });
  const bob = await stage.person(server, 'Bob');
  await bob.openRoom('kitchen');
  await bob.button('Join').click();
  await bob.reads(words('problems.invitation-needed'));
  const alice = await stage.person(server, 'Alice');
  await alice.page.goto(server.url + await server.invite('kitchen', '--host'));
  await alice.box('Your name').fill('Alice');
  await alice.enter();
  await alice.button('Invite').click();
  await alice.button(words('inviting.make')).click();
  const link = await alice.page.getByLabel(words('invite.link')).inputValue();
  await bob.page.goto(link);
  await bob.enter();
  await bob.seesMoving('Alice');
  await alice.button(words('inviting.back')).click();
  await alice.reads(words('inviting.taken'));
  const carol = await stage.person(server, 'Carol');
  await carol.page.goto(link);
  await carol.box('Your name').fill('Carol');
  await carol.button('Join').click();
  await carol.reads(words('problems.invitation-ended'));
});

scenario('two who came by one link know that nobody is in between', async (stage) => {
  const server = await stage.server();
  const [alice, bob] = [await stage.person(server, 'Alice'), await stage.person(server, 'Bob')];
  await alice.page.goto(server.url);
  await alice.box('Your name').fill('Alice');
  await alice.enter();
  await bob.page.goto(alice.page.url());
  await bob.box('Your name').fill('Bob');
  await bob.enter();
  await alice.seesMoving('Bob');
  await opensPeople(alice);
  await person(alice, 'Bob').getByText(words('identity.proven', { name: 'Bob', words: '' }).trim()).waitFor();
});

scenario('a hub that puts itself in between is caught, on both sides', async (stage) => {
  const server = await stage.server();
  const [alice, bob, mallory] = [await stage.person(server, 'Alice'), await stage.person(server, 'Bob'), await stage.person(server, 'Mallory')];
  await mallory.page.goto(server.url);
  await putBetween(mallory, alice, bob);
  for (const one of [alice, bob]) {
    await one.page.goto(`${server.url}/r/kitchen#k=the-same-key-for-both`);
    await one.box('Your name').fill(one.name);
    await one.enter();
  }
  for (const one of [alice, bob]) {
    const other = one === alice ? 'Bob' : 'Alice';
    await one.page.getByRole('alert').getByText(words('alarm.words', { name: other })).waitFor();
  }
});

/** What a dishonest hub would do: `mallory`'s page answers for each to the other, and passes on what they say to each other. */
async function putBetween(mallory, alice, bob) {
  /** @type {Record<string, (message: object) => void>} */
  const toPage = {};
  await mallory.page.exposeFunction('tell', (name, message) => toPage[name](message));
  await mallory.page.evaluate(beMallory);
  for (const { name, page } of [alice, bob]) {
    await page.routeWebSocket(/\/ws$/, (socket) => {
      const hub = socket.connectToServer();
      toPage[name] = (message) => socket.send(JSON.stringify(message));
      socket.onMessage((text) => {
        const message = JSON.parse(String(text));
        if (message.type !== 'signal' || message.payload.connection !== 'call') hub.send(text);
        else void mallory.page.evaluate(([who, payload]) => window['hears'](who, payload), [name, message.payload]);
      });
      hub.onMessage((text) => {
        const message = JSON.parse(String(text));
        const others = message.type === 'joined' ? message.peers : message.type === 'peer-joined' ? [message.peer] : [];
        for (const { id } of others) void mallory.page.evaluate(([who, peer]) => { window['peers'][who] = peer; }, [name, id]);
        socket.send(text);
      });
    });
  }
}

/** In Mallory's page: one connection to each, and a pipe between their control channels. */
function beMallory() {
  const connections = {};
  const channels = {};
  const said = { Alice: new Promise(() => {}), Bob: new Promise(() => {}) }; // settled once there is a channel
  const other = { Alice: 'Bob', Bob: 'Alice' };
  window['peers'] = {};
  const open = (name, epoch) => {
    const connection = new RTCPeerConnection();
    connections[name] = connection;
    channels[name] = connection.createDataChannel('control', { negotiated: true, id: 0 });
    said[name] = new Promise((resolve) => { channels[name].onopen = resolve; });
    channels[name].onmessage = ({ data }) => said[other[name]].then(() => channels[other[name]].send(data));
    connection.onicecandidate = ({ candidate }) => say(name, epoch, { candidate: candidate?.toJSON() ?? null });
    return connection;
  };
  const say = (name, epoch, words) => window['tell'](name, { type: 'signal', from: window['peers'][name], payload: { connection: 'call', epoch, ...words } });
  const offered = async ({ epoch, serial, description }) => {
    const alice = open('Alice', epoch);
    await alice.setRemoteDescription(description);
    await alice.setLocalDescription();
    say('Alice', epoch, { serial, description: alice.localDescription.toJSON() });
    const bob = open('Bob', epoch);
    for (const kind of ['audio', 'video', 'video', 'audio']) bob.addTransceiver(kind);
    await bob.setLocalDescription();
    say('Bob', epoch, { serial, description: bob.localDescription.toJSON() });
  };
  const waiting = { Alice: Promise.resolve(), Bob: Promise.resolve() };
  window['hears'] = (name, payload) => {
    waiting[name] = waiting[name].then(async () => {
      if (payload.description?.type === 'offer') await offered(payload);
      else if (payload.description) await connections[name].setRemoteDescription(payload.description);
      else if (payload.candidate) await connections[name]?.addIceCandidate(payload.candidate);
    });
  };
}
