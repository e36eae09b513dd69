/**
 * A room, as one person lives in it: who is there, one `Peer` for each, and what became of joining. The hub says who is in
 * the room; media and talk never pass through it, and go on without it.
 */
import { startKbit } from './adapt.js';
import { systemClock } from './clock.js';
import { Door } from './door.js';
import { Files } from './files.js';
import { Greeting } from './greeting.js';
import { Paths } from './paths.js';
import { Peer } from './peer.js';
import { Problem } from './problem.js';
import { Roster } from './roster.js';
import { Sending } from './sending.js';
import { Servers } from './servers.js';
import { Signaling } from './signaling.js';
import { Stay } from './stay.js';
import { Talk } from './talk.js';

/** @typedef {import('./messages.js').HubMessage} HubMessage */
/** @typedef {import('./messages.js').PeerEntry} PeerEntry */
/** @typedef {import('./control.js').ControlMessage} ControlMessage */
/** @typedef {import('./stay.js').CallState} CallState */
/**
 * @typedef {object} CallOptions
 * @property {string} [url]                  of the hub: `wss://…/ws`
 * @property {Mediator} [signaling]          what brings two pages together, when it is not a hub
 * @property {boolean} [brief]               descriptions are carried by people: the shorter the better
 * @property {import('./settings.js').Settings} settings
 * @property {import('./media.js').Media} media
 * @property {boolean} [relayOnly]           only paths through the relay: the others never learn your address
 * @property {typeof globalThis.RTCPeerConnection} [RTCPeerConnection]
 * @property {typeof globalThis.WebSocket} [WebSocket]
 * @property {typeof globalThis.MediaStream} [MediaStream]
 * @property {import('./clock.js').Clock} [clock]
 * @property {EventTarget} [wake]            fires 'wake' when the machine may be online or awake again
 * @property {import('./greeting.js').Seats} [seats]
 */

/** @typedef {EventTarget & Pick<Signaling, 'ready' | 'open' | 'send' | 'greet' | 'probe' | 'hurry' | 'close'>} Mediator */

/** The watchdogs look this often: a path is called weak within two seconds of its last byte. */
const TICK = 500;

/**
 * For one stay: whoever leaves and comes again makes a new one. Events: 'state' {state, problem}, 'peer-joined' {peer},
 * 'peer-left' {peer, reason}, 'peer' {peer} (anything about one peer changed), 'door' (anything about the room's door
 * changed), 'mute-asked' {peer}, 'invited' and 'revoked' {invitation, …}, 'chat' {message}, 'reaction' {sign, peer?},
 * 'said' {peer, message} (a board's), 'problem' {problem, peer?}, 'relay' (what the relay may carry changed),
 * 'restarting' (the server will, or did).
 */
