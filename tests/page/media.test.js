// Your own devices: what is asked, what is sent, and what is said when something is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Media } from '../../web/call/media.js';
import { rest } from './fakes/clock.js';
import { FakeDevices, FakeStream, FakeTrack } from './fakes/media.js';

function person({ refuse = {}, permissions = {}, ...environment } = {}) {
  const devices = new FakeDevices();
  devices.refuse = refuse;
  const media = new Media({
    mediaDevices: devices, MediaStream: FakeStream, secure: true,
    permissions: typeof permissions.query === 'function' ? permissions : { query: async ({ name }) => ({ state: permissions[name] ?? 'prompt' }) },
    ...environment,
  });
  const problems = [];
  media.addEventListener('problem', ({ detail }) => problems.push(detail.problem.code));
  return { devices, media, problems };
}

test('both devices are asked for in one question', async () => {
  const { devices, media, problems } = person();
  await media.open();
  assert.deepEqual(devices.asked, ['microphone+camera']);
  assert.ok(media.microphone.track && media.camera.track);
  assert.deepEqual(media.preview.getTracks(), [media.camera.track]);
  assert.deepEqual(problems, []);
});

test('opening twice asks once', async () => {
  const { devices, media } = person();
  await Promise.all([media.open(), media.open()]);
  assert.deepEqual(devices.asked, ['microphone+camera']);
});

test('without a camera there is still a microphone, and the other way round', async () => {
  for (const [missing, present] of [['camera', 'microphone'], ['microphone', 'camera']]) {
    const { media, problems } = person({ refuse: { [missing]: 'NotFoundError' } });
    await media.open();
    assert.ok(media[present].track);
    assert.equal(media[missing].on, false);
    assert.deepEqual(problems, [`${missing}-missing`]);
  }
});

test('with no device at all nothing is thrown, and both reasons are known', async () => {
  const { media } = person({ refuse: { camera: 'NotFoundError', microphone: 'NotFoundError' } });
  await media.open();
  assert.equal(media.camera.problem.code, 'camera-missing');
  assert.equal(media.microphone.problem.code, 'microphone-missing');
});

test('a refusal is not asked again', async () => {
  const { devices, media } = person({ refuse: { camera: 'NotAllowedError', microphone: 'NotAllowedError' } });
  await media.open();
  assert.deepEqual(devices.asked, ['microphone+camera']);
  assert.equal(media.camera.problem.code, 'camera-denied');
  assert.equal(media.microphone.problem.code, 'microphone-denied');
});

test('when only the camera is refused, the allowed microphone is opened', async () => {
  const { media } = person({ refuse: { camera: 'NotAllowedError' }, permissions: { microphone: 'granted', camera: 'denied' } });
  await media.open();
  assert.ok(media.microphone.track);
  assert.equal(media.camera.problem.code, 'camera-denied');
});

test('every way a device can fail has its own words', async () => {
  const codes = { NotAllowedError: 'denied', SecurityError: 'denied', NotFoundError: 'missing', NotReadableError: 'in-use', AbortError: 'in-use', OddError: 'failed' };
  for (const [name, ending] of Object.entries(codes)) {
    const { media } = person({ refuse: { camera: name } });
    media.microphone.on = false;
    await media.open();
    assert.equal(media.camera.problem.code, `camera-${ending}`, name);
  }
});

test('a camera that cannot do 720p is taken as it is', async () => {
  const { media } = person({ refuse: { camera: (constraint) => constraint !== true && 'OverconstrainedError' } });
  media.microphone.on = false;
  await media.open();
  assert.ok(media.camera.track);
});

test('on an insecure page it says that, not that there is no camera', async () => {
  const { media, problems } = person({ mediaDevices: undefined, secure: false });
  await media.open();
  assert.deepEqual(problems, ['insecure-origin']);
  assert.equal(media.canShareScreen, false);
});

test('muting keeps the device open and sends silence', async () => {
  const { devices, media } = person();
  await media.open();
  const { track } = media.microphone;
  await media.setMicrophone(false);
  assert.equal(track.enabled, false);
  assert.equal(media.outgoing.microphone, track);
  await media.setMicrophone(true);
  assert.equal(track.enabled, true);
  assert.equal(devices.asked.length, 1);
});

test('switching the camera off puts its light out, switching it on asks again', async () => {
  const { devices, media } = person();
  await media.open();
  const { track } = media.camera;
  await media.setCamera(false);
  assert.equal(track.readyState, 'ended');
  assert.equal(media.outgoing.camera, null);
  assert.deepEqual(media.preview.getTracks(), []);
  await media.setCamera(true);
  assert.deepEqual(devices.asked, ['microphone+camera', 'camera']);
});

test('a camera switched off while the browser was asking does not stay on', async () => {
  const { devices, media } = person();
  const answer = deferred();
  devices.thinking = answer.promise;
  const opening = media.open();
  await rest();
  media.setCamera(false);
  answer.resolve();
  await opening;
  assert.equal(media.camera.track, null);
  assert.equal(devices.given.find(({ kind }) => kind === 'video').readyState, 'ended');
});

test('muted before the microphone opened is muted after', async () => {
  const { media } = person();
  media.microphone.on = false;
  await media.open();
  await media.setMicrophone(true);
  assert.equal(media.microphone.track.enabled, true);
  await media.setMicrophone(false);
  assert.equal(media.microphone.track.enabled, false);
});

