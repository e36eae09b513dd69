//! Who is in which room, and who may say what to whom. Pure: events and a [`Now`] in, effects out; it never awaits,
//! never reads a clock or the dice, and knows neither sockets nor JSON. Sound and picture never pass here: pages send
//! them to each other or through the relay.
//!
//! Three rules hold after every event, whatever strangers send: a person sits in one room only, and by one socket only;
//! no room holds more than [`Options::max_people`]; every [`Effect`] concerns only people of one room.

mod allowance;
mod arrival;
mod bans;
#[cfg(test)]
pub(crate) mod disorder;
mod door;
mod host;
mod invitations;
mod mailbox;
mod message;
mod moving;
mod name;
mod newcomers;
mod overview;
mod refusal;
mod room;
mod rooms;
mod short_text;
mod step;
#[cfg(test)]
mod tests;
mod ways;
mod why;
#[cfg(test)]
mod world;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

pub use self::arrival::SEAT_OPENS_FOR;
pub use self::bans::RoomBans;
pub use self::door::DoorState;
pub use self::invitations::{Fate, Invitations, Known};
pub use self::message::{
    Command, DoorChange, DoorSigns, Effect, Event, Join, Joined, Knock, Message, Network, Parting, Payload, Peer,
    PersonId, RelayBudget, Request, SocketId, Wish,
};
pub use self::name::RoomName;
pub use self::overview::{CallView, PersonView, RoomView};
pub use self::refusal::Refusal;
pub use self::short_text::ShortText;
pub use self::why::{Candidate, Pair, Path, Reason, RelayUse, Transport, Why};

use self::allowance::{Allowance, Rate};
use self::bans::Bans;
use self::mailbox::Postage;
use self::newcomers::Newcomers;
use self::room::{Person, Place, Room};
use self::rooms::{Chair, RoomNumber, Rooms};
use self::step::Step;
use crate::clock::Now;
use crate::pass::SeatKey;

/// The limits a hub keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Seats in a room, counting those kept for people whose socket dropped. At least 1; a mesh call is good up to 8.
    pub max_people: usize,
    /// Rooms at the same time; a join that would open one more is refused with `too-many-rooms`.
    pub max_rooms: usize,
    /// Whether a room is there as soon as somebody joins; otherwise only who was invited comes in.
    pub open: bool,
    /// Whether newcomers knock and wait for a host, until a host of the room decides otherwise.
    pub lobby: bool,
    /// How long a seat is kept for a person whose socket dropped.
    pub grace: Duration,
    /// What a socket may say, in units per second over time: a message costs 1 unit, and 1 more for each full KiB.
    pub rate: u32,
    /// What a socket may say at once, in the same units.
    pub burst: u32,
    /// Newcomers from one network in a minute, as many of them at once; 0: no limit.
    pub joins_per_minute: u32,
    /// Rooms that people from one network may open in a minute, as many of them at once; 0: no limit.
    pub rooms_per_minute: u32,
}

impl Options {
    /// How much one socket may say.
    fn speech(&self) -> Rate {
        Rate { burst: self.burst, per_minute: self.rate.saturating_mul(60) }
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            max_people: 8,
            max_rooms: 1000,
            open: true,
            lobby: false,
            // Longer than a laptop takes to change from Wi-Fi to a phone's hotspot, shorter than a host's patience.
            grace: Duration::from_secs(45),
            // A page that meets seven others at once sends seven descriptions of some 8 KiB and about thirty candidates
            // for each: 280 units in two seconds. Twice that is allowed at once.
            rate: 60,
            burst: 600,
            // Two classes behind one address, and the rooms they break out into.
            joins_per_minute: 120,
            rooms_per_minute: 30,
        }
    }
}

/// All rooms of one server.
#[derive(Debug)]
pub struct Hub {
    options: Options,
    seat_key: SeatKey,
    invitations: Invitations,
    sockets: HashMap<SocketId, Socket>,
    rooms: Rooms,
    /// Everybody who is away, the first to be given up first, so that a tick looks only at seats whose time is over.
    away: BTreeSet<Kept>,
    /// Rooms taken over from lost nodes, and until when their people are expected; the first to be given up first.
    expecting: VecDeque<(Instant, RoomName)>,
    postage: Postage,
    newcomers: Newcomers,
    relay_budget: RelayBudget,
    restarting: bool,
    bans: Bans,
}

/// An open socket.
#[derive(Debug)]
struct Socket {
    allowance: Allowance,
    network: Network,
    /// Whether its newcomers count as some of its network's.
    counted: bool,
    /// Where the person behind it sits.
    seat: Option<Chair>,
    /// Where the person behind it waits to be let in.
    knocks: Option<RoomName>,
}

/// A seat kept for somebody whose socket dropped.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kept {
    until: Instant,
    room: RoomName,
    id: PersonId,
}

