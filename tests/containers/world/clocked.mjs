// callbox under a clock of its own, which can jump. A container shares its machine's clock, a time namespace has none for wall time, and
// the image's program is static, so that libfaketime does not reach it: this is the debug build, on the same computer without a container.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from './engine.mjs';
import { inside } from './network.mjs';

const program = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../target/debug/callbox');

/** Behaves like a container to whoever calls through it. */
export class Clocked {
  name = 'clocked';
  #said = '';
  #process;

  /** @param {string} host the computer's name @param {import('./network.mjs').Addresses} at */
  static async start(host, at) {
    const folder = await mkdtemp(path.join(process.env.CALLBOX_LAB, 'clocked-'));
    const clocked = new Clocked(host, at, folder);
    await clocked.jumps('+0');
    const [nsenter, ...args] = inside(host, program);
    const child = spawn(nsenter, args, { cwd: folder, env: clocked.environment, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => { clocked.#said += text; });
    clocked.#process = child;
    return clocked;
  }

  /** @param {string} host @param {import('./network.mjs').Addresses} at @param {string} folder */
  constructor(host, at, folder) {
    this.host = host;
    this.url = `https://${at.v4}`;
    this.url6 = `https://[${at.v6}]`;
    this.clock = path.join(folder, 'clock');
    this.environment = {
      PATH: process.env.PATH,
      CALLBOX_LISTEN: '[::]:443',
      LD_PRELOAD: libfaketime(),
      FAKETIME_TIMESTAMP_FILE: this.clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  async serves() {
    const [nsenter, ...args] = inside(this.host, program, 'healthcheck');
    await until('callbox serves under a clock of its own', () => promisify(execFile)(nsenter, args, { env: this.environment }));
  }

  /** Sets the clock to that far from the machine's, such as `+1h`. @param {string} from */
  async jumps(from) {
    await writeFile(this.clock, from);
  }

  async log() {
    return this.#said;
  }

  async close() {
    const ended = once(this.#process, 'exit');
    this.#process.kill();
    await ended;
  }
}

function libfaketime() {
  const folders = readdirSync('/usr/lib').map((triplet) => `/usr/lib/${triplet}/faketime/libfaketime.so.1`);
  const library = folders.find((file) => existsSync(file));
  if (!library) throw new Error('libfaketime is not installed');
  return library;
}
