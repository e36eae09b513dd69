// Who gets how much of a picture: as large as it is shown, as little as somebody wishes, as much as the path bears. Read from the
// senders' own bounds and counters.

import assert from 'node:assert/strict';
import { scenario } from '../harness/scenario.mjs';
import { places } from '../harness/seats.mjs';
import { until } from '../harness/until.mjs';
import { words } from '../harness/words.mjs';

/** How much faster a page's clock goes where minutes of patience would have to be waited for. */
const HASTE = 4;

/** What one is told of the path and of the picture that comes, as numbers. */
const FACTS = ['rtt', 'loss', 'jitter', 'bitrateIn', 'bitrateOut', 'width', 'height', 'fps'];

scenario('who is pinned is shown large, and who is shown small sends a small picture', async (stage) => {
  const { people: [alice, bob, carol] } = await stage.call(['Alice', 'Bob', 'Carol'], { context: places.desk });
  await alice.button('Camera').click(); // a picture less for the machine
  const sends = async (/** @type {import('../harness/person.mjs').Person} */ person) => (await person.sendsTo('Alice')).framesEncoded > 0;
  await until('no pictures come to Alice', async () => await sends(bob) && await sends(carol));
  const width = async (name) => (await alice.tile(name).boundingBox()).width;
  const scale = async (person, to = 'Alice') => (await person.sendsTo(to)).scaleResolutionDownBy;
  const pin = alice.button(words('tile.pin', { name: 'Carol' }));
  const alike = async () => await scale(bob) === 2 && await scale(carol) === 2 && await scale(bob, 'Carol') === 2;
  await until('a third of a window gets more than half of 720 lines', alike);
  await pin.click();
  await until('Carol is not large', async () => await width('Carol') > 3 * await width('Bob'));
  assert.equal(await pin.getAttribute('aria-pressed'), 'true');
  await until('Bob sends more than a small tile shows', async () => {
    const sent = await bob.sendsTo('Alice');
    return sent.scaleResolutionDownBy === 4 && sent.frameHeight > 0 && sent.frameHeight <= 180;
  });
  await until('Carol sends less than three people get at most', async () => await scale(carol) === 4 / 3);
  assert.equal(await scale(bob, 'Carol'), 2, 'what Carol is sent has to do with what Alice sees');
  await pin.click();
  await until('Carol is still large', async () => Math.abs(await width('Carol') - await width('Bob')) < 2);
  await until('Bob\'s picture stays small', alike);
});

scenario('a page in the background gets sound and words and no pictures; nothing is lost when it is seen again', async (stage) => {
  const { people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob', { frames: 5 });
  await bob.seesMoving('Alice', { frames: 5 });
  await alice.page.evaluate(turn, 'hidden');
  await until('pictures are sent to a page that nobody sees', async () => (await bob.sendsTo('Alice')).active === false);
  await alice.hears('Bob');
  await bob.says('are you there?');
  await bob.says('I go on');
  await alice.page.locator('[data-part="unread"]').getByText('2').waitFor();
  await alice.page.evaluate(loseCamera); // as phones do
  await alice.page.evaluate(turn, 'visible');
  await alice.seesMoving('Bob', { frames: 5 });
  await bob.seesMoving('Alice', { frames: 5 });
  await alice.button('Chat').click();
  await alice.reads('are you there?');
  await alice.reads('I go on');
  await alice.page.locator('[data-part="unread"]').waitFor({ state: 'hidden' });
});

scenario('somebody spares the network, or all pictures, and whoever asks is told everything about the way to them', async (stage) => {
  const { people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: alice.url });
  await alice.seesMoving('Bob', { frames: 5 });
  const choose = async (preset) => {
    await alice.button('Settings').click();
    await alice.page.getByRole('radio', { name: words(`settings.pictures.${preset}`) }).check();
    await alice.page.keyboard.press('Escape');
  };
  await choose('saver');
  await until('a saver sends large pictures', async () => {
    const sent = await alice.sendsTo('Bob');
    return sent.maxFramerate === 15 && sent.maxBitrate <= 300_000 && sent.frameHeight > 0 && sent.frameHeight <= 360;
  });
  await alice.looksInto('Bob');
  /** @type {any} */
  let told;
  await until('what is copied lacks something', async () => {
    await alice.page.locator('.details-sheet [data-part="copy"]').click();
    told = read(await alice.page.evaluate(() => navigator.clipboard.readText()));
    const { bitrateIn = 0, codec = '' } = told.stats ?? {};
    return FACTS.every((fact) => typeof told.stats?.[fact] === 'number') && bitrateIn > 10_000 && /^(VP8|VP9|AV1|H264)$/.test(codec);
  });
  assert.deepEqual([told.name, told.path.relayed, told.limits.camera.maxFramerate], ['Bob', false, 15]);
  await alice.page.keyboard.press('Escape');

  await choose('audio');
  await bob.seesNoPictureOf('Alice');
  await until('Bob still sends pictures to somebody who wants none', async () => {
    const before = await bob.sendsTo('Alice');
    await new Promise((resolve) => setTimeout(resolve, 500)); // seven pictures
    return before.active === false && (await bob.sendsTo('Alice')).framesEncoded === before.framesEncoded;
  });
  await alice.hears('Bob');
  await bob.hears('Alice');
  await choose('auto');
  await alice.seesMoving('Bob', { frames: 5 });
  await bob.seesMoving('Alice', { frames: 5 });
});

scenario('on a bad path the picture gives way to the voice, and comes back by itself', async (stage) => {
  const server = await stage.server();
  const [alice, bob] = [await stage.person(server, 'Alice'), await stage.person(server, 'Bob')];
  await bob.context.addInitScript(hurry, HASTE);
  const network = await bob.network();
  await alice.join('kitchen');
  await bob.join('kitchen');
  await alice.seesMoving('Bob', { frames: 5 });
  await network.slow(250);
  await alice.tile('Bob').getByText(words('tile.saving')).waitFor();
  await alice.seesNoPictureOf('Bob');
  await until('a picture is sent that nobody sees', async () => (await bob.sendsTo('Alice')).active === false);
  await alice.hears('Bob');
  await network.mend();
  await alice.tile('Bob').getByText(words('tile.saving')).waitFor({ state: 'hidden' });
  await alice.seesMoving('Bob', { frames: 5 });
});

/** What was copied; nothing as long as it is something else that was copied before. @param {string} text */
function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** In the page: it goes to the background, or comes back. A browser without a screen never hides a page by itself. @param {'hidden' | 'visible'} state */
function turn(state) {
  Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}

/** In the page: the system takes the camera and does not give it back. */
function loseCamera() {
  const own = document.querySelector('.tile.floating');
  const [track] = window.playersIn(own)[0].srcObject.getVideoTracks();
  track.stop();
}

/** In the page: time goes faster, for those who look at the clock. @param {number} times */
function hurry(times) {
  const now = performance.now.bind(performance);
  performance.now = () => now() * times;
}
