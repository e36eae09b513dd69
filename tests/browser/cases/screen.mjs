// Sharing the screen: a picture beside the camera's, started and stopped by one button.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { scenario } from '../harness/scenario.mjs';
import { until } from '../harness/until.mjs';
import { words } from '../harness/words.mjs';

scenario('a shared screen appears beside the camera, letters sharp or movement smooth as one says, and goes when it is stopped', async (stage) => {
  const { people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesMoving('Bob');
  await bob.button('Share screen').click();
  await alice.watchesMoving(alice.screenOf('Bob'));
  await alice.seesMoving('Bob'); // the camera goes on
  const hint = bob.page.getByLabel(words('sharing.hint'));
  for (const [kind, fps, kept] of /** @type {const} */ ([['text', 8, 'maintain-resolution'], ['motion', 30, 'maintain-framerate']])) {
    await hint.selectOption({ label: words(`sharing.hint.${kind}`) });
    await until(`a screen of ${kind} is sent like any other`, async () => {
      const { contentHint, maxFramerate, degradationPreference } = await bob.sendsTo('Alice', 'screen');
      return contentHint === kind && maxFramerate === fps && degradationPreference === kept;
    });
  }
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

scenario('where the screen cannot be shared, that is said, and a video file is played for everybody until its end', async (stage) => {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice');
  await alice.context.addInitScript(() => { delete MediaDevices.prototype.getDisplayMedia; }); // as on phones
  const bob = await stage.person(server, 'Bob');
  await alice.join('kitchen');
  await bob.join('kitchen');
  await alice.seesMoving('Bob');
  const film = path.join(server.folder, 'film.webm');
  await writeFile(film, Buffer.from(await alice.page.evaluate(filmed), 'base64'));
  await alice.button('Share screen').click();
  const chosen = alice.page.waitForEvent('filechooser');
  await alice.page.getByRole('dialog').getByRole('button', { name: words('share.film') }).click();
  await (await chosen).setFiles(film);
  await alice.reads(words('share.playing'));
  await bob.watchesMoving(bob.screenOf('Alice'), { frames: 10 });
  await bob.screenOf('Alice').waitFor({ state: 'hidden' }); // it is over
  await alice.page.getByText(words('share.playing')).waitFor({ state: 'hidden' });
  await bob.seesMoving('Alice');
});

/** Six seconds of moving colours, as a file in base64. */
async function filmed() {
  const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 });
  const brush = canvas.getContext('2d');
  const recorder = new MediaRecorder(canvas.captureStream(15), { mimeType: 'video/webm;codecs=vp8' });
  /** @type {Blob[]} */
  const pieces = [];
  recorder.ondataavailable = ({ data }) => pieces.push(data);
  recorder.start();
  for (let picture = 0; picture < 90; picture++) {
    brush.fillStyle = `hsl(${picture * 8} 80% 50%)`;
    brush.fillRect(0, 0, 320, 180);
    brush.fillStyle = 'white';
    brush.fillRect(picture * 3, 40, 40, 90);
    await new Promise((next) => setTimeout(next, 1000 / 15));
  }
  const over = new Promise((resolve) => { recorder.onstop = resolve; });
  recorder.stop();
  await over;
  const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