export class Call extends EventTarget {
  /** @param {CallOptions} options */
  constructor(options) {
    super();
    this.media = options.media;
    this.relayOnly = options.relayOnly ?? options.settings.relay_only;
    this.clock = options.clock ?? systemClock;
    this.browser = {
      RTCPeerConnection: options.RTCPeerConnection ?? globalThis.RTCPeerConnection,
      MediaStream: options.MediaStream ?? globalThis.MediaStream,
    };
    /** @type {Mediator} */
    this.signaling = options.signaling ?? new Signaling({
      url: options.url ?? '', WebSocket: options.WebSocket ?? globalThis.WebSocket, clock: this.clock,
    });
    this.over = new AbortController();
    this.stay = new Stay({
      clock: this.clock, greet: () => this.signaling.greet(), end: () => this.#end(),
      onchange: (state, problem) => this.#tell('state', { state, problem }),
    });
    this.you = { id: '', name: '' };
    /** Tells the others a page that came back from one that was reloaded. */
    this.instance = randomId(this.clock);
    this.greeting = new Greeting(this.instance, options.seats);
    this.door = new Door((message) => this.signaling.send(message));
    this.maxPeople = options.settings.max_people;
    /** The server is about to stop, and will be there again. */
    this.restarting = false;
    this.talk = new Talk({
      clock: this.clock, you: () => this.you.name, everybody: () => this.roster.all,
      tell: (type, what) => this.#tell(type, what), newId: () => randomId(this.clock),
    });
    this.sending = new Sending({
      settings: options.settings, media: this.media, everybody: () => this.roster.all, brief: options.brief ?? false,
    });
    this.roster = new Roster({
      make: (entry) => this.#makePeer(entry),
      onjoined: (peer) => this.#met(peer),
      onchange: (peer) => this.#tell('peer', { peer }),
      onreloaded: (peer) => this.files.reloaded(peer),
      onleft: (peer, reason) => this.#gone(peer, reason),
    });
    this.files = new Files(this);
    this.paths = new Paths({ clock: this.clock, relayOnly: this.relayOnly, send: (message) => this.signaling.send(message) });
    this.servers = new Servers({ clock: this.clock, ask: () => this.signaling.send({ type: 'ice-refresh' }) });
    this.ticking = false;
    this.stopTicking = () => {};
    this.signaling.addEventListener('message', (event) => this.#received(detail(event).message));
    this.signaling.addEventListener('problem', (event) => this.#problem(detail(event).problem));
    this.signaling.addEventListener('down', (event) => this.#down(detail(event).restarts));
    this.media.addEventListener('change', () => this.#mediaChanged(), { signal: this.over.signal });
    options.wake?.addEventListener('wake', () => this.signaling.probe(), { signal: this.over.signal });
  }

  get state() {
    return this.stay.state;
  }

  /** In order of arrival, by id. */
  get peers() {
    return this.roster.peers;
  }

  get room() {
    return this.greeting.room;
  }

  /**
   * @param {import('./greeting.js').Who} who
   * @returns {Promise<void>} resolves when in, which may take as long as a host lets this person wait; rejects with a
   *   `Problem`
   */
  join(who) {
    if (!this.browser.RTCPeerConnection) return Promise.reject(this.#failed(new Problem('browser-too-old')));
    this.you = { id: '', name: who.name };
    this.greeting.begin(who);
    const seated = this.stay.begin();
    this.stopTicking = this.clock.every(TICK, () => void this.#tick());
    this.greeting.makeCertificate(this.browser.RTCPeerConnection).then(() => {
      if (this.stay.begins) this.signaling.open(() => this.greeting.words());
    });
    return seated;
  }

  /** Gets up: connections end, the seat is free. Devices stay open; closing them is `media.close()`. */
  leave() {
    this.sayAll({ type: 'bye' });
    this.greeting.sit(undefined);
    this.#end({ type: 'leave' });
    this.stay.become('left');
  }

  /** A raised hand, an open whiteboard: seen by everybody, late joiners too. @param {Partial<import('./gestures.js').Gestures>} changes */
  gesture(changes) {
    Object.assign(this.talk.gestures, changes);
    for (const peer of this.roster.all) peer.say(this.#ownState(peer));
  }

  /** @param {ControlMessage} message */
  sayAll(message) {
    for (const peer of this.roster.all) peer.say(message);
  }

  /** @param {HubMessage} message */
  #received(message) {
    if (this.door.hear(message)) this.#tell('door', {});
    switch (message.type) {
      case 'joined': return this.#joined(message);
      case 'full': return this.#full();
      case 'waiting': return this.stay.become('waiting');
      case 'role': return this.greeting.sit(message.seat);
      case 'peer-role': return this.roster.role(message.id, message.host);
      case 'invited': return this.#tell('invited', message);
      case 'revoked': return this.#tell('revoked', message);
      case 'mute-asked': return this.#muteAsked(message.by);
      case 'peer-joined': return this.roster.seated(message.peer);
      case 'peer-back': return this.#back(message.peer);
      case 'peer-away': return this.roster.away(message.id);
      case 'peer-left': return this.roster.left(message.id, message.reason);
      case 'signal': return this.peers.get(message.from)?.receive(message.payload);
      case 'ice-servers': return this.#freshServers(message.ice_servers, message.ice_ttl);
      case 'relay-budget': return this.#relayHas(message.left);
      case 'restarting': return this.#restarts(true);
      case 'why': return this.#explained(message);
      case 'error': return this.#refused(message);
    }
  }

  /** @param {import('./messages.js').Joined} joined */
  #joined(joined) {
    this.greeting.sit(joined.seat);
    this.you.id = joined.you;
    this.maxPeople = joined.max_people;
    this.#relayHas('plenty'); // otherwise the hub says so next
    this.#freshServers(joined.ice_servers, joined.ice_ttl);
    // A hub that forgot this page's seat may still list the former one: that is nobody else.
    this.files.seated(joined.you, this.greeting.cameBack);
    this.roster.replace(joined.peers.filter(({ instance }) => instance !== this.instance));
    this.paths.forget();
    this.stay.seated();
    this.#restarts(false); // otherwise the hub says so next
    void this.#tick(); // whatever waits to be mended waited for this
  }

  /** @param {PeerEntry} entry */
  #makePeer(entry) {
    /** @type {Peer} */
    const peer = new Peer(entry, {
      browser: this.browser,
      clock: this.clock,
      hooks: {
        signal: (payload) => this.signaling.send({ type: 'signal', to: peer.id, payload }),
        key: { room: this.room, secret: this.greeting.secret },
        config: () => this.#configuration(),
        startKbit: () => startKbit(this.peers.size),
        tracks: () => this.media.outgoing,
        limits: (peer) => this.sending.limits(peer),
        codecs: (what) => this.sending.codecs(what),
        pictures: () => this.sending.pictures,
        state: (peer) => this.#ownState(peer),
        onmessage: (message) => this.#heard(peer, message),
        onfilechannel: (channel) => this.files.arrived(peer, channel),
        onchange: () => this.#tell('peer', { peer }),
        onunreachable: () => this.#tell('problem', { problem: new Problem('peer-unreachable'), peer }),
        onrefused: () => this.servers.refused(),
      },
    });
    return peer;
  }

  /** The hub hears them again: a restart that waited for that need not wait for the next look. @param {PeerEntry} entry */
  #back(entry) {
    this.roster.seated(entry);
    void this.#tick();
  }

  /** @param {Peer} peer */
  #met(peer) {
    this.files.met(peer);
    this.#roomChanged('peer-joined', { peer });
  }

  /**
   * @param {Peer} peer
   * @param {string} reason
   */
  #gone(peer, reason) {
    this.files.lost(peer);
    this.#roomChanged('peer-left', { peer, reason });
  }

  /**
   * With the number of people changes what each of them gets.
   * @param {string} type
   * @param {object} what
   */
  #roomChanged(type, what) {
    this.#tell(type, what);
    for (const peer of this.roster.all) void peer.limit();
  }

