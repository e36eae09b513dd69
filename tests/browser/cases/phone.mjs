// What phones want otherwise: a touch before they let sound out, a screen that stays on, the other camera, the system's own sheet
// for sending a link, and a way out of other programs' browsers. Told by a Chromium that has been given a phone's manners.

import assert from 'node:assert/strict';
import { scenario } from '../harness/scenario.mjs';
import { control, sitSilently } from '../harness/seats.mjs';
import { words } from '../harness/words.mjs';

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const inWeChat = 'Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36 MicroMessenger/8.0.50';

scenario('on a phone the screen stays on for the call, sound waits for a touch, and the other camera is a touch away', async (stage) => {
  const server = await stage.server();
  const bob = await stage.person(server, 'Bob');
  const alice = await stage.person(server, 'Alice', { context: phone });
  await alice.context.addInitScript(holdSoundBack);
  await bob.join('kitchen');
  await alice.join('kitchen');
  await alice.page.waitForFunction(() => window.keptLocks.length === 1 && !window.keptLocks[0].released);
  await alice.seesMoving('Bob');
  await alice.button(words('room.tap-for-sound')).click();
  await alice.hears('Bob');
  await alice.button(words('room.tap-for-sound')).waitFor({ state: 'hidden' });
  const own = alice.tile(words('tile.you', { name: 'Alice' }));
  const mirrored = () => own.evaluate((tile) => tile.classList.contains('mirrored'));
  assert.equal(await mirrored(), true);
  await own.getByRole('button', { name: words('self.flip') }).click();
  await alice.page.waitForFunction(() => !document.querySelector('.tile.floating').classList.contains('mirrored'));
  await bob.seesMoving('Alice');
  await alice.leave();
  await alice.page.waitForFunction(() => window.keptLocks.every((lock) => lock.released));
});

scenario('where the system has a sheet for sending, the link goes through it', async (stage) => {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice', { context: phone });
  await alice.context.addInitScript(() => {
    window['sent'] = [];
    Object.defineProperty(navigator, 'share', { value: async (what) => { window['sent'].push(what); } });
  });
  await alice.join('kitchen');
  await alice.button(words('invite.share')).click();
  assert.deepEqual(await alice.page.evaluate(() => window['sent']), [{ url: await alice.page.getByLabel(words('invite.link')).inputValue() }]);
});

scenario('in the browser of another program one is told how to get out of it', async (stage) => {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice', { kind: 'chromium that refuses', context: { ...phone, userAgent: inWeChat } });
  await alice.openRoom('kitchen');
  await alice.reads(words('help.denied.wechat'));
  await alice.button(words('invite.copy')).waitFor();
}, { needs: ['chromium that refuses'] });

scenario('a long name that knocks leaves room for its answers on a small phone, and no passing message stands on them', async (stage) => {
  const server = await stage.server();
  const alice = await stage.person(server, 'Alice', { context: { ...phone, viewport: { width: 320, height: 640 } } });
  await alice.join('kitchen');
  await control(alice, 'people').click();
  await control(alice, 'lobby', 'dialog').check();
  await alice.page.keyboard.press('Escape');
  await alice.page.evaluate(sitSilently, { room: 'kitchen', names: [LONG] });
  await alice.page.locator('.knock').waitFor();
  await alice.page.waitForFunction(() => {
    const [words, answer, messages] = ['.knock [data-part="words"]', '.knock [data-part="decline"]', '#toasts'].map((one) => document.querySelector(one).getBoundingClientRect());
    return words.width > innerWidth / 2 && answer.right <= innerWidth && messages.top >= answer.bottom;
  });
});

const LONG = 'Bartholomew Featherstonehaugh-Cholmondeley';

/** In the page: no sound element plays until something was clicked after the first refusal, as on iOS. */
function holdSoundBack() {
  const play = HTMLMediaElement.prototype.play;
  let refused = false;
  let touched = false;
  addEventListener('click', () => { touched = refused; }, true);
  HTMLMediaElement.prototype.play = function hold() {
    if (touched || !(this instanceof HTMLAudioElement)) return play.call(this);
    refused = true;
    this.autoplay = false;
    this.pause();
    return Promise.reject(new DOMException('a gesture first', 'NotAllowedError'));
  };
}
