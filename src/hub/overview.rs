//! What whoever runs the server may see of the rooms, and do: look on, send somebody out, close a room. Never what is said
//! in them, which no hub knows.

use std::sync::Arc;

use super::Hub;
use super::message::{DoorSigns, PersonId, SocketId};
use super::name::RoomName;
use super::room::{Person, Place, Room};
use super::step::Step;
use super::ways::Way;

/// One room, from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomView {
    /// Its name.
    pub name: RoomName,
    /// Seats taken, those of people who are away included.
    pub people: usize,
    /// Of these, those whose socket dropped.
    pub away: usize,
    /// Who knocks.
    pub waiting: usize,
    /// Who may come in.
    pub door: DoorSigns,
    /// Since when it is there, in unix milliseconds. A restart begins anew.
    pub opened: u64,
    /// What is known of the ways between its people.
    pub calls: Vec<CallView>,
}

/// Two people of a room, from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallView {
    /// Who.
    pub people: [PersonId; 2],
    /// Why it goes the way it goes, in English.
    pub why: String,
    /// Milliseconds there and back, if known.
    pub rtt: Option<u32>,
    /// Bytes that arrived at both pages, when they last said something.
    pub bytes: u64,
}

/// One person in a room, from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonView {
    /// Who.
    pub id: PersonId,
    /// The name they gave.
    pub name: Arc<str>,
    /// Whether they are a host.
    pub host: bool,
    /// When they first sat down, in unix milliseconds.
    pub since: u64,
    /// By which socket they sit; `None`: it dropped.
    pub socket: Option<SocketId>,
}

impl Hub {
    /// Every room, in the order of their names.
    pub fn overview(&self) -> Vec<RoomView> {
        let rooms = self.rooms.iter().map(|(name, room)| RoomView {
            name: name.clone(),
            people: room.people.len(),
            away: room.people.iter().filter(|person| matches!(person.place, Place::Away { .. })).count(),
            waiting: room.door.waiting.len(),
            door: room.door.signs(),
            opened: room.opened,
            calls: room.ways.all().map(|way| call(room, way)).collect(),
        });
        let mut rooms: Vec<_> = rooms.collect();
        rooms.sort_by(|a, b| a.name.cmp(&b.name));
        rooms
    }

    /// Who is in `room`; `None`: there is no such room.
    pub fn people_of(&self, room: &str) -> Option<Vec<PersonView>> {
        let view = |person: &Person| PersonView {
            id: person.id.clone(),
            name: person.name.clone(),
            host: person.host,
            since: person.since,
            socket: person.socket(),
        };
        Some(self.rooms.get(room)?.people.iter().map(view).collect())
    }

    /// Sends everybody out of a room and away from its door, with which it ends.
    pub(super) fn close_room(&mut self, name: &RoomName, step: &mut Step) {
        let Some(room) = self.rooms.get(name) else { return };
        let waiting: Vec<PersonId> = room.door.waiting.iter().map(|waiting| waiting.arrival.id.clone()).collect();
        let people: Vec<PersonId> = room.people.iter().map(|person| person.id.clone()).collect();
        // Neither can fail: they were just found there.
        waiting.iter().for_each(|id| drop(self.decline(name, id, step)));
        people.iter().for_each(|id| drop(self.send_out(name, id, step)));
    }
}

fn call(room: &Room, way: &Way) -> CallView {
    let name = |id: &PersonId| room.find(id).map_or_else(|| id.to_string(), |person| person.name.to_string());
    CallView { people: way.people.clone(), why: way.why.sentence(name), rtt: way.rtt(), bytes: way.bytes() }
}
