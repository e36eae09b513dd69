// The heart of it: people who open the same link see and hear each other.

import assert from 'node:assert/strict';
import { cpus } from 'node:os';
import { scenario } from '../harness/scenario.mjs';

/** For a crowd: what is painted costs by the pixel. */
const small = { viewport: { width: 640, height: 480 } };

scenario('two people see and hear each other, without the relay', async (stage) => {
  const { people: [alice, bob] } = await stage.call(['Alice', 'Bob']);
  await alice.seesAndHears('Bob');
  await bob.seesAndHears('Alice');
  for (const person of [alice, bob]) {
    const pairs = await person.selectedPairs();
    assert.ok(pairs.length > 0, `${person.name} has no connection`);
    for (const pair of pairs) assert.ok(pair.local !== 'relay' && pair.remote !== 'relay', `${person.name} goes through the relay: ${JSON.stringify(pair)}`);
  }
});

scenario('four people see and hear one another', async (stage) => {
  const { people } = await stage.call(['Alice', 'Bob', 'Carol', 'David'], { context: small });
  for (const person of people) {
    await person.seesAndHears(...people.filter((other) => other !== person).map((other) => other.name));
  }
});

scenario('a person sees her own picture', async (stage) => {
  const { people: [alice] } = await stage.call(['Alice']);
  await alice.seesHerself();
});

// Thirty pictures at once want more than CI's two cores beside everything else: `SIX=yes tests/run browser 'six people'`.
if (process.env.SIX) {
  scenario('six people see and hear one another', async (stage) => {
    const server = await stage.server();
    const names = ['Alice', 'Bob', 'Carol', 'David', 'Erin', 'Frank'];
    const people = [];
    for (const name of names) {
      const person = await stage.person(server, name, { context: small });
      await person.context.addInitScript(useSmallCamera);
      await person.join('kitchen');
      people.push(person);
    }
    await Promise.all(people.map(async (person) => {
      for (const name of names.filter((other) => other !== person.name)) {
        await person.seesMoving(name, { frames: 5 });
        await person.hears(name);
      }
    }));
    const before = busyShare();
    const rates = await Promise.all(people.map((person) => person.page.evaluate(picturesASecond, MEASURED_MS)));
    const all = rates.flat().sort((a, b) => a - b);
    console.log(`six people: ${all.length} pictures, ${all[0].toFixed(1)} to ${all.at(-1).toFixed(1)} a second, median ${all[all.length >> 1].toFixed(1)}; ${before()} % of the machine's ${cpus().length} cores busy`);
    assert.equal(all.length, 30);
  }, { limit: 600_000 });
}

/** So long the call of six is watched. */
const MEASURED_MS = 5000;

/** In the page: the smallest picture that the feigned camera has. */
function useSmallCamera() {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (wanted) => ask({ ...wanted, ...(wanted?.video ? { video: { width: 320, height: 240, frameRate: 15 } } : {}) });
}

/** In the page: how many pictures a second are decoded, of each person who sends any. @param {number} span ms */
async function picturesASecond(span) {
  const decoded = async () => {
    const counts = new Map();
    for (const connection of window.keptConnections.filter((one) => one.connectionState === 'connected')) {
      for (const report of (await connection.getStats()).values()) {
        if (report.type === 'inbound-rtp' && report.kind === 'video' && report.framesDecoded > 0) counts.set(`${window.keptConnections.indexOf(connection)} ${report.id}`, report);
      }
    }
    return counts;
  };
  const first = await decoded();
  await new Promise((resolve) => setTimeout(resolve, span));
  return [...(await decoded())].filter(([key]) => first.has(key)).map(([key, { framesDecoded, timestamp }]) => (framesDecoded - first.get(key).framesDecoded) / (timestamp - first.get(key).timestamp) * 1000);
}

/** How busy all cores are from now until it is asked, in percent. */
function busyShare() {
  const times = () => cpus().map(({ times: { idle, ...busy } }) => ({ idle, busy: Object.values(busy).reduce((sum, one) => sum + one, 0) }))
    .reduce((sum, one) => ({ idle: sum.idle + one.idle, busy: sum.busy + one.busy }));
  const before = times();
  return () => {
    const now = times();
    const busy = now.busy - before.busy;
    return Math.round((100 * busy) / (busy + now.idle - before.idle));
  };
}
