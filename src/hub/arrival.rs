//! Coming in: as a newcomer, by knocking, back to a seat that was kept, or by a second window. One socket has one seat and one seat
//! has one socket, whoever comes in which order.

use std::sync::Arc;
use std::time::Duration;

use super::door::{Door, Verdict, Waiting};
use super::message::{Join, Joined, Knock, Message, Network, PersonId, RelayBudget, SocketId};
use super::name::{RoomName, tidy};
use super::refusal::Refusal;
use super::room::{Person, Place, Room};
use super::rooms::Chair;
use super::step::Step;
use super::{Hub, Kept};
use crate::clock::Now;
use crate::invitation::{Invitation, Role};
use crate::pass::{Seat, Secret};

/// A [`Join`] whose parts have been read.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) room: RoomName,
    pub(super) id: PersonId,
    pub(super) since: u64,
    pub(super) name: Arc<str>,
    pub(super) instance: Arc<str>,
    pub(super) network: Network,
    pub(super) password: Option<Secret>,
    /// What brought them here, unless they need none.
    pub(super) invitation: Option<Invitation>,
    /// Whether they come as a host.
    pub(super) host: bool,
    /// Whether they sat in this room before.
    pub(super) returns: bool,
    /// Whether they count as one of their network's newcomers.
    pub(super) counted: bool,
}

/// A seat brings its holder past a locked door again for as long as a long day's call may last.
pub const SEAT_OPENS_FOR: Duration = Duration::from_secs(24 * 3600);

impl Arrival {
    /// As hosts see them while they wait.
    pub(super) fn knock(&self) -> Knock {
        Knock { id: self.id.clone(), name: self.name.clone() }
    }
}

impl Hub {
    /// Lets the person behind `socket` in, back in, has them wait, or says why not.
    pub(super) fn join(&mut self, socket: SocketId, join: Join, step: &mut Step) {
        let arrival = match self.read(socket, join, step.now) {
            Ok(arrival) => arrival,
            Err(refusal) => return self.refuse(socket, refusal, step),
        };
        if arrival.counted
            && let Err(refusal) = self.newcomers.join(arrival.network, &self.options, step.now.monotonic)
        {
            return self.refuse(socket, refusal, step);
        }
        let sits_there = |seat: &Chair| seat.room == arrival.room && seat.id == arrival.id;
        if !self.sockets.get(&socket).and_then(|socket| socket.seat.as_ref()).is_some_and(sits_there) {
            self.stand_up(socket, step);
        }
        self.stop_knocking(socket, step);
        self.stop_knocking_elsewhere(&arrival, step);
        if self.rooms.get(&arrival.room).is_some_and(|room| room.find(&arrival.id).is_some()) {
            return self.come_back(socket, arrival, step);
        }
        if self.restarting && !arrival.returns && !self.rooms.contains_key(&arrival.room) {
            return self.refuse(socket, Refusal::Restarting, step);
        }
        let verdict =
            self.rooms.get(&arrival.room).map_or_else(|| self.new_door(&arrival), |room| room.door.ask(&arrival));
        match verdict {
            Verdict::Open => self.sit_down(socket, arrival, step),
            Verdict::Knock => self.wait(socket, arrival, step),
            Verdict::Shut(refusal) => {
                if arrival.counted && refusal == Refusal::PasswordWrong {
                    self.newcomers.guess(arrival.network, &self.options, step.now.monotonic);
                }
                self.refuse(socket, refusal, step);
            }
        }
    }

    /// Checks the names and finds the seat: the token's, or a fresh one. A token of another room, or of a key that is no
    /// more, is no offence: its holder comes in as a newcomer.
    fn read(&self, socket: SocketId, join: Join, now: Now) -> Result<Arrival, Refusal> {
        let room = RoomName::new(&join.room).ok_or(Refusal::BadRoom)?;
        let name = tidy(&join.name).ok_or(Refusal::BadName)?;
        let instance =
            tidy(&join.instance).ok_or(Refusal::BadMessage("`instance` has 1 to 64 visible characters".into()))?;
        let (network, counted) =
            self.sockets.get(&socket).map_or((Network(0), false), |socket| (socket.network, socket.counted));
        let kept = join.seat.and_then(|token| self.seat_key.read(room.as_str(), &token));
        let sat_lately = |seat: &Seat| now.unix.saturating_sub(Duration::from_millis(seat.since)) < SEAT_OPENS_FOR;
        let sits = |seat: &Seat| {
            self.rooms.get(&room).is_some_and(|room| room.people.iter().any(|person| *person.id.0 == *seat.id))
        };
        let may_return = |seat: &Seat| sits(seat) || (sat_lately(seat) && !self.bans.hold(&room, seat));
        let returns = kept.as_ref().is_some_and(may_return);
        let Seat { id, since, host } = kept.unwrap_or_else(|| {
            let last = self.rooms.get(&room).map_or(0, Room::latest_since);
            // Later than everybody who is there, even within a millisecond or after the clock was set back.
            let since = u64::try_from(now.unix.as_millis()).unwrap_or(u64::MAX).max(last.saturating_add(1));
            Seat { id: join.fresh.to_string(), since, host: false }
        });
        let invitation = self.invited(&room, join.invitation.as_deref(), returns, now)?;
        let host = (host && returns) || invitation.is_some_and(|invitation| invitation.role == Role::Host);
        let (id, password, counted) = (PersonId(id.into()), join.password, counted && !returns);
        Ok(Arrival { room, id, since, name, instance, network, password, invitation, host, returns, counted })
    }

