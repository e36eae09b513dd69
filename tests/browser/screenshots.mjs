#!/usr/bin/env node
// Pictures of the page to look at and to put into the README: each scene on a desk and on a phone, in light and in dark.
//
//   cargo build && tests/browser/screenshots.mjs FOLDER [SCENE [desk-light]]
//
// The people in front of the cameras are painted by this script: the browser's own test picture is no sight.

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { browser, closeBrowsers } from './harness/browsers.mjs';
import { Person } from './harness/person.mjs';
import { Server } from './harness/server.mjs';
import { words, wordsIn } from './harness/words.mjs';

const [folder, only = '', where = ''] = process.argv.slice(2);
if (!folder) {
  console.error('where to? tests/browser/screenshots.mjs FOLDER [SCENE]');
  process.exit(2);
}

const seats = {
  desk: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
};
const cast = { Alice: 25, Bob: 205, Carol: 140, David: 320, Erin: 50, Frank: 230, 小李: 265 };

const scenes = {
  async lobby(alice) {
    await alice.openRoom('kitchen');
    await alice.page.locator('video').first().evaluate(firstFrame);
  },
  async 'lobby-chinese'(alice, { server, seat }) {
    const li = await sitDown(server, '小李', { ...seat, locale: 'zh-CN' });
    await li.page.goto(`${server.url}/r/kitchen`);
    await li.box(wordsIn('zh-CN')('lobby.name')).fill('小李');
    await li.page.locator('video').first().evaluate(firstFrame);
    return li;
  },
  async alone(alice) {
    await alice.join('kitchen');
    await alice.page.getByText(words('waiting.title')).waitFor();
  },
  two: (alice, scene) => callOf(alice, ['Bob'], scene),
  three: (alice, scene) => callOf(alice, ['Bob', 'Carol'], scene),
  four: (alice, scene) => callOf(alice, ['Bob', 'Carol', 'David'], scene),
  six: (alice, scene) => callOf(alice, ['Bob', 'Carol', 'David', 'Erin', 'Frank'], scene),
  async signs(alice, scene) {
    const [bob, carol] = await callOf(alice, ['Bob', 'Carol'], scene);
    await open(bob, 'React').click();
    await bob.button('Raise hand').click();
    await open(carol, 'React').click();
    await carol.button('👍').click();
    await open(alice, 'React').click();
    await alice.page.waitForTimeout(600); // the sign is on its way up
  },
  async more(alice, scene) {
    await callOf(alice, ['Bob'], scene);
    const more = alice.button('More');
    if (await more.isVisible()) await more.click();
  },
  async speaker(alice, scene) {
    await callOf(alice, ['Bob', 'Carol', 'David'], scene);
    await alice.button('Speaker view').click();
  },
  async board(alice, scene) {
    const [bob] = await callOf(alice, ['Bob', 'Carol'], scene);
    await open(bob, 'Whiteboard').click();
    const paper = alice.page.locator('.board canvas');
    await paper.waitFor();
    await draw(bob.page, 2, [[0.1, 0.2], [0.1, 0.8], [0.45, 0.8], [0.45, 0.2], [0.1, 0.2]]);
    await draw(bob.page, 0, [[0.18, 0.8], [0.18, 0.55], [0.28, 0.55], [0.28, 0.8]]);
    await draw(alice.page, 1, [[0.05, 0.22], [0.275, 0.05], [0.5, 0.22]]);
    await draw(alice.page, 3, Array.from({ length: 60 }, (_, n) => [0.6 + 0.3 * (n / 60), 0.5 + 0.2 * Math.sin(n / 5)]));
    await alice.page.waitForTimeout(400); // the last strokes are on their way
  },
  async chat(alice, scene) {
    const [bob] = await callOf(alice, ['Bob'], scene);
    await alice.says('Shall we look at the plans?');
    await bob.says('Yes, I am sending them');
    await alice.reads('Yes, I am sending them');
  },
  async screen(alice, scene) {
    const [bob] = await callOf(alice, ['Bob'], scene);
    await bob.button('Share screen').click();
    await alice.watchesMoving(alice.screenOf('Bob'), { frames: 5 });
  },
  async settings(alice) {
    await alice.openRoom('kitchen');
    await alice.button('Settings').click();
  },
  async goodbye(alice) {
    await alice.join('kitchen');
    await alice.leave();
  },
  async error(_, { server, seat }) {
    const dora = await sitDown(server, 'Dora', seat, 'chromium that refuses');
    await dora.openRoom('kitchen');
    await dora.page.locator('.notice').first().waitFor();
    return dora;
  },
  async test(alice) {
    await alice.page.goto(`${alice.url}/test`);
    await alice.testsTheNetwork();
    await alice.page.locator('[data-part="open-devices"]').click();
    await alice.page.locator('video').first().evaluate(firstFrame);
  },
  async 'test-chinese'(_, { server, seat }) {
    const li = await sitDown(server, '小李', { ...seat, locale: 'zh-CN' });
    await li.page.goto(`${server.url}/test`);
    await li.testsTheNetwork();
    return li;
  },
  async probe(alice) {
    await alice.page.goto(`${alice.url}/test?phone#phone=nobody-waits-for-this`);
    await alice.page.locator('.way[data-state="works"]').last().waitFor();
  },
  async manual(alice) {
    await alice.beginsManually();
    await alice.page.locator('.manual .qr svg').waitFor();
  },
};

