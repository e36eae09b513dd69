// One real callbox per scenario: its own port, its own data folder, its log kept for the case that something fails.

import { execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

/** The debug build does what the release does and is there already when the Rust tests have run. */
const binary = process.env.CALLBOX_BINARY ?? path.join(repository, 'target/debug/callbox');

/** A debug build on a busy machine is still up well within this. */
const READY_WITHIN_MS = 20_000;

/** @typedef {{ host: string, port: number, name?: string }} Where the address it listens on, and the name people open */

/** A running callbox. `stop` ends it and keeps its data; `restart` brings it back on the same port. */
export class Server {
  /** What it printed, both streams. */
  log = '';
  /** What a browser on this machine opens, without a path. */
  url = '';
  /** When the process was started, on the clock of `performance.now()`. */
  spawnedAt = 0;
  #process = /** @type {import('node:child_process').ChildProcess | null} */ (null);

  /**
   * @param {{ settings?: Record<string, string> } & Partial<Where>} [options] settings as `CALLBOX_*` names without the
   * prefix; a free port on loopback, if not told otherwise
   */
  static async start({ settings = {}, host = '127.0.0.1', port, name } = {}) {
    if (!existsSync(binary)) throw new Error(`no callbox at ${binary}: run \`cargo build\` first, or set CALLBOX_BINARY`);
    const folder = await mkdtemp(path.join(tmpdir(), 'callbox-test-'));
    const server = new Server(folder, { host, port: port ?? (await freePort()), name }, settings);
    await server.#run().catch(async (cause) => {
      await server.close();
      throw cause;
    });
    return server;
  }

  /** @param {string} folder @param {Where} where @param {Record<string, string>} settings */
  constructor(folder, where, settings) {
    this.folder = folder;
    this.where = where;
    this.settings = settings;
  }

  get pid() {
    return this.#process.pid;
  }

  /** The dashboard's address, where `ADMIN__LISTEN` is set. */
  get dashboard() {
    const [, link] = /For whoever runs it: (http:\S+)/.exec(this.log) ?? [];
    if (!link) throw new Error(`no admin listener:\n${this.log}`);
    return link;
  }

  /** An invitation to `room` from the command line: path and query of its link. */
  async invite(room, ...flags) {
    const { stdout } = await promisify(execFile)(binary, ['invite', room, ...flags], { cwd: this.folder, env: this.#environment() });
    const { pathname, search } = new URL(stdout.split('\n')[0]);
    return pathname + search;
  }

  /**
   * `callbox check --phone` beside it: the links it prints, and what it has said when a phone has told something.
   * @returns {Promise<{ links: string[], told: Promise<{ text: string, code: number }> }>}
   */
  async waitsForPhone() {
    const child = spawn(binary, ['check', '--phone'], { cwd: this.folder, env: this.#environment(), stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    const told = once(child, 'close').then(([code]) => ({ text, code }));
    const asked = new Promise((resolve) => child.stdout.setEncoding('utf8').on('data', (piece) => {
      text += piece;
      if (text.includes('Waiting for it')) resolve(undefined);
    }));
    await Promise.race([asked, told]);
    return { links: text.match(/https?:\S+#phone=\S+/g) ?? [], told };
  }

  /** Ends it as a crash would: no goodbye to anybody. */
  async kill() {
    await this.#end('SIGKILL');
  }

  async restart() {
    await this.#run();
  }

  /** Ends it for good and removes its data. */
  async close() {
    await this.#end('SIGINT'); // SIGTERM would wait for relayed calls
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Another process takes its place. Settled with the exit code of the former one, once that has ended. */
  async upgrade() {
    const ended = once(this.#process, 'exit');
    await this.#run('serve', '--takeover');
    const [code] = await ended;
    return code;
  }

  /** @param {string[]} args */
  async #run(...args) {
    this.spawnedAt = performance.now();
    const child = spawn(binary, args, { cwd: this.folder, env: this.#environment(), stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    this.url = await new Promise((resolve, reject) => {
      const tooLate = setTimeout(() => reject(new Error(`no link printed in ${READY_WITHIN_MS} ms:\n${this.log}`)), READY_WITHIN_MS);
      const before = this.log.length;
      const read = (text) => {
        this.log += text;
        const link = this.#link(this.log.slice(before));
        if (link) resolve(link);
      };
      child.stdout.setEncoding('utf8').on('data', read);
      child.stderr.setEncoding('utf8').on('data', read);
      child.on('error', reject);
      child.on('exit', (code, signal) => reject(new Error(`callbox ended (${code ?? signal}) before it was ready:\n${this.log}`)));
      child.on('exit', () => clearTimeout(tooLate));
    });
  }

  /** The printed link that a browser here opens, without its path. */
  #link(printed) {
    const { host, port, name } = this.where;
    const hosts = host === '127.0.0.1' ? [host, 'localhost'] : [name ?? host];
    const links = (printed.match(/https?:\/\/[^\s/]+/g) ?? []).map((link) => new URL(link));
    return links.find((link) => hosts.includes(link.hostname) && Number(link.port || 443) === port)?.origin;
  }

  #environment() {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('CALLBOX_'));
    const own = {
      LISTEN: `${this.where.host}:${this.where.port}`,
      NAMES: this.where.name ?? '',
      DATA_DIR: path.join(this.folder, 'data'),
      TURN__LISTEN: '[]', // the standard ports would be fought over
      ADMIN__LISTEN: '',
      ...this.settings,
    };
    return { ...Object.fromEntries(inherited), ...Object.fromEntries(Object.entries(own).map(([name, value]) => [`CALLBOX_${name}`, value])) };
  }

  async #end(signal) {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(impatience);
  }
}

/** Ports that were given away here, though nobody may listen on them yet. */
const given = new Set();

/** A port that is free for TCP and UDP alike, below the ones the system hands out by itself. */
export async function freePort() {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 27_000 + Math.floor(Math.random() * 1000);
    if (given.has(port)) continue;
    given.add(port);
    if ((await tcpIsFree(port)) && (await udpIsFree(port))) return port;
    given.delete(port);
  }
  throw new Error('no free port from 27000 to 27999');
}

function tcpIsFree(port) {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

function udpIsFree(port) {
  return new Promise((resolve) => {
    const probe = createSocket('udp4').once('error', () => resolve(false));
    probe.bind(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
