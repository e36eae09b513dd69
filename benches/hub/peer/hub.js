/**
 * The hubs that callbox's is compared with: `node --expose-gc hub.js socket.io|ws PORT [CERT KEY]`. Rooms of two, and what one of
 * them says goes to the other. SIGUSR2 collects garbage, so that the memory looked at is what connections hold.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Server } from 'socket.io';
import { WebSocketServer } from 'ws';

const ROOM = 2;

/**
 * The hub that the project began with, for socket.io 4, mended: it counted people in a way that is gone since version 3, let one
 * more in than it said, told the others of a newcomer only when there were three, left nobody out of a room who left, and passed
 * on what anybody said to any room.
 * @param {import('node:http').Server} server
 */
function socketIo(server) {
  const io = new Server(server, { serveClient: false, transports: ['websocket'] });
  io.on('connection', (socket) => {
    socket.on('message', (room, data) => {
      if (socket.rooms.has(room)) socket.to(room).emit('message', room, socket.id, data);
    });
    socket.on('join', (room) => {
      const users = io.sockets.adapter.rooms.get(room)?.size ?? 0;
      if (users >= ROOM) return socket.emit('full', room, socket.id);
      socket.join(room);
      socket.emit('joined', room, socket.id);
      if (users > 0) socket.to(room).emit('otherjoin', room, socket.id);
    });
    socket.on('leave', (room) => {
      if (!socket.rooms.has(room)) return;
      socket.to(room).emit('bye', room, socket.id);
      socket.leave(room);
      socket.emit('leaved', room, socket.id);
    });
    socket.on('disconnecting', () => {
      for (const room of socket.rooms) socket.to(room).emit('bye', room, socket.id);
    });
  });
}

/**
 * The least that is a hub at all: what Node can do without a library above WebSocket.
 * @param {import('node:http').Server} server
 */
function bare(server) {
  /** @type {Map<string, Set<import('ws').WebSocket>>} */
  const rooms = new Map();
  let last = 0;
  new WebSocketServer({ server }).on('connection', (socket) => {
    const id = String((last += 1));
    /** @type {Set<import('ws').WebSocket>} */
    let room = new Set();
    let name = '';
    socket.on('message', (text) => {
      const message = JSON.parse(String(text));
      if (message.type === 'join') {
        name = message.room;
        room = rooms.get(name) ?? new Set();
        if (room.size >= ROOM) return socket.send(JSON.stringify({ type: 'full' }));
        rooms.set(name, room.add(socket));
        return socket.send(JSON.stringify({ type: 'joined', you: id }));
      }
      const passed = JSON.stringify({ type: 'signal', from: id, payload: message.payload });
      for (const other of room) if (other !== socket) other.send(passed);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      room.delete(socket);
      if (room.size === 0) rooms.delete(name);
    });
  });
}

const [kind, port, cert, key] = process.argv.slice(2);
const server = cert ? createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }) : createServer();
({ 'socket.io': socketIo, ws: bare })[kind](server);
server.listen({ host: '127.0.0.1', port: Number(port), backlog: 1024 });
process.on('SIGUSR2', () => globalThis.gc());