await mkdir(folder, { recursive: true });
for (const [name, play] of Object.entries(scenes).filter(([name]) => name.includes(only))) {
  for (const [place, seat] of Object.entries(seats)) {
    for (const colorScheme of ['light', 'dark']) {
      if (!`${place}-${colorScheme}`.includes(where)) continue;
      const server = await Server.start();
      const scene = { server, seat: { ...seat, colorScheme }, people: [] };
      const alice = await sitDown(server, 'Alice', scene.seat);
      const other = await play(alice, scene);
      const file = path.join(folder, `${name}-${place}-${colorScheme}.png`);
      await (other?.page ? other : alice).page.screenshot({ path: file, fullPage: /test|manual/.test(name) }); // pages to scroll in
      console.log(file);
      for (const person of [alice, ...scene.people, ...(other?.page ? [other] : [])]) await person.goAway();
      await server.close();
    }
  }
}
await closeBrowsers();

/** Draws a line through points given as parts of the paper. */
async function draw(page, pen, points) {
  await page.locator('.board .pen').nth(pen).check();
  const box = await page.locator('.board canvas').boundingBox();
  const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(points[0]));
  await page.mouse.down();
  for (const point of points.slice(1)) await page.mouse.move(...at(point), { steps: 4 });
  await page.mouse.up();
}

/** On a small screen it stands inside of *More*. */
function open(person, name) {
  return person.button(name).or(person.button('More')).filter({ visible: true }).first();
}

async function callOf(alice, others, scene) {
  await alice.join('kitchen');
  for (const name of others) {
    const person = await sitDown(scene.server, name, {});
    scene.people.push(person);
    await person.join('kitchen');
  }
  for (const name of others) await alice.seesMoving(name, { frames: 20 });
  return scene.people;
}

/** @param {import('./harness/browsers.mjs').Kind} [kind] */
async function sitDown(server, name, context, kind = 'chromium') {
  const person = await Person.sitDown(await browser(kind), { name, url: server.url, context });
  await person.context.addInitScript(sitForPortrait, { hue: cast[name] });
  return person;
}

/** In the page: the camera shows somebody painted, who sways a little. */
function sitForPortrait({ hue }) {
  const devices = navigator.mediaDevices;
  const original = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (wanted) => {
    const stream = await original(wanted);
    const [camera] = stream.getVideoTracks();
    if (!camera) return stream;
    camera.stop();
    stream.removeTrack(camera);
    stream.addTrack(paint());
    return stream;
  };

  function paint() {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });
    const brush = canvas.getContext('2d');
    const draw = () => {
      const sway = Math.sin(Date.now() / 900) * 14;
      const wall = brush.createLinearGradient(0, 0, 1280, 720);
      wall.addColorStop(0, `hsl(${hue} 38% 76%)`);
      wall.addColorStop(1, `hsl(${hue + 30} 32% 52%)`);
      brush.fillStyle = wall;
      brush.fillRect(0, 0, 1280, 720);
      brush.fillStyle = `hsl(${hue + 20} 45% 86%)`;
      brush.fillRect(880, 90, 250, 300); // a window
      shape(`hsl(${hue + 170} 34% 34%)`, 640 + sway / 2, 800, 330, 300); // shoulders
      shape(`hsl(${24 + (hue % 12)} 42% ${58 + (hue % 17)}%)`, 640 + sway / 2, 520, 62, 90); // neck
      shape(`hsl(${20 + (hue % 20)} 30% ${18 + (hue % 23)}%)`, 640 + sway, 318, 162, 190); // hair
      shape(`hsl(${24 + (hue % 12)} 48% ${64 + (hue % 17)}%)`, 640 + sway, 356, 132, 164); // face
    };
    const shape = (colour, x, y, width, height) => {
      brush.fillStyle = colour;
      brush.beginPath();
      brush.ellipse(x, y, width, height, 0, 0, 2 * Math.PI);
      brush.fill();
    };
    draw();
    setInterval(draw, 66);
    return canvas.captureStream(15).getVideoTracks()[0];
  }
}

/** In the page: waits until a video shows something. */
function firstFrame(video) {
  return new Promise((resolve) => video.requestVideoFrameCallback(() => resolve(undefined)));
}
