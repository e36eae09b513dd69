/**
 * What opens the door for this person: who they are, the room, and everything that says they may come in. It is said to the
 * hub anew with every socket, so that a dropped one costs nothing. Leaves out what the hub answers (`call.js`).
 */

/** @typedef {{ read(room: string): string | undefined, write(room: string, seat: string | undefined): void }} Seats
 *   where the seat of a room is kept, so that a reloaded tab comes back to it */
/**
 * @typedef {object} Who
 * @property {string} room
 * @property {string} name
 * @property {string} [invitation]  the text of the link that brought this person here
 * @property {string} [password]    the room's, when this person was asked for it
 * @property {string} [secret]      the room's key: who has it is known to have been invited
 */

/** @type {Seats} */
const NO_SEATS = { read: () => undefined, write: () => {} };

export class Greeting {
  /**
   * @param {string} instance  of this page
   * @param {Seats} [seats]
   */
  constructor(instance, seats = NO_SEATS) {
    this.instance = instance;
    this.seats = seats;
    /** @type {Who} */
    this.who = { room: '', name: '' };
    /** @type {string | undefined} brings this person back to the same place in the room */
    this.seat = undefined;
    /** This page was loaded again, and its person was here before. */
    this.cameBack = false;
    /** @type {RTCCertificate[] | undefined} this page's, for all its connections: proven once, known everywhere */
    this.certificates = undefined;
  }

  get room() {
    return this.who.room;
  }

  get secret() {
    return this.who.secret;
  }

  /** @param {Who} who */
  begin(who) {
    // The room as the hub spells it: both ends prove themselves for the same one.
    this.who = { ...who, room: who.room.trim().replace(/\s+/gu, ' ').normalize('NFC') };
    this.seat = this.seats.read(this.room);
    this.cameBack = this.seat !== undefined;
  }

  /**
   * A browser that cannot make one makes another for each connection by itself.
   * @param {typeof RTCPeerConnection} PeerConnection
   */
  async makeCertificate(PeerConnection) {
    try {
      /** @type {EcKeyGenParams} */
      const kind = { name: 'ECDSA', namedCurve: 'P-256' };
      this.certificates = [await PeerConnection.generateCertificate(kind)];
    } catch {
      this.who.secret = undefined; // then nothing can be proven
    }
  }

  /** @returns {import('./messages.js').Join} */
  words() {
    const { instance, seat } = this;
    const { room, name, invitation, password } = this.who;
    return {
      type: 'join', room, name, instance,
      ...(seat && { seat }), ...(invitation && { invitation }), ...(password && { password }),
    };
  }

  /** @param {string | undefined} seat undefined: got up */
  sit(seat) {
    this.seat = seat;
    this.seats.write(this.room, seat);
  }
}
