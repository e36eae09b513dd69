// Microphone and camera: switched off and on, missing, refused.

import assert from 'node:assert/strict';
import { looksInMirror } from '../harness/moves.mjs';
import { scenario } from '../harness/scenario.mjs';
import { until } from '../harness/until.mjs';
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

for (const kind of /** @type {const} */ (['chromium that refuses', 'firefox that refuses'])) {
  scenario(`who is refused reads what to do in this browser, allows it, and is seen without coming in anew (${kind})`, async (stage) => {
    const { server, people: [alice] } = await stage.call(['Alice']);
    const bob = await stage.person(server, 'Bob', { kind });
    await bob.openRoom('kitchen');
    await bob.reads(words('problems.devices-denied'));
    await bob.reads(words(`help.denied.${kind.startsWith('firefox') ? 'firefox' : 'chrome'}`));
    if (kind === 'chromium that refuses') {
      await bob.context.grantPermissions(['camera', 'microphone'], { origin: server.url }); // the page hears of it
    } else {
      await bob.page.evaluate(lendDevices); // a driver of Firefox does not reach that switch
      await bob.button(words('notice.retry')).click();
    }
    await bob.page.getByText(words('problems.devices-denied')).waitFor({ state: 'detached' });
    await bob.enter();
    await alice.seesMoving('Bob');
  }, { needs: ['chromium', kind] });
}

/** In the page: a camera and a microphone that may be used. */
function lendDevices() {
  navigator.mediaDevices.getUserMedia = async ({ audio, video }) => new MediaStream([
    ...(video ? window.colours(320, 180).getTracks() : []),
    ...(audio ? new AudioContext().createMediaStreamDestination().stream.getTracks() : []),
  ]);
}

for (const kind of /** @type {const} */ (['chromium', 'firefox'])) {
  scenario(`another camera and microphone are taken in mid-call and pulled out, the first ones step in, and sound goes to the speaker one asks for (${kind})`, async (stage) => {
    const server = await stage.server();
    const alice = await stage.person(server, 'Alice', { kind });
    await alice.context.addInitScript(plugsIn);
    const bob = await stage.person(server, 'Bob');
    await alice.join('kitchen');
    await bob.join('kitchen');
    const seesShape = (/** @type {(width: number, height: number) => boolean} */ right) => until('Bob does not see the right camera', async () => {
      const [width, height] = await bob.tile('Alice').locator('video').evaluate((/** @type {HTMLVideoElement} */ video) => [video.videoWidth, video.videoHeight]);
      return width > 0 && right(width, height);
    });
    await seesShape((width, height) => width > height);
    await bob.hears('Alice');
    await alice.page.bringToFront(); // only a window that has the focus hears of devices in Firefox
    await alice.button('Settings').click();
    await alice.page.getByLabel(words('settings.camera')).selectOption('A square camera');
    await seesShape((width, height) => width === height);
    await alice.page.getByLabel(words('settings.microphone')).selectOption('A deaf microphone');
    await bob.hearsNothingOf('Alice');
    await alice.button(words('settings.other-speaker')).click();
    await alice.page.waitForFunction(() => {
      const players = [...document.querySelectorAll('#sounds audio')];
      return players.length > 0 && players.every((player) => window['routed'].get(player) === 'desk');
    });
    await until('the speaker is not shown as chosen', async () => await alice.page.getByLabel(words('settings.speaker')).inputValue() === 'desk');
    await alice.page.keyboard.press('Escape');
    await alice.page.evaluate(() => window['pullOut']());
    await seesShape((width, height) => width > height);
    await bob.hears('Alice');
  }, { needs: ['chromium', kind] });
}

