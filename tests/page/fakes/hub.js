// A hub that speaks the wire of tests/wire: enough of it for pages to find each other, and to lose it.

import assert from 'node:assert/strict';

const SEAT_KEPT = 45_000;

export class FakeHub {
  sockets = [];
  people = [];
  down = false;
  counted = 0;
  maxPeople = 8;

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
    else if (!person) socket.hear({ type: 'error', code: 'not-joined', message: 'join first' });
    else if (message.type === 'leave') this.#gone(person, 'left');
    else if (message.type === 'signal') this.#signal(person, message);
    else assert.equal(message.type, 'ice-refresh', 'a message the wire does not know');
  }

  onclose(socket) {
    const person = this.people.find((one) => one.socket === socket);
    if (!person) return;
    person.socket = null;
    this.#tellOthers(person, () => ({ type: 'peer-away', id: person.id }));
    this.clock.after(SEAT_KEPT, () => { if (!person.socket) this.#gone(person, 'lost'); });
  }

  #join(socket, { name, instance, seat }) {
    const known = this.people.find((one) => seat && one.seat === seat);
    if (!known && this.people.length >= this.maxPeople) return socket.hear({ type: 'full', room: 'kitchen', max_people: this.maxPeople });
    const person = known ?? this.#sitDown();
    Object.assign(person, { socket, name, instance });
    socket.hear({
      type: 'joined', room: 'kitchen', you: person.id, seat: person.seat, max_people: this.maxPeople,
      peers: this.people.filter((one) => one !== person).map((one) => entry(one, person)), ice_servers: [{ urls: ['stun:hub'] }], ice_ttl: 3600,
    });
    for (const message of person.waiting.splice(0)) socket.hear(message);
    this.#tellOthers(person, (reader) => ({ type: known ? 'peer-back' : 'peer-joined', peer: entry(person, reader) }));
  }

  #sitDown() {
    this.counted += 1;
    const person = { id: `p${this.counted}`, seat: `p${this.counted}.token`, order: this.counted, waiting: [] };
    this.people.push(person);
    return person;
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
  const { id, name, instance, order, socket } = person;
  return { id, name, instance, offerer: reader.order < order, away: !socket };
}
