//! Whom hosts sent out of which room, so that their seats open no door any more, also when the room has ended and is opened
//! anew. Bounded for each room and in all, and nobody is forgotten for that: where a list is full, whoever sat down first gives
//! way to a time, and no seat from then or before opens a door. That costs others a knock; a ban that is lost would cost more.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::arrival::SEAT_OPENS_FOR;
use super::message::PersonId;
use super::name::RoomName;
use crate::clock::Now;
use crate::pass::Seat;

/// A host who sends out more people than this in a day locks the room.
const MOST_IN_A_ROOM: usize = 32;

/// Rooms with somebody on their list: all lists together take some megabytes at most.
const MOST_ROOMS: usize = 4096;

/// Of all rooms.
#[derive(Debug, Default)]
pub(super) struct Bans {
    rooms: HashMap<RoomName, RoomBans>,
    /// For every room, as in [`RoomBans`].
    before: u64,
}

/// Of one room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomBans {
    /// When they first sat down, in unix milliseconds, and who they are.
    people: BTreeSet<(u64, PersonId)>,
    /// No seat from then or before opens a door.
    before: u64,
}

impl Bans {
    /// Sends out of `room` who is on this list, too; all that is known of the room then.
    pub(super) fn add(&mut self, room: &RoomName, more: RoomBans) -> RoomBans {
        let bans = self.rooms.entry(room.clone()).or_default();
        bans.add(more);
        let all = bans.clone();
        if self.rooms.len() > MOST_ROOMS {
            self.shorten();
        }
        all
    }

    /// Whether whoever has this seat in `room` was sent out, or may have been.
    pub(super) fn hold(&self, room: &RoomName, seat: &Seat) -> bool {
        seat.since <= self.before || self.rooms.get(room).is_some_and(|bans| bans.hold(seat))
    }

    /// Forgets those whose seats are too old to open a door anyway.
    pub(super) fn tidy(&mut self, now: Now) {
        let too_old = u64::try_from(now.unix.saturating_sub(SEAT_OPENS_FOR).as_millis()).unwrap_or(0);
        self.rooms.retain(|_, bans| bans.latest() > too_old);
    }

    /// The room whose people sat down longest ago gives way to a time for every room.
    fn shorten(&mut self) {
        let oldest = self.rooms.iter().min_by_key(|(_, bans)| bans.latest()).map(|(room, _)| room.clone());
        if let Some(bans) = oldest.and_then(|room| self.rooms.remove(&room)) {
            self.before = self.before.max(bans.latest());
        }
    }
}

impl RoomBans {
    /// Of this person alone, who first sat down at `since`, in unix milliseconds.
    pub fn of(person: PersonId, since: u64) -> RoomBans {
        RoomBans { people: BTreeSet::from([(since, person)]), before: 0 }
    }

    fn add(&mut self, more: RoomBans) {
        self.people.extend(more.people);
        self.before = self.before.max(more.before);
        while self.people.len() > MOST_IN_A_ROOM
            && let Some((since, _)) = self.people.pop_first()
        {
            self.before = self.before.max(since);
        }
    }

    fn hold(&self, seat: &Seat) -> bool {
        seat.since <= self.before || self.people.contains(&(seat.since, PersonId(seat.id.as_str().into())))
    }

    /// When the last of them first sat down.
    fn latest(&self) -> u64 {
        self.people.last().map_or(0, |(since, _)| *since).max(self.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(name: &str) -> RoomName {
        RoomName::new(name).unwrap()
    }

    fn seat(id: &str, since: u64) -> Seat {
        Seat { id: id.into(), since, host: false }
    }

    /// People who sat down after `from` and were sent out one by one.
    fn send_out(bans: &mut Bans, name: &str, from: u64, count: usize) {
        for since in (from + 1..).take(count) {
            bans.add(&room(name), RoomBans::of(PersonId(format!("{name} {since}").into()), since));
        }
    }

    #[test]
    fn a_host_who_sends_out_a_thousand_people_brings_back_none_of_them_nor_anybody_elses() {
        let mut bans = Bans::default();
        bans.add(&room("kitchen"), RoomBans::of(PersonId("mallory".into()), 10));
        send_out(&mut bans, "cellar", 100, 1000);
        assert!(bans.hold(&room("kitchen"), &seat("mallory", 10)));
        assert!(
            !bans.hold(&room("kitchen"), &seat("alice", 9)),
            "and nobody else of that room is taken for one of them"
        );
        let held = (101..1101).filter(|since| bans.hold(&room("cellar"), &seat(&format!("cellar {since}"), *since)));
        assert_eq!(held.count(), 1000);
        assert!(!bans.hold(&room("cellar"), &seat("bob", 1101)), "who came later");
        assert!(bans.rooms[&room("cellar")].people.len() <= MOST_IN_A_ROOM);
    }

    #[test]
    fn a_stranger_who_sends_people_out_of_very_many_rooms_makes_no_ban_forgotten() {
        let mut bans = Bans::default();
        bans.add(&room("kitchen"), RoomBans::of(PersonId("mallory".into()), 10));
        for number in 0..MOST_ROOMS as u64 + 50 {
            send_out(&mut bans, &format!("room {number}"), 100 + number, 1);
        }
        assert!(bans.hold(&room("kitchen"), &seat("mallory", 10)));
        assert!(!bans.hold(&room("kitchen"), &seat("alice", 1_000_000)), "whoever sat down lately finds the door open");
        assert_eq!(bans.rooms.len(), MOST_ROOMS);
    }

    #[test]
    fn lists_from_two_nodes_become_one() {
        let mut bans = Bans::default();
        let [mallory, eve] = ["mallory", "eve"].map(|id| RoomBans::of(PersonId(id.into()), 10));
        bans.add(&room("kitchen"), mallory);
        let all = bans.add(&room("kitchen"), eve);
        assert!(all.hold(&seat("mallory", 10)) && all.hold(&seat("eve", 10)));
        assert!(!all.hold(&seat("alice", 10)));
    }
}