/** In the page: a camera with a square picture, a microphone that hears nothing, and a speaker that is only told of once it is asked for. */
function plugsIn() {
  const devices = navigator.mediaDevices;
  if (!devices) return; // the empty page before the first one
  const enumerate = devices.enumerateDevices.bind(devices);
  const open = devices.getUserMedia.bind(devices);
  const entry = (kind, deviceId, label) => /** @type {MediaDeviceInfo} */ (/** @type {unknown} */ ({ kind, deviceId, label, groupId: '' }));
  const plugged = [entry('videoinput', 'square', 'A square camera'), entry('audioinput', 'deaf', 'A deaf microphone')];
  const taken = /** @type {MediaStreamTrack[]} */ ([]);
  devices.enumerateDevices = async () => [...await enumerate(), ...plugged];
  devices.getUserMedia = async (wanted) => {
    const isWanted = (slot, id) => wanted[slot]?.deviceId?.exact === id;
    if (!isWanted('video', 'square') && !isWanted('audio', 'deaf')) return open(wanted);
    const stream = wanted.video ? window.colours(360, 360) : new AudioContext().createMediaStreamDestination().stream;
    for (const track of stream.getTracks()) {
      taken.push(track);
      // Of an end that a script made up Firefox tells no listener but this one.
      Object.assign(track, { addEventListener: (type, heard) => { track[`on${type}`] = heard; } });
    }
    return stream;
  };
  window['pullOut'] = () => {
    plugged.length = 0;
    for (const track of taken) {
      track.stop();
      track.dispatchEvent(new Event('ended'));
    }
  };
  Object.assign(devices, { selectAudioOutput: async () => {
    const speaker = entry('audiooutput', 'desk', 'On the desk');
    plugged.push(speaker);
    return speaker;
  } });
  window['routed'] = new Map();
  HTMLMediaElement.prototype.setSinkId = async function route(id) { window['routed'].set(this, id); };
}

scenario('a refused permission is explained in words, and the call goes on without', async (stage) => {
  const { server } = await stage.call(['Alice']);
  const bob = await stage.person(server, 'Bob', { kind: 'chromium that refuses' });
  await bob.openRoom('kitchen');
  await bob.reads(words('problems.devices-denied'));
  await bob.enter();
  await bob.seesAndHears('Alice');
});

scenario('before the call one sees and hears oneself, and two notes from the speaker one has chosen', async (stage) => {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice');
  await alice.context.addInitScript(listenToNotes);
  await alice.openRoom('kitchen');
  // Not at Firefox, whose audio context stays suspended on a machine without a sound card (measured).
  await alice.page.waitForFunction(() => Number(/** @type {HTMLElement} */ (document.querySelector('.meter')).style.getPropertyValue('--voice-level')) > 0.25);
  await looksInMirror(alice);
  await alice.page.getByText(words('lobby.devices')).click();
  const speakers = alice.page.getByLabel(words('settings.speaker'));
  await until('there are not two speakers', async () => await speakers.locator('option').count() > 1); // the browser feigns them
  await speakers.selectOption({ index: 1 });
  await alice.button(words('settings.test-sound')).click();
  const loudest = () => alice.page.evaluate(() => Math.max(0, ...window['notes'].map((note) => note.loudest())));
  await until('no sound leaves the page', async () => await loudest() > 0.1);
  assert.deepEqual(await alice.page.evaluate(() => window['notes'].map(({ context }) => context.sinkId)), [await speakers.inputValue()]);
});

/** In the page: measures what goes to a speaker. */
function listenToNotes() {
  const notes = (window['notes'] = []);
  const connect = AudioNode.prototype.connect;
  /** @type {any} */ (AudioNode.prototype).connect = function listen(/** @type {any} */ to, ...more) {
    if (to instanceof AudioDestinationNode) {
      const { context } = to;
      let note = notes.find((one) => one.context === context);
      if (!note) {
        const ear = new AnalyserNode(/** @type {AudioContext} */ (context));
        const samples = new Float32Array(ear.fftSize);
        let most = 0;
        const listening = () => {
          ear.getFloatTimeDomainData(samples);
          most = Math.max(most, ...samples);
          return most;
        };
        note = { context, ear, loudest: listening };
        setInterval(listening, 20);
        notes.push(note);
      }
      connect.call(this, note.ear);
    }
    return connect.call(this, to, ...more);
  };
}
