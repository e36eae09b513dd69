// Names of files are chosen by somebody else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { safeName } from '../../web/call/files/names.js';

test('an ordinary name stays as it is', () => {
  for (const name of ['holiday.jpg', '报告 (最终).pdf', 'Ünïcode – plan.txt', 'archive.tar.gz']) assert.equal(safeName(name), name);
});

test('a name cannot climb out of the folder', () => {
  assert.equal(safeName('../../etc/passwd'), 'passwd');
  assert.equal(safeName('C:\\Windows\\system.ini'), 'system.ini');
  assert.equal(safeName('..'), 'file');
  assert.equal(safeName('.bashrc'), 'bashrc');
});

test('a name cannot pretend to be another kind of file', () => {
  assert.equal(safeName('photo\u202Egpj.exe'), 'photogpj.exe');
  assert.equal(safeName('a\u0000b\nc.txt'), 'abc.txt');
});

test('a long name keeps its ending', () => {
  const name = safeName(`${'长'.repeat(300)}.docx`);
  assert.ok(name.endsWith('长.docx'));
  assert.ok(Buffer.byteLength(name) <= 200);
});

test('no name at all is still a name', () => {
  for (const given of ['', '   ', '/', undefined, null]) assert.notEqual(safeName(given), '');
});
