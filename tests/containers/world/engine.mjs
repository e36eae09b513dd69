// A Docker engine on a rented server, and callbox in a container of it, started the way README says.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inside } from './network.mjs';

const run = promisify(execFile);
const lab = process.env.CALLBOX_LAB;
if (!lab) throw new Error('run this inside tests/containers/lab');

const here = path.dirname(fileURLToPath(import.meta.url));
const starter = path.resolve(here, '../engine');

/** What tests/containers/image has built. */
const image = path.resolve(here, '../../../target/containers/callbox.tar');

/** The client that came with the engine; another one in the PATH may be without its parts. */
const client = '/usr/bin/docker';

/** An engine begins in two seconds, a container in half a one; a busy machine may take its time. */
const READY_WITHIN_MS = 120_000;

export class Engine {
  #folder;
  #process;

  /** On the computer of that name, with the image that is tested; `null`: on the lab's own network. @param {string | null} host */
  static async start(host) {
    const engine = new Engine(path.join(lab, `engine-${host ?? 'lab'}`));
    await engine.#start(host);
    return engine;
  }

  /** @param {string} folder */
  constructor(folder) {
    this.#folder = folder;
  }

  async #start(host) {
    mkdirSync(this.#folder);
    const log = openSync(path.join(this.#folder, 'log'), 'w');
    const command = [starter, this.#folder, path.join(this.#folder, 'images')];
    const [program, ...args] = host ? inside(host, ...command) : command;
    this.#process = spawn(program, args, { stdio: ['ignore', log, log] });
    await until('the Docker engine answers', () => this.docker('version')).catch((error) => {
      throw new Error(this.log(), { cause: error });
    });
    await this.docker('load', '--input', image);
  }

  /** @param {string[]} args @returns {Promise<string>} what it printed on both streams */
  async docker(...args) {
    const { stdout, stderr } = await run(client, args, { env: this.#environment });
    return stdout + stderr;
  }

  /** The same for what may exit with another code than 0. @param {string[]} args @returns {Promise<{ stdout: string }>} */
  tries(...args) {
    return run(client, args, { env: this.#environment }).catch((failed) => failed);
  }

  /** An image of one program of this machine and the libraries it loads. @param {string} program its path @param {string} tag */
  async carries(program, tag) {
    const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+/g);
    const archive = path.join(this.#folder, `${tag}.tar`);
    execFileSync('tar', ['--dereference', '--create', '--file', archive, program, ...libraries]);
    await this.docker('import', '--change', `ENTRYPOINT ["${program}"]`, archive, tag);
  }

  /** What it printed, and whether it is still there. */
  log() {
    const { exitCode, signalCode } = this.#process;
    return `${readFileSync(path.join(this.#folder, 'log'), 'utf8')}${exitCode ?? signalCode ?? 'it is running'}\n`;
  }

  async stop() {
    const ended = once(this.#process, 'exit');
    this.#process.kill();
    await ended;
  }

  get #environment() {
    return { ...process.env, DOCKER_HOST: `unix://${this.#folder}/docker.sock` };
  }
}

/** callbox in a container. */
export class Container {
  /**
   * @param {object} how
   * @param {Engine} how.engine
   * @param {string[]} how.flags of `docker run`
   * @param {Record<string, string>} [how.settings] as `CALLBOX_*` names without the prefix
   * @param {string} how.name of the container
   * @param {import('./network.mjs').Addresses} how.at the server's
   * @param {number} [how.port] that it is opened by
   */
  static async start({ engine, flags, settings = {}, name, at, port = 443 }) {
    const variables = Object.entries(settings).flatMap(([key, value]) => ['-e', `CALLBOX_${key}=${value}`]);
    await engine.docker('run', '--detach', '--name', name, '--restart', 'unless-stopped', ...flags, ...variables, 'callbox');
    return new Container(engine, name, at, port);
  }

  /** @param {Engine} engine @param {string} name @param {import('./network.mjs').Addresses} at @param {number} port */
  constructor(engine, name, at, port) {
    this.engine = engine;
    this.name = name;
    const behind = port === 443 ? '' : `:${port}`;
    /** What an IPv4 caller opens. */
    this.url = `https://${at.v4}${behind}`;
    /** What an IPv6 caller opens. */
    this.url6 = `https://[${at.v6}]${behind}`;
  }

  /** Waits until it is healthy, by its own health check. */
  async serves() {
    await until(`callbox serves in ${this.name}`, () => this.runs('healthcheck')).catch(async (error) => {
      throw new Error(`${error.message}:\n${await this.log()}`, { cause: error });
    });
  }

  /** Runs its program once more, beside the server. @param {string[]} args */
  runs(...args) {
    return this.engine.docker('exec', this.name, '/callbox', ...args);
  }

  /** What `callbox check` finds from inside. @param {string} patience for each step @returns {Promise<Found[]>} */
  async checksItself(patience) {
    // It exits with 1 when something is wrong.
    const { stdout } = await this.engine.tries('exec', this.name, '/callbox', 'check', '--json', '--timeout', patience);
    return found(stdout);
  }

  /** What it printed. */
  log() {
    return this.engine.docker('logs', this.name);
  }

  /** Kills the process, as the kernel does when memory is short. The engine starts it again. */
  async crash() {
    const pid = (await this.engine.docker('inspect', '--format', '{{.State.Pid}}', this.name)).trim();
    process.kill(Number(pid), 'SIGKILL');
  }

  async close() {
    await this.engine.docker('rm', '--force', '--volumes', this.name);
  }
}

/** @typedef {{ cause: { cause: string }, title: string }} Found */

/** For each step that failed its cause. @param {string} json of `callbox check --json` @returns {Found[]} */
export function found(json) {
  return JSON.parse(json).checks.flatMap((/** @type {any} */ checked) => checked.verdicts);
}

let extracted;

/** The program in the image, as a file of its own. It is static: it runs anywhere. @param {Engine} engine */
export function programOfTheImage(engine) {
  return (extracted ??= extract(engine));
}

async function extract(engine) {
  const container = (await engine.docker('create', 'callbox')).trim();
  const program = path.join(lab, 'callbox');
  await engine.docker('cp', `${container}:/callbox`, program);
  await engine.docker('rm', container);
  return program;
}

/**
 * @template T
 * @param {string} what for the error
 * @param {() => Promise<T>} succeeds
 * @returns {Promise<T>}
 */
export async function until(what, succeeds, within = READY_WITHIN_MS) {
  let last;
  for (const end = Date.now() + within; Date.now() < end; await pause(100)) {
    try {
      return await succeeds();
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`not within ${within / 1000} s: ${what}; ${last?.message}`, { cause: last });
}
