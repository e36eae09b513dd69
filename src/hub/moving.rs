//! Rooms that move between the nodes of a cluster: taken over from a node that was lost, and given up to one that took over.
//! People move by their seat tokens, as after a restart; what a room itself has to take along is its door.

use super::Hub;
use super::Kept;
use super::door::{Door, DoorState};
use super::message::{Join, SocketId};
use super::name::RoomName;
use super::room::{Place, Room};
use super::step::Step;
use super::{Request, cost};
use crate::clock::Now;

impl Hub {
    /// Whether there is a room of that name.
    pub fn has(&self, room: &RoomName) -> bool {
        self.rooms.contains_key(room)
    }

    /// In which room the person behind `socket` sits, or waits to be let in.
    pub fn room_of(&self, socket: SocketId) -> Option<&RoomName> {
        let socket = self.sockets.get(&socket)?;
        socket.seat.as_ref().map(|seat| &seat.room).or(socket.knocks.as_ref())
    }

    /// The door of a room, for whoever takes it over.
    pub fn door(&self, room: &RoomName) -> Option<DoorState> {
        self.rooms.get(room).map(|room| room.door.state())
    }

    /// Whether `join` only brings somebody back to a seat that is kept here.
    pub fn keeps(&self, join: &Join) -> bool {
        let seat = join.seat.as_ref().and_then(|token| self.seat_key.read(RoomName::new(&join.room)?.as_str(), token));
        let room = RoomName::new(&join.room).and_then(|name| self.rooms.get(&name));
        seat.zip(room).is_some_and(|(seat, room)| room.people.iter().any(|person| *person.id.0 == *seat.id))
    }

    /// Takes what `request` costs from the socket's allowance, for one that is done on another node.
    pub fn allows(&mut self, socket: SocketId, request: &Request, now: Now) -> bool {
        let Some(socket) = self.sockets.get_mut(&socket) else { return false };
        socket.allowance.take(cost(request), self.options.speech(), now.monotonic).is_ok()
    }

    pub(super) fn take_over(&mut self, name: RoomName, door: DoorState, step: &Step) {
        let opened = u64::try_from(step.now.unix.as_millis()).unwrap_or(u64::MAX);
        let room = Room { opened, door: Door::again(door), expects: true, ..Room::default() };
        if self.rooms.insert(&name, room).is_none() {
            self.expecting.push_back((step.now.monotonic + self.options.grace, name));
        }
    }

    pub(super) fn expect_no_longer(&mut self, step: &mut Step) {
        while self.expecting.front().is_some_and(|(until, _)| *until <= step.now.monotonic) {
            let Some((_, name)) = self.expecting.pop_front() else { return };
            if let Some(room) = self.rooms.get_mut(&name) {
                room.expects = false;
            }
            self.close_if_empty(&name, step);
        }
    }

    pub(super) fn give_up(&mut self, name: &RoomName) {
        let Some(room) = self.rooms.remove(name) else { return };
        self.expecting.retain(|(_, expecting)| expecting != name);
        for person in room.people {
            match person.place {
                Place::Here(socket) => {
                    self.sockets.entry(socket).and_modify(|socket| socket.seat = None);
                }
                Place::Away { until, mut mailbox } => {
                    mailbox.empty(&mut self.postage);
                    self.away.remove(&Kept { until, room: name.clone(), id: person.id });
                }
            }
        }
        for waiting in room.door.waiting {
            self.sockets.entry(waiting.socket).and_modify(|socket| socket.knocks = None);
        }
    }
}
