// A hub that speaks the wire of tests/wire: enough of it for pages to find each other, and to lose it.

import assert from 'node:assert/strict';

const SEAT_KEPT = 45_000;

export class FakeHub {
  sockets = [];
  people = [];
  down = false;
  counted = 0;
  maxPeople = 8;
  door = { locked: false, lobby: false, password: false };
  /** @type {Map<string, object>} who knocks: the socket and what it said */
  knocking = new Map();

  constructor(clock) {
    this.clock = clock;
  }

  /** As a crash would: sockets break, and nothing is remembered. */
  crash() {
    this.people = [];
    this.down = true;
    for (const socket of this.sockets) socket.break();
  }

  onmessage(socket, message) {
    const person = this.people.find((one) => one.socket === socket);
    if (message.type === 'ping') socket.hear({ type: 'pong' });
    else if (message.type === 'join') this.#join(socket, message);
    else if (message.type === 'leave' && !person) this.#knockOver(socket);
    else if (!person) socket.hear({ type: 'error', code: 'not-joined', message: 'join first' });
    else if (message.type === 'leave') this.#gone(person, 'left');
    else if (message.type === 'signal') this.#signal(person, message);
    else if (message.type === 'path') this.#explain(person, message);
    else if (!person.host && message.type !== 'ice-refresh') socket.hear({ type: 'error', code: 'not-host', message: '' });
    else if (message.type === 'set-door') this.#setDoor(message);
    else if (message.type === 'admit') this.#admit(message.id);
    else if (message.type === 'decline') this.#decline(message.id);
    else if (message.type === 'mute') this.#find(message.id).socket.hear({ type: 'mute-asked', by: person.id });
    else if (message.type === 'remove') this.#remove(this.#find(message.id));
    else if (message.type === 'hand-over') this.#handOver(person, this.#find(message.id));
    else assert.equal(message.type, 'ice-refresh', 'a message the wire does not know');
  }

  /** As the hub does for two people who reach each other directly. */
  #explain(person, { to }) {
    person.socket.hear({ type: 'why', peer: to, reason: 'direct', who: [] });
  }

  onclose(socket) {
    const person = this.people.find((one) => one.socket === socket);
    if (!person) return;
    person.socket = null;
    this.#tellOthers(person, () => ({ type: 'peer-away', id: person.id }));
    this.clock.after(SEAT_KEPT, () => { if (!person.socket) this.#gone(person, 'lost'); });
  }

  #join(socket, join) {
    const { name, instance, seat } = join;
    const known = this.people.find((one) => seat && one.seat === seat);
    if (!known && this.door.password && join.password !== this.password) {
      return socket.hear({ type: 'error', code: join.password ? 'password-wrong' : 'password-needed', message: '' });
    }
    if (!known && this.door.lobby && !socket.admitted) return this.#knock(socket, join);
    if (!known && this.people.length >= this.maxPeople) return socket.hear({ type: 'full', room: 'kitchen', max_people: this.maxPeople });
    const person = known ?? this.#sitDown();
    Object.assign(person, { socket, name, instance });
    socket.hear({
      type: 'joined', room: 'kitchen', you: person.id, seat: person.seat, max_people: this.maxPeople,
      host: person.host, open: true, door: this.door, knocks: person.host ? this.#knocks() : [],
      peers: this.people.filter((one) => one !== person).map((one) => entry(one, person)), ice_servers: [{ urls: ['stun:hub'] }], ice_ttl: 3600,
    });
    for (const message of person.waiting.splice(0)) socket.hear(message);
    this.#tellOthers(person, (reader) => ({ type: known ? 'peer-back' : 'peer-joined', peer: entry(person, reader) }));
  }

  #sitDown() {
    this.counted += 1;
    const person = { id: `p${this.counted}`, seat: `p${this.counted}.token`, order: this.counted, waiting: [], host: this.people.length === 0 };
    this.people.push(person);
    return person;
  }

  #find(id) {
    return this.people.find((one) => one.id === id);
  }

  #knocks() {
    return [...this.knocking].map(([id, { join }]) => ({ id, name: join.name }));
  }

  #knock(socket, join) {
    const id = `k${(this.counted += 1)}`;
    this.knocking.set(id, { socket, join });
    socket.hear({ type: 'waiting', room: 'kitchen' });
    this.#tellHosts({ type: 'knock', id, name: join.name });
  }

  #knockOver(socket) {
    for (const [id, knock] of this.knocking) {
      if (knock.socket !== socket) continue;
      this.knocking.delete(id);
      this.#tellHosts({ type: 'knock-over', id });
    }
  }

  #admit(id) {
    const { socket, join } = this.knocking.get(id);
    this.#knockOver(socket);
    socket.admitted = true;
    this.#join(socket, join);
  }

  #decline(id) {
    const { socket } = this.knocking.get(id);
    this.#knockOver(socket);
    socket.hear({ type: 'error', code: 'declined', message: '' });
  }

  #setDoor({ type, password, ...change }) {
    if (password !== undefined) this.password = password;
    this.door = { ...this.door, ...change, ...(password !== undefined && { password: password !== '' }) };
    for (const person of this.people) person.socket?.hear({ type: 'door', door: this.door });
  }

  #remove(person) {
    const { socket } = person;
    this.#gone(person, 'removed');
    socket.hear({ type: 'error', code: 'removed', message: '' });
    socket.break();
  }

  #handOver(from, to) {
    for (const [person, host] of [[from, false], [to, true]]) {
      person.host = host;
      person.socket.hear({ type: 'role', host, seat: person.seat });
      this.#tellOthers(person, () => ({ type: 'peer-role', id: person.id, host }));
    }
  }

  #tellHosts(message) {
    for (const person of this.people) if (person.host) person.socket?.hear(message);
  }

  #signal(person, { to, payload }) {
    const reader = this.people.find(({ id }) => id === to);
    const message = { type: 'signal', from: person.id, payload: structuredClone(payload) };
    if (!reader) person.socket.hear({ type: 'error', code: 'no-such-peer', message: '' });
    else if (reader.socket) reader.socket.hear(message);
    else reader.waiting.push(message);
  }

  #gone(person, reason) {
    if (!this.people.includes(person)) return;
    this.people = this.people.filter((one) => one !== person);
    this.#tellOthers(person, () => ({ type: 'peer-left', id: person.id, reason }));
  }

  #tellOthers(person, message) {
    for (const reader of this.people) if (reader !== person) reader.socket?.hear(message(reader));
  }
}

function entry(person, reader) {
  const { id, name, instance, order, socket, host } = person;
  return { id, name, instance, offerer: reader.order < order, away: !socket, host: host ?? false };
}