test('changing the device closes the old one and opens the chosen one', async () => {
  const { media } = person();
  await media.open();
  const old = media.microphone.track;
  await media.useDevice('microphone', 'mic2');
  assert.equal(old.readyState, 'ended');
  assert.equal(media.microphone.track.settings.deviceId, 'mic2');
});

test('when the chosen device cannot open, the former one comes back and the reason is said', async () => {
  const { devices, media, problems } = person();
  await media.open();
  devices.refuse.camera = (constraint) => constraint.deviceId?.exact === 'cam9' && 'NotReadableError';
  await media.useDevice('camera', 'cam9');
  assert.ok(media.camera.track);
  assert.deepEqual(problems, ['camera-in-use']);
  assert.equal(media.chosen.camera, '');
});

test('when a headset is unplugged, another microphone steps in', async () => {
  const { media, problems } = person();
  await media.open();
  const lost = media.microphone.track;
  lost.unplug();
  await media.queue;
  assert.deepEqual(problems, ['microphone-lost']);
  assert.ok(media.microphone.track && media.microphone.track !== lost);
});

test('when the only camera is unplugged, the call goes on without', async () => {
  const { devices, media } = person();
  await media.open();
  devices.refuse.camera = 'NotFoundError';
  media.camera.track.unplug();
  await media.queue;
  assert.equal(media.camera.on, false);
  assert.equal(media.camera.problem.code, 'camera-missing');
  assert.ok(media.microphone.track);
});

test('the screen goes beside the camera, with its sound', async () => {
  const { media } = person();
  await media.open();
  await media.shareScreen();
  const { camera, screen, screenSound } = media.outgoing;
  assert.ok(camera && screen && screenSound);
  assert.equal(media.screenPreview.getTracks().length, 2);
});

test('the browser\'s own "stop sharing" button is heard', async () => {
  const { media } = person();
  await media.shareScreen();
  media.screen.track.unplug();
  assert.equal(media.screen.on, false);
  assert.deepEqual(media.outgoing.screen, null);
  assert.equal(media.screenPreview.getTracks().length, 0);
});

test('sharing again replaces what was shared', async () => {
  const { media } = person();
  await media.shareScreen();
  const first = media.screen.track;
  media.shareStream(new FakeStream([new FakeTrack('video')]));
  assert.equal(first.readyState, 'ended');
  assert.equal(media.screenPreview.getTracks().length, 1);
  assert.equal(media.screenSound, null);
});

test('a dismissed screen question leaves what is shared alone', async () => {
  const { devices, media, problems } = person();
  await media.shareScreen();
  devices.refuse.screen = 'NotAllowedError';
  await media.shareScreen();
  assert.equal(media.screen.on, true);
  assert.deepEqual(problems, ['screen-denied']);
});

test('devices are listed by kind', async () => {
  const { media } = person();
  assert.deepEqual(await media.devices(), {
    microphones: [{ id: 'mic1', label: 'Headset' }, { id: 'mic2', label: 'Desk' }], cameras: [{ id: 'cam1', label: 'Front' }], speakers: [{ id: 'out1', label: 'Speakers' }],
  });
});

test('closing lets go of every device', async () => {
  const { devices, media } = person();
  await media.open();
  await media.shareScreen();
  media.close();
  assert.ok(devices.given.every(({ readyState }) => readyState === 'ended'));
});

function deferred() {
  let resolve;
  const promise = new Promise((settle) => { resolve = settle; });
  return { promise, resolve };
}

test('a phone flips to its other camera, and back', async () => {
  const { devices, media } = person();
  const asked = [];
  const original = devices.getUserMedia.bind(devices);
  devices.getUserMedia = (constraints) => { asked.push(constraints.video?.facingMode); return original(constraints); };
  await media.open();
  await media.flipCamera();
  await media.flipCamera();
  assert.deepEqual(asked, ['user', 'environment', 'user']);
  assert.equal(media.preview.getTracks().length, 1);
});

test('a camera that was chosen by name is not asked to face anywhere', async () => {
  const { devices, media } = person();
  media.chosen.camera = 'cam1';
  let asked;
  const original = devices.getUserMedia.bind(devices);
  devices.getUserMedia = (constraints) => { asked = constraints.video; return original(constraints); };
  await media.open();
  assert.equal('facingMode' in asked, false);
});

test('a microphone that the system took in the background is opened anew when the page is seen again', async () => {
  const { devices, media } = person();
  await media.open();
  const taken = media.microphone.track;
  taken.muted = true; // what iOS does during a telephone call
  await media.revive();
  assert.notEqual(media.microphone.track, taken);
  assert.equal(taken.readyState, 'ended');
  assert.deepEqual(devices.asked, ['microphone+camera', 'microphone']);
});

test('who allows the camera in the browser after all is seen without pressing anything', async () => {
  const permission = Object.assign(new EventTarget(), { state: 'denied' });
  const { devices, media } = person({
    refuse: { camera: 'NotAllowedError' },
    permissions: { query: async ({ name }) => (name === 'camera' ? permission : { state: 'granted' }) },
  });
  await media.open();
  assert.equal(media.camera.problem.code, 'camera-denied');
  devices.refuse = {};
  permission.state = 'granted';
  permission.dispatchEvent(new Event('change'));
  await media.queue;
  assert.equal(media.camera.problem, null);
  assert.ok(media.camera.track);
});

test('what a shared screen shows is said to the encoder, before and while it is shared', async () => {
  const { media } = person();
  media.setScreenHint('text');
  await media.shareScreen();
  assert.equal(media.screen.track.contentHint, 'text');
  media.setScreenHint('motion');
  assert.equal(media.screen.track.contentHint, 'motion');
});
