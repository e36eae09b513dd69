//! All rooms of a hub, found by their names, or by a number that whoever sits there remembers: that spares each message the reading of
//! two names.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use super::message::PersonId;
use super::name::RoomName;
use super::room::Room;

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    numbers: HashMap<RoomName, RoomNumber>,
    rooms: HashMap<RoomNumber, Room>,
    last: u64,
}

/// One room from its beginning to its end; never used twice in the life of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct RoomNumber(u64);

/// Where somebody sits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chair {
    pub(super) room: RoomName,
    pub(super) number: RoomNumber,
    pub(super) id: PersonId,
}

impl Rooms {
    pub(super) fn len(&self) -> usize {
        self.rooms.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&RoomName, &Room)> {
        self.numbers.iter().map(|(name, number)| (name, &self.rooms[number]))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Room> {
        self.rooms.values()
    }

    pub(super) fn number<N>(&self, name: &N) -> Option<RoomNumber>
    where
        RoomName: Borrow<N>,
        N: Hash + Eq + ?Sized,
    {
        self.numbers.get(name).copied()
    }

    pub(super) fn contains_key(&self, name: &RoomName) -> bool {
        self.numbers.contains_key(name)
    }

    pub(super) fn get<N>(&self, name: &N) -> Option<&Room>
    where
        RoomName: Borrow<N>,
        N: Hash + Eq + ?Sized,
    {
        self.rooms.get(&self.number(name)?)
    }

    pub(super) fn get_mut(&mut self, name: &RoomName) -> Option<&mut Room> {
        self.rooms.get_mut(&self.number(name)?)
    }

    /// The room of somebody who sits there.
    pub(super) fn of_mut(&mut self, number: RoomNumber) -> Option<&mut Room> {
        self.rooms.get_mut(&number)
    }

    /// The room `name`, made by `new` if there is none.
    pub(super) fn get_or_make(&mut self, name: &RoomName, new: impl FnOnce() -> Room) -> &mut Room {
        let number = self.number_for(name);
        self.rooms.entry(number).or_insert_with(new)
    }

    /// Puts a room there; the one that was there.
    pub(super) fn insert(&mut self, name: &RoomName, room: Room) -> Option<Room> {
        let number = self.number_for(name);
        self.rooms.insert(number, room)
    }

    pub(super) fn remove(&mut self, name: &RoomName) -> Option<Room> {
        self.rooms.remove(&self.numbers.remove(name)?)
    }

    fn number_for(&mut self, name: &RoomName) -> RoomNumber {
        *self.numbers.entry(name.clone()).or_insert_with(|| {
            self.last += 1;
            RoomNumber(self.last)
        })
    }
}