  /** @param {import('./messages.js').HubError} error */
  #refused({ code, message }) {
    if (code === 'no-such-peer') return; // it left while a message was on its way
    const problem = new Problem(code, message);
    if (this.stay.begins) return this.stay.refuse(problem);
    if (code === 'replaced' || code === 'removed') {
      if (code === 'removed') this.greeting.sit(undefined);
      this.#end();
      this.#failed(problem);
    } else if (code === 'not-joined') {
      this.signaling.greet();
    } else {
      this.#problem(problem);
      if (this.state === 'reconnecting') this.stay.askLater();
    }
  }

  /** @param {string} by a host; only this person switches the microphone on again */
  #muteAsked(by) {
    if (!this.media.microphone.on) return;
    this.media.setMicrophone(false);
    this.#tell('mute-asked', { peer: this.peers.get(by) });
  }

  #full() {
    if (this.stay.begins) this.stay.refuse(new Problem('room-full'));
    else this.stay.askLater();
  }

  /** @param {Problem} problem */
  #failed(problem) {
    this.stay.become('failed', problem);
    return problem;
  }

  /** @param {import('./messages.js').PageMessage} [lastWord] */
  #end(lastWord) {
    this.stay.stop();
    this.over.abort();
    this.stopTicking();
    this.servers.stop();
    this.signaling.close(lastWord);
    for (const peer of this.roster.all) this.roster.remove(peer, 'you-left');
  }

  /** @param {boolean} restarts another server takes the place of this one, which stays for what it relays */
  #down(restarts) {
    if (restarts) this.#restarts(true);
    if (this.state === 'joined') this.stay.become('reconnecting');
  }

  async #tick() {
    if (this.ticking) return; // a busy machine: the last look is not over yet
    this.ticking = true;
    const { ready } = this.signaling;
    await Promise.allSettled(this.roster.all.map((peer) => peer.tick(ready)));
    this.ticking = false;
    this.files.look();
    this.roster.prune();
    if (ready) this.paths.look(this.roster.all);
    this.signaling.hurry(this.roster.all.some(({ link }) => link === 'weak' || link === 'lost'));
  }

  /**
   * @param {import('./messages.js').IceServer[]} servers
   * @param {number} ttl seconds
   */
  #freshServers(servers, ttl) {
    this.servers.take(servers, ttl);
    for (const peer of this.roster.all) peer.configure();
  }

  /** @returns {RTCConfiguration} of every connection that is made from now on */
  #configuration() {
    const { certificates } = this.greeting;
    return {
      iceServers: this.servers.all, iceTransportPolicy: this.relayOnly ? 'relay' : 'all', ...(certificates && { certificates }),
    };
  }

  /** What goes through the relay of a server that stops moves to its successor's while it works. @param {boolean} yes */
  #restarts(yes) {
    if (yes === this.restarting) return;
    this.restarting = yes;
    if (!yes) for (const peer of this.roster.all) if (peer.relayed) peer.renew();
    this.#tell('restarting', {});
  }

  /** @param {import('./messages.js').Why} why */
  #explained(why) {
    const peer = this.peers.get(why.peer);
    if (!peer) return;
    peer.why = why;
    this.#tell('peer', { peer });
  }

  /** @param {string} left */
  #relayHas(left) {
    if (this.sending.relayHas(left)) this.#tell('relay', {});
  }

  /** @param {Peer} peer @returns {ControlMessage} */
  #ownState(peer) {
    return { type: 'state', name: this.you.name, ...this.sending.shows(peer), ...this.talk.gestures };
  }

  #mediaChanged() {
    for (const peer of this.roster.all) void peer.sendTracks();
  }

  /**
   * @param {Peer} peer
   * @param {ControlMessage} message
   */
  #heard(peer, message) {
    if (message.type === 'bye') this.roster.remove(peer, 'left');
    else if (this.talk.heard(peer, message)) return;
    else if (message.type.startsWith('file-')) void this.files.heard(peer, message);
    else this.#tell('said', { peer, message });
  }

  /** @param {Problem} problem */
  #problem(problem) {
    this.#tell('problem', { problem });
  }

  /**
   * @param {string} type
   * @param {object} what
   */
  #tell(type, what) {
    this.dispatchEvent(new CustomEvent(type, { detail: what }));
  }
}

/** @param {Event} event @returns {any} */
function detail(event) {
  return /** @type {CustomEvent} */ (event).detail;
}

/** Nothing secret hangs on it; it must only differ. @param {import('./clock.js').Clock} clock */
function randomId(clock) {
  return Array.from({ length: 4 }, () => Math.floor(clock.random() * 36 ** 4).toString(36).padStart(4, '0')).join('');
}