    /// The invitation that somebody brings. Who sat there before needs none, and in an open room an invitation that has
    /// ended is as good as none.
    fn invited(
        &self,
        room: &RoomName,
        token: Option<&str>,
        returns: bool,
        now: Now,
    ) -> Result<Option<Invitation>, Refusal> {
        let needed = !self.options.open && !returns;
        match token.map(|token| self.invitations.read(room, token, now)) {
            None if needed => Err(Refusal::InvitationNeeded),
            Some(Err(refusal)) if needed => Err(refusal),
            Some(Ok(invitation)) => Ok(Some(invitation)),
            _ => Ok(None),
        }
    }

    /// The first one opens the room; where rooms are by invitation only, guests wait for a host.
    fn new_door(&self, arrival: &Arrival) -> Verdict {
        if self.options.open { Verdict::Open } else { Door::new(self.options.lobby).ask(arrival) }
    }

    /// Whether there is a room for `arrival`, or may be one more.
    fn may_open(&mut self, arrival: &Arrival, step: &Step) -> Result<(), Refusal> {
        if self.rooms.contains_key(&arrival.room) {
            return Ok(());
        }
        if self.rooms.len() >= self.options.max_rooms {
            return Err(Refusal::TooManyRooms);
        }
        if arrival.counted {
            self.newcomers.open(arrival.network, &self.options, step.now.monotonic)?;
        }
        Ok(())
    }

    /// The room `name`, made if there is none.
    fn room(&mut self, name: &RoomName, now: Now) -> &mut Room {
        let (lobby, opened) = (self.options.lobby, u64::try_from(now.unix.as_millis()).unwrap_or(u64::MAX));
        let new = || Room { opened, door: Door::new(lobby), ..Room::default() };
        self.rooms.get_or_make(name, new)
    }

    /// A newcomer, or somebody whose seat was cleared meanwhile (a restart, a long absence) and who takes it again.
    pub(super) fn sit_down(&mut self, socket: SocketId, arrival: Arrival, step: &mut Step) {
        let max_people = self.options.max_people;
        if self.people(arrival.room.as_str()) >= max_people {
            return step.send(socket, Message::Full { room: arrival.room, max_people });
        }
        if let Err(refusal) = self.may_open(&arrival, step) {
            return self.refuse(socket, refusal, step);
        }
        let open = self.options.open;
        // A guest needs none in an open room, so none is used up.
        let opens = |invitation: &Invitation| !open || invitation.role == Role::Host;
        let spends = arrival.invitation.filter(opens).filter(|_| !arrival.returns);
        match spends.map_or(Ok(None), |invitation| self.invitations.spend(&invitation)) {
            Ok(fate) => step.fated(fate),
            Err(refusal) => {
                self.refuse(socket, refusal, step);
                // They may have been called in from the queue of a room that everybody else left.
                return self.close_if_empty(&arrival.room, step);
            }
        }
        let room = self.room(&arrival.room, step.now);
        let person = Person {
            id: arrival.id.clone(),
            since: arrival.since,
            name: arrival.name.clone(),
            instance: arrival.instance.clone(),
            host: arrival.host || (open && !room.has_host()),
            network: arrival.network,
            place: Place::Here(socket),
        };
        step.admit(arrival.id.clone(), arrival.room.clone());
        room.show_to_others(&person, step, Message::PeerJoined);
        room.people.push(person);
        self.welcome(socket, &arrival, step);
    }

