/** What the page makes of words: translations, names of rooms, links in messages, amounts, help for a browser. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { browserKind } from '../../web/ui/help.js';
import { pickLanguage, translate } from '../../web/ui/i18n.js';
import { pieces } from '../../web/ui/links.js';
import { linkTo, roomFrom, roomOfPath, suggestRoom } from '../../web/ui/names.js';
import { bitrateWords, bytesWords, hue, initials, timeWords } from '../../web/ui/units.js';

test('a text takes its plural form and its names', () => {
  const table = { 'people.one': '{n} person in {room}', 'people.other': '{n} people in {room}', hello: 'hello {name}' };
  assert.equal(translate(table, 'en', 'people', { n: 1, room: 'attic' }), '1 person in attic');
  assert.equal(translate(table, 'en', 'people', { n: 1200, room: 'attic' }), '1,200 people in attic');
  assert.equal(translate(table, 'en', 'hello', { name: '{room}' }), 'hello {room}');
  assert.equal(translate(table, 'en', 'missing.key'), 'missing.key');
});

test('a reader gets the closest language there is', () => {
  assert.equal(pickLanguage(['en', 'zh-CN'], ['zh-SG', 'en']), 'zh-CN');
  assert.equal(pickLanguage(['en', 'zh-CN'], ['ZH-cn']), 'zh-CN');
  assert.equal(pickLanguage(['en', 'zh-CN'], ['fr', 'en-GB']), 'en');
  assert.equal(pickLanguage(['zh-CN', 'en'], ['fr']), 'zh-CN');
});

test('a suggested room is readable, differs each time and survives its own link', () => {
  const rooms = new Set(Array.from({ length: 200 }, () => suggestRoom()));
  assert.equal(rooms.size, 200);
  for (const room of rooms) {
    assert.match(room, /^[a-z]+-[a-z]+-[a-km-np-z2-9]{5}$/);
    assert.equal(roomOfPath(new URL(linkTo('https://a.example', room)).pathname), room);
  }
});

test('a pasted link, stray spaces and foreign letters all become a room', () => {
  assert.equal(roomFrom('https://call.example.org/r/kitchen?relay'), 'kitchen');
  assert.equal(roomFrom('  team  lunch '), 'team-lunch');
  assert.equal(roomOfPath('/r/%E5%8E%A8%E6%88%BF'), '厨房');
  assert.equal(roomOfPath('/r/100%'), '100%');
  assert.equal(roomOfPath('/'), '');
});

test('a message shows its links without the sentence around them', () => {
  assert.deepEqual(pieces('see https://a.example/x, (https://b.example/y) or mailto:me@c.example!'), [
    { text: 'see ' }, { text: 'https://a.example/x', href: 'https://a.example/x' },
    { text: ', (' }, { text: 'https://b.example/y', href: 'https://b.example/y' },
    { text: ') or ' }, { text: 'mailto:me@c.example', href: 'mailto:me@c.example' }, { text: '!' },
  ]);
  assert.deepEqual(pieces('https://a.example/x_(y)'), [{ text: 'https://a.example/x_(y)', href: 'https://a.example/x_(y)' }]);
});

test('a message cannot make the page run anything, and a disguised host is told', () => {
  for (const text of ['javascript:alert(1)', 'data:text/html,x', 'https://', '<img src=x onerror=alert(1)>']) {
    assert.deepEqual(pieces(text), [{ text }]);
  }
  assert.equal(pieces('https://аpple.example/')[0].href, 'https://xn--pple-43d.example/');
});

test('amounts read like amounts', () => {
  assert.equal(bytesWords(0, 'en'), '0 bytes');
  assert.equal(bytesWords(67_108_864, 'en'), '67.1 MB');
  assert.equal(bytesWords(4.3e9, 'en'), '4.3 GB');
  assert.equal(bitrateWords(1_830_000, 'en'), '1.8 Mbit/s');
  assert.equal(bitrateWords(64_000, 'en'), '64 kbit/s');
  assert.equal(timeWords(4.2, 'en'), '5 sec');
  assert.equal(timeWords(200, 'en'), '4 min');
});

test('a face without a picture: initials and a colour that stays', () => {
  assert.equal(initials('ann marie lee'), 'AL');
  assert.equal(initials('小明'), '小');
  assert.equal(initials('  '), '');
  assert.equal(hue('Bob'), hue('Bob'));
  assert.notEqual(hue('Bob'), hue('Eve'));
});

test('help with a refused camera fits the browser', () => {
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36';
  assert.equal(browserKind(chrome), 'chrome');
  assert.equal(browserKind(`${chrome} Edg/156.0.0.0`), 'edge');
  assert.equal(browserKind('Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0'), 'firefox');
  assert.equal(browserKind('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15'), 'safari');
  assert.equal(browserKind('Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1'), 'ios');
  assert.equal(browserKind('Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50'), 'wechat');
});