impl Hub {
    /// A hub without rooms. `seat_key` and `invitations` stay the same over restarts, so that people find their seats
    /// again and links go on working.
    pub fn new(options: Options, seat_key: SeatKey, invitations: Invitations) -> Hub {
        Hub {
            options,
            seat_key,
            invitations,
            sockets: HashMap::new(),
            rooms: Rooms::default(),
            away: BTreeSet::new(),
            expecting: VecDeque::new(),
            postage: Postage::full(),
            newcomers: Newcomers::default(),
            relay_budget: RelayBudget::default(),
            restarting: false,
            bans: Bans::default(),
        }
    }

    /// Lets one event happen. What is to be done about it is appended to `effects`, in order.
    pub fn handle(&mut self, event: Event, now: Now, effects: &mut Vec<Effect>) {
        let step = &mut Step { now, effects };
        match event {
            Event::Opened { socket, network, counted } => {
                let allowance = Allowance::full(self.options.speech(), now.monotonic);
                self.sockets.insert(socket, Socket { allowance, network, counted, seat: None, knocks: None });
            }
            Event::Asked(socket, request) => self.answer(socket, request, step),
            Event::Garbled(socket, refusal) => self.refuse(socket, refusal, step),
            Event::Closed(socket) => self.drop_socket(socket, step),
            Event::Revoked(revoked) => {
                revoked.into_iter().for_each(|(id, ends)| step.fated(self.invitations.revoke(id, ends)));
            }
            Event::Fated(fates) => fates.into_iter().for_each(|fate| {
                self.invitations.learn(fate);
            }),
            Event::Banned(room, bans) => drop(self.bans.add(&room, bans)),
            Event::Taken(room, door) => self.take_over(room, door, step),
            Event::GivenUp(room) => self.give_up(&room),
            Event::RelayBudget(left) => {
                self.relay_budget = left;
                self.tell_all(&Message::RelayBudget(left), step);
            }
            Event::Restarting => {
                self.restarting = true;
                self.tell_all(&Message::Restarting, step);
            }
            // Who has left meanwhile needs no sending out.
            Event::Remove(room, person) => drop(self.send_out(&room, &person, step)),
            Event::Close(room) => self.close_room(&room, step),
            Event::Tick => {
                self.clear_seats(step);
                self.expect_no_longer(step);
                self.invitations.tidy(now);
                self.newcomers.tidy(&self.options, now.monotonic);
                self.bans.tidy(now);
            }
        }
    }

    /// Tells everybody who sits by a socket. A few times a month.
    fn tell_all(&self, message: &Message, step: &mut Step) {
        for person in self.rooms.values().flat_map(|room| &room.people) {
            if let Place::Here(socket) = person.place {
                step.send(socket, message.clone());
            }
        }
    }

    /// Other limits and rules from now on. Whoever sits keeps their seat, also in a room that has become too small.
    pub fn change(&mut self, options: Options) {
        self.options = options;
    }

    /// The invitations, for whoever keeps their memory over a restart.
    pub fn invitations(&self) -> &Invitations {
        &self.invitations
    }

    /// Who sits behind this socket.
    pub fn person(&self, socket: SocketId) -> Option<&PersonId> {
        self.sockets.get(&socket)?.seat.as_ref().map(|seat| &seat.id)
    }

    /// How many rooms there are.
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// How many people have a seat in `room`, those who are away included.
    pub fn people(&self, room: &str) -> usize {
        self.rooms.get(room).map_or(0, |room| room.people.len())
    }

    fn answer(&mut self, id: SocketId, request: Request, step: &mut Step) {
        // A socket that the hub closed may have said more before it heard.
        let Some(socket) = self.sockets.get_mut(&id) else { return };
        if socket.allowance.take(cost(&request), self.options.speech(), step.now.monotonic).is_err() {
            return self.refuse(id, Refusal::TooFast, step);
        }
        match (request, &socket.seat) {
            (Request::Ping, _) => step.send(id, Message::Pong),
            (Request::Join(join), _) => self.join(id, join, step),
            (Request::Leave, None) if socket.knocks.is_some() => self.stop_knocking(id, step),
            (_, None) => self.refuse(id, Refusal::NotJoined, step),
            (Request::IceRefresh, Some(Chair { id: person, .. })) => step.send(id, Message::IceServers(person.clone())),
            (Request::Leave, Some(Chair { room, .. })) => {
                let room = room.clone();
                self.stand_up(id, step);
                step.send(id, Message::Left(room));
            }
            (Request::Host(command), Some(seat)) => {
                let Chair { room, id: by, .. } = seat.clone();
                self.command(id, (room, by), command, step);
            }
            (Request::Path(path), Some(seat)) => {
                let Chair { room, id: from, .. } = seat.clone();
                self.hear_of_path(&room, &from, *path, step);
            }
            (Request::Signal { to, payload }, Some(Chair { number, id: from, .. })) => {
                let (room, from) = (*number, from.clone());
                self.pass_on(id, room, from, &to, payload, step);
            }
        }
    }