    /// Somebody who has to knock.
    fn wait(&mut self, socket: SocketId, arrival: Arrival, step: &mut Step) {
        if let Err(refusal) = self.may_open(&arrival, step) {
            return self.refuse(socket, refusal, step);
        }
        let room = self.room(&arrival.room, step.now);
        step.send(socket, Message::Waiting(arrival.room.clone()));
        room.tell_hosts(step, || Message::Knock(arrival.knock()));
        let name = arrival.room.clone();
        room.door.waiting.push(Waiting { socket, arrival });
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.knocks = Some(name);
        }
    }

    /// The person behind `socket` waits no longer, if they did.
    pub(super) fn stop_knocking(&mut self, socket: SocketId, step: &mut Step) {
        let Some(name) = self.sockets.get_mut(&socket).and_then(|socket| socket.knocks.take()) else { return };
        self.forget_knock(&name, socket, step);
    }

    /// Whoever already knocks under this id, by a socket that is perhaps dead and does not know it yet, gives way.
    fn stop_knocking_elsewhere(&mut self, arrival: &Arrival, step: &mut Step) {
        let knocks = self.rooms.get(&arrival.room).and_then(|room| room.door.knocks_by(&arrival.id));
        if let Some(old) = knocks {
            self.stop_knocking(old, step);
            self.refuse(old, Refusal::Replaced, step);
        }
    }

    /// Takes the knock of a socket out of a room.
    pub(super) fn forget_knock(&mut self, name: &RoomName, socket: SocketId, step: &mut Step) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let Some(index) = room.door.waiting.iter().position(|waiting| waiting.socket == socket) else { return };
        let id = room.door.waiting.remove(index).arrival.id;
        room.tell_hosts(step, || Message::KnockOver(id.clone()));
        self.close_if_empty(name, step);
    }

    /// Somebody whose seat is still there: after a dropped socket, a reload, or from a second window.
    fn come_back(&mut self, socket: SocketId, arrival: Arrival, step: &mut Step) {
        let id = arrival.id.clone();
        let Some(room) = self.rooms.get_mut(&arrival.room) else { return };
        let Some(person) = room.find_mut(&id) else { return };
        let reloaded = std::mem::replace(&mut person.instance, arrival.instance.clone()) != arrival.instance;
        person.name = arrival.name.clone();
        person.network = arrival.network;
        let before = std::mem::replace(&mut person.place, Place::Here(socket));
        if reloaded {
            room.forget_words_of(&id, &mut self.postage);
        }
        if let Some(person) = room.find(&id) {
            room.show_to_others(person, step, Message::PeerBack);
        }
        self.welcome(socket, &arrival, step);
        match before {
            Place::Here(old) => self.replace(old, socket, step),
            Place::Away { until, mut mailbox } => {
                self.away.remove(&Kept { until, room: arrival.room, id });
                let signals = mailbox.empty(&mut self.postage);
                // What was said to the page before the reload concerns connections that are no more.
                for (from, payload) in signals.into_iter().filter(|_| !reloaded) {
                    step.send(socket, Message::Signal { from, payload });
                }
            }
        }
    }

    /// Puts the socket on its seat and tells it so.
    fn welcome(&mut self, socket: SocketId, arrival: &Arrival, step: &mut Step) {
        let Some(number) = self.rooms.number(&arrival.room) else { return };
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.seat = Some(Chair { room: arrival.room.clone(), number, id: arrival.id.clone() });
        }
        let Some(room) = self.rooms.get(&arrival.room) else { return };
        let Some(person) = room.find(&arrival.id) else { return };
        let seat = Seat { id: person.id.to_string(), since: person.since, host: person.host };
        let joined = Joined {
            room: arrival.room.clone(),
            you: person.id.clone(),
            seat: self.seat_key.token(arrival.room.as_str(), &seat),
            max_people: self.options.max_people,
            host: person.host,
            open: self.options.open,
            door: room.door.signs(),
            knocks: if person.host { room.door.knocks() } else { Vec::new() },
            peers: room.peers_of(person),
        };
        step.send(socket, Message::Joined(Box::new(joined)));
        if self.relay_budget != RelayBudget::Plenty {
            step.send(socket, Message::RelayBudget(self.relay_budget));
        }
        if self.restarting {
            step.send(socket, Message::Restarting);
        }
    }

    /// The person behind `old` sits by another socket now.
    fn replace(&mut self, old: SocketId, new: SocketId, step: &mut Step) {
        if old == new {
            return;
        }
        if let Some(socket) = self.sockets.get_mut(&old) {
            socket.seat = None;
        }
        self.refuse(old, Refusal::Replaced, step);
    }
}
