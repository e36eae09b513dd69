// A server that is built anew while people have its page open, without the minutes of a build: a proxy that gives the page's hash,
// by which all of its files are named, another value from a moment on.

import { once } from 'node:events';
import { createServer, request as ask } from 'node:http';
import { connect } from 'node:net';

const HASH = /\/a\/([0-9a-f]{16})\//;

export class Rebuilt {
  #renamed = '';

  /** @param {import('./server.mjs').Server} server that speaks plain HTTP */
  static async inFrontOf(server) {
    const [, hash] = HASH.exec(await (await fetch(server.url)).text()) ?? [];
    if (!hash) throw new Error('the page names no files by a hash');
    const rebuilt = new Rebuilt(new URL(server.url), hash);
    rebuilt.proxy.listen(0, '127.0.0.1');
    await once(rebuilt.proxy, 'listening');
    const address = /** @type {import('node:net').AddressInfo} */ (rebuilt.proxy.address());
    rebuilt.url = `http://localhost:${address.port}`;
    return rebuilt;
  }

  /** @param {URL} origin @param {string} hash */
  constructor(origin, hash) {
    this.origin = origin;
    this.hash = hash;
    this.url = '';
    this.proxy = createServer((request, answer) => this.#pass(request, answer));
    this.proxy.on('upgrade', (request, socket) => this.#tunnel(request, socket));
  }

  /** From now on it serves another build. @returns {string} its hash */
  build() {
    this.#renamed = this.hash.split('').reverse().join('');
    return this.#renamed;
  }

  async close() {
    this.proxy.closeAllConnections();
    this.proxy.close();
  }

  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} answer */
  #pass({ url, method, headers }, answer) {
    const path = this.#renamed ? String(url).replace(`/a/${this.#renamed}/`, `/a/${this.hash}/`) : url;
    const { hostname, port } = this.origin;
    const asked = ask({ hostname, port, path, method, headers: { ...headers, 'accept-encoding': 'identity', 'if-none-match': '' } }, async (given) => {
      let body = Buffer.concat(await given.toArray());
      if (this.#renamed) body = Buffer.from(body.toString('latin1').replaceAll(`/a/${this.hash}/`, `/a/${this.#renamed}/`), 'latin1');
      answer.writeHead(Number(given.statusCode), { ...given.headers, 'content-length': body.length });
      answer.end(body);
    });
    asked.on('error', () => answer.destroy());
    asked.end();
  }

  /** A WebSocket, byte for byte. @param {import('node:http').IncomingMessage} request @param {import('node:stream').Duplex} socket */
  #tunnel({ url, rawHeaders }, socket) {
    const server = connect(Number(this.origin.port), this.origin.hostname);
    const lines = rawHeaders.map((text, at) => (at % 2 ? `${text}\r\n` : `${text}: `)).join('');
    server.write(`GET ${url} HTTP/1.1\r\n${lines}\r\n`);
    server.pipe(socket).pipe(server);
    for (const end of [server, socket]) end.on('error', () => { server.destroy(); socket.destroy(); });
  }
}
