// The wire between page and hub, as its documents say it: every message in tests/wire is one this page reads or writes.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decode, encode } from '../../web/call/messages.js';

const folder = new URL('../wire/', import.meta.url);
const documents = readdirSync(folder).filter((name) => name.endsWith('.json'))
  .map((name) => ({ name, ...JSON.parse(readFileSync(new URL(name, folder), 'utf8')) }));
const fromHub = documents.filter(({ from }) => from === 'hub');

test('there are documents, and each says who speaks', () => {
  assert.ok(documents.length >= 37);
  for (const { name, from } of documents) assert.match(from, /^(hub|page)$/, name);
});

for (const { name, message, optional = {} } of fromHub) {
  test(`the page understands ${name}`, () => {
    for (const said of [message, { ...message, ...optional }]) assert.deepEqual(decode(JSON.stringify(said)), said);
  });

  test(`the page notices when a field of ${name} is missing or of the wrong kind`, () => {
    for (const field of Object.keys(message).filter((key) => key !== 'type')) {
      const { [field]: _, ...without } = message;
      assert.throws(() => decode(JSON.stringify(without)), { code: 'bad-answer' }, `without ${field}`);
      const wrong = typeof message[field] === 'boolean' ? 'yes' : true;
      assert.throws(() => decode(JSON.stringify({ ...message, [field]: wrong })), { code: 'bad-answer' }, `${field}: ${wrong}`);
    }
  });
}

for (const { name, message, optional = {} } of documents.filter(({ from }) => from === 'page')) {
  test(`the page writes ${name} as it stands there`, () => {
    assert.deepEqual(JSON.parse(encode(message)), message);
    assert.deepEqual(JSON.parse(encode({ ...message, ...optional })), { ...message, ...optional });
  });
}

test('a message from a newer hub is no error', () => {
  assert.equal(decode('{"type":"weather","sunny":true}'), null);
  assert.equal(decode('{"type":"constructor"}'), null);
});

test('an unknown field of a newer hub is no error', () => {
  assert.ok(decode('{"type":"pong","load":0.2}'));
});

test('what is no message is refused', () => {
  for (const text of ['', '{', '[]', 'null', '"pong"', '{"type":7}', '{}']) assert.throws(() => decode(text), { code: 'bad-answer' }, text);
});