    fn pass_on(
        &mut self,
        socket: SocketId,
        room: RoomNumber,
        from: PersonId,
        to: &PersonId,
        payload: Payload,
        step: &mut Step,
    ) {
        let room = self.rooms.of_mut(room).filter(|_| *to != from);
        let addressee = room.and_then(|room| room.find_mut(to));
        match addressee.map(|person| &mut person.place) {
            Some(Place::Here(to)) => step.send(*to, Message::Signal { from, payload }),
            Some(Place::Away { mailbox, .. }) => mailbox.put(from, payload, &mut self.postage),
            None => self.refuse(socket, Refusal::NoSuchPeer, step),
        }
    }

    /// A page says how it reaches a peer. Both are told what follows from that, when it is news; who is gone needs no answer.
    fn hear_of_path(&mut self, room: &RoomName, from: &PersonId, path: Path, step: &mut Step) {
        let Some(room) = self.rooms.get_mut(room) else { return };
        let (Some(one), Some(other)) = (room.find(from), room.find(&path.to).filter(|other| other.id != *from)) else {
            return;
        };
        let (one_nat, pair) = (one.network == other.network, [(from, &path.to), (&path.to, from)]);
        let ends = pair.map(|(reader, peer)| (room.find(reader).and_then(Person::socket), peer.clone()));
        let Some(why) = room.ways.told(from, path, one_nat) else { return };
        for (socket, peer) in ends {
            if let Some(socket) = socket {
                step.send(socket, Message::Why(peer, why.clone()));
            }
        }
    }

    fn refuse(&mut self, socket: SocketId, refusal: Refusal, step: &mut Step) {
        if !self.sockets.contains_key(&socket) {
            return;
        }
        step.send(socket, Message::Error(refusal.clone()));
        if refusal.closes() {
            step.close(socket, refusal);
            self.drop_socket(socket, step);
        }
    }

    /// The socket is gone; the person behind it may come back.
    fn drop_socket(&mut self, socket: SocketId, step: &mut Step) {
        let Some(Socket { seat, knocks, .. }) = self.sockets.remove(&socket) else { return };
        if let Some(name) = knocks {
            self.forget_knock(&name, socket, step);
        }
        let Some(Chair { room: name, id, .. }) = seat else { return };
        let Some(room) = self.rooms.get_mut(&name) else { return };
        let until = step.now.monotonic + self.options.grace;
        if let Some(person) = room.find_mut(&id) {
            person.place = Place::Away { until, mailbox: Box::default() };
        }
        room.tell_others(&id, step, || Message::PeerAway(id.clone()));
        self.away.insert(Kept { until, room: name, id });
    }

    /// The person behind the socket gets up, if they sit.
    fn stand_up(&mut self, socket: SocketId, step: &mut Step) {
        let seat = self.sockets.get_mut(&socket).and_then(|socket| socket.seat.take());
        if let Some(Chair { room, id, .. }) = seat {
            self.remove(&room, &id, Parting::Left, step);
        }
    }

    /// Clears the seats that were kept in vain.
    fn clear_seats(&mut self, step: &mut Step) {
        while self.away.first().is_some_and(|kept| kept.until <= step.now.monotonic) {
            let Some(Kept { room, id, .. }) = self.away.pop_first() else { return };
            self.remove(&room, &id, Parting::Lost, step);
        }
    }

    fn remove(&mut self, name: &RoomName, id: &PersonId, parting: Parting, step: &mut Step) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let Some(index) = room.people.iter().position(|person| person.id == *id) else { return };
        if let Place::Away { until, mut mailbox } = room.people.remove(index).place {
            mailbox.empty(&mut self.postage);
            self.away.remove(&Kept { until, room: name.clone(), id: id.clone() });
        }
        room.forget_words_of(id, &mut self.postage);
        room.ways.forget(id);
        step.revoke(id.clone());
        room.tell_others(id, step, || Message::PeerLeft(id.clone(), parting));
        self.find_a_host(name, step);
        self.close_if_empty(name, step);
    }

    /// A room that everybody left ends. Who still waits at the door of an open one opens it anew.
    fn close_if_empty(&mut self, name: &RoomName, step: &mut Step) {
        let is_over = |room: &&mut Room| room.people.is_empty() && !room.expects;
        let Some(room) = self.rooms.get_mut(name).filter(is_over) else { return };
        match room.door.waiting.first().map(|waiting| waiting.arrival.id.clone()) {
            None => drop(self.rooms.remove(name)),
            Some(first) if self.options.open => {
                room.door.renew(self.options.lobby);
                step.door_changed(name);
                // Cannot be refused: that person was just found in the queue.
                let _ = self.admit(name, &first, step);
            }
            Some(_) => {}
        }
    }
}

/// A message costs one unit, and one more for each full KiB it carries; a try at a password, a token of another program (its
/// signature has to be checked), and what is written down for ever, a second's worth.
fn cost(request: &Request) -> usize {
    const DEAR: usize = 60;
    let dear = match request {
        Request::Join(join) => {
            let foreign = join.invitation.as_ref().is_some_and(|token| token.contains('.'));
            join.password.is_some() || foreign
        }
        Request::Host(command) => matches!(command, Command::Revoke(_)),
        _ => false,
    };
    (if dear { DEAR } else { 1 }) + request.text_length() / 1024
}
