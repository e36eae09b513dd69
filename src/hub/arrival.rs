//! Coming in: as a newcomer, back to a seat that was kept, or by a second window. One socket has one seat and one seat
//! has one socket, whoever comes in which order.

use std::sync::Arc;

use super::message::{Join, Joined, Message, PersonId, SocketId};
use super::name::{RoomName, tidy};
use super::refusal::Refusal;
use super::room::{Person, Place, Room};
use super::step::Step;
use super::{Hub, Kept};
use crate::clock::Now;
use crate::pass::Seat;

/// A [`Join`] whose parts have been read.
struct Arrival {
    room: RoomName,
    name: Arc<str>,
    instance: Arc<str>,
    seat: Seat,
}

impl Hub {
    /// Lets the person behind `socket` in, back in, or says why not.
    pub(super) fn join(&mut self, socket: SocketId, join: Join, step: &mut Step) {
        let arrival = match self.read(join, step.now) {
            Ok(arrival) => arrival,
            Err(refusal) => return self.refuse(socket, refusal, step),
        };
        let id = PersonId(arrival.seat.id.as_str().into());
        let sits_there = |(room, person): &(RoomName, PersonId)| *room == arrival.room && *person == id;
        if !self.sockets.get(&socket).and_then(|socket| socket.seat.as_ref()).is_some_and(sits_there) {
            self.stand_up(socket, step);
        }
        if self.rooms.get(&arrival.room).is_some_and(|room| room.find(&id).is_some()) {
            self.come_back(socket, id, arrival, step);
        } else {
            self.sit_down(socket, id, arrival, step);
        }
    }

    /// Checks the names and finds the seat: the token's, or a fresh one. A token of another room, or of a key that is no
    /// more, is no offence: its holder comes in as a newcomer.
    fn read(&self, join: Join, now: Now) -> Result<Arrival, Refusal> {
        let room = RoomName::new(&join.room).ok_or(Refusal::BadRoom)?;
        let name = tidy(&join.name).ok_or(Refusal::BadName)?;
        let instance =
            tidy(&join.instance).ok_or(Refusal::BadMessage("`instance` has 1 to 64 visible characters".into()))?;
        let kept = join.seat.and_then(|token| self.seat_key.read(room.as_str(), &token));
        let seat = kept.unwrap_or_else(|| {
            let last = self.rooms.get(&room).map_or(0, Room::latest_since);
            // Later than everybody who is there, even within a millisecond or after the clock was set back.
            let since = u64::try_from(now.unix.as_millis()).unwrap_or(u64::MAX).max(last.saturating_add(1));
            Seat { id: join.fresh.0.as_ref().to_owned(), since }
        });
        Ok(Arrival { room, name, instance, seat })
    }

    /// A newcomer, or somebody whose seat was cleared meanwhile (a restart, a long absence) and who takes it again.
    fn sit_down(&mut self, socket: SocketId, id: PersonId, arrival: Arrival, step: &mut Step) {
        let max_people = self.options.max_people;
        if self.people(arrival.room.as_str()) >= max_people {
            return step.send(socket, Message::Full { room: arrival.room, max_people });
        }
        if !self.rooms.contains_key(&arrival.room) && self.rooms.len() >= self.options.max_rooms {
            return self.refuse(socket, Refusal::TooManyRooms, step);
        }
        let Arrival { room: name, seat, .. } = &arrival;
        let room = self.rooms.entry(name.clone()).or_default();
        let person = Person {
            id: id.clone(),
            since: seat.since,
            name: arrival.name.clone(),
            instance: arrival.instance.clone(),
            place: Place::Here(socket),
        };
        room.show_to_others(&person, step, Message::PeerJoined);
        room.people.push(person);
        self.welcome(socket, &id, &arrival, step);
    }

    /// Somebody whose seat is still there: after a dropped socket, a reload, or from a second window.
    fn come_back(&mut self, socket: SocketId, id: PersonId, arrival: Arrival, step: &mut Step) {
        let Some(room) = self.rooms.get_mut(&arrival.room) else { return };
        let Some(person) = room.find_mut(&id) else { return };
        let reloaded = std::mem::replace(&mut person.instance, arrival.instance.clone()) != arrival.instance;
        person.name = arrival.name.clone();
        let before = std::mem::replace(&mut person.place, Place::Here(socket));
        if reloaded {
            room.forget_words_of(&id, &mut self.postage);
        }
        if let Some(person) = room.find(&id) {
            room.show_to_others(person, step, Message::PeerBack);
        }
        self.welcome(socket, &id, &arrival, step);
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
    fn welcome(&mut self, socket: SocketId, id: &PersonId, arrival: &Arrival, step: &mut Step) {
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.seat = Some((arrival.room.clone(), id.clone()));
        }
        let Some(room) = self.rooms.get(&arrival.room) else { return };
        let Some(person) = room.find(id) else { return };
        let joined = Joined {
            room: arrival.room.clone(),
            you: id.clone(),
            seat: self.seat_key.token(arrival.room.as_str(), &Seat { id: id.to_string(), since: person.since }),
            max_people: self.options.max_people,
            peers: room.peers_of(person),
        };
        step.send(socket, Message::Joined(Box::new(joined)));
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
