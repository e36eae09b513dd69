// The Docker engine on the rented server, and callbox in a container of it, started the way README says.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { VPS, inside } from './network.mjs';

const run = promisify(execFile);
const lab = process.env.CALLBOX_LAB;
if (!lab) throw new Error('run this inside tests/containers/lab');

const starter = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../engine');

/** The client that came with the engine; another one in the PATH may be without its parts. */
const client = '/usr/bin/docker';

/** An engine begins in two seconds, a container in half a one; a busy machine may take its time. */
const READY_WITHIN_MS = 20_000;

export class Engine {
  /** Its log, for the case that something fails. */
  static log = path.join(lab, 'engine.log');
  #process;

  /** On the computer of that name. @param {string} host */
  static async start(host) {
    const engine = new Engine();
    const log = openSync(Engine.log, 'w');
    const [program, ...args] = inside(host, starter);
    engine.#process = spawn(program, args, { stdio: ['ignore', log, log] });
    await until('the Docker engine answers', () => docker('version'));
    await engine.#clear();
    return engine;
  }

  /** Of what a run that was interrupted has left: the engine is ours alone, and would start it again. */
  async #clear() {
    const left = (await docker('ps', '--all', '--quiet')).split('\n').filter(Boolean);
    if (left.length > 0) await docker('rm', '--force', '--volumes', ...left);
    await docker('volume', 'prune', '--force');
  }

  async stop() {
    const ended = once(this.#process, 'exit');
    this.#process.kill();
    await ended;
  }
}

/** callbox in a container. */
export class Container {
  /**
   * @param {object} how
   * @param {string[]} how.flags of `docker run`
   * @param {Record<string, string>} [how.settings] as `CALLBOX_*` names without the prefix
   * @param {string} how.name of the container, and of its volume
   */
  static async start({ flags, settings = {}, name }) {
    const variables = Object.entries(settings).flatMap(([key, value]) => ['-e', `CALLBOX_${key}=${value}`]);
    await docker('run', '--detach', '--name', name, '--restart', 'unless-stopped', ...flags, ...variables, 'callbox');
    return new Container(name);
  }

  /** @param {string} name */
  constructor(name) {
    this.name = name;
  }

  /** What an IPv4 caller opens. */
  url = `https://${VPS.v4}`;
  /** What an IPv6 caller opens. */
  url6 = `https://[${VPS.v6}]`;

  /** Waits until it is healthy, by its own health check. */
  async serves() {
    await until(`callbox serves in ${this.name}`, () => docker('exec', this.name, '/callbox', 'healthcheck'));
  }

  /** What it printed, both streams. */
  async log() {
    const { stdout, stderr } = await run(client, ['logs', this.name], { env: environment() });
    return stdout + stderr;
  }

  /** Kills the process, as the kernel does when memory is short. The engine starts it again. */
  async crash() {
    const pid = (await docker('inspect', '--format', '{{.State.Pid}}', this.name)).trim();
    process.kill(Number(pid), 'SIGKILL');
  }

  async close() {
    await docker('rm', '--force', '--volumes', this.name);
  }
}

let extracted;

/** The program in the image, as a file of its own. It is static: it runs anywhere. */
export function programOfTheImage() {
  return (extracted ??= extract());
}

async function extract() {
  const container = (await docker('create', 'callbox')).trim();
  const program = path.join(lab, 'callbox');
  await docker('cp', `${container}:/callbox`, program);
  await docker('rm', container);
  return program;
}

/** @param {string[]} args @returns {Promise<string>} what it printed */
export async function docker(...args) {
  return (await run(client, args, { env: environment() })).stdout;
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
  throw new Error(`not within ${within / 1000} s: ${what}`, { cause: last });
}

function environment() {
  return { ...process.env, DOCKER_HOST: `unix://${lab}/docker.sock` };
}
