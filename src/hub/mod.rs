//! Who is in which room, and who may say what to whom. Pure: events and a [`Now`](crate::clock::Now) in, effects out;
//! it never awaits, never reads a clock or the dice, and knows neither sockets nor JSON. Sound and picture never pass
//! here: pages send them to each other or through the relay.

use std::time::Duration;

/// The limits a hub keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Seats in a room, counting those kept for people whose socket dropped. At least 1; a mesh call is good up to 8.
    pub max_people: usize,
    /// Rooms at the same time; a join that would open one more is refused with `too-many-rooms`.
    pub max_rooms: usize,
    /// How long a seat is kept for a person whose socket dropped.
    pub grace: Duration,
    /// What a socket may say, in units per second over time: a message costs 1 unit, and 1 more for each full KiB.
    pub rate: u32,
    /// What a socket may say at once, in the same units.
    pub burst: u32,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            max_people: 8,
            max_rooms: 1000,
            // Longer than a laptop takes to change from Wi-Fi to a phone's hotspot, shorter than a host's patience.
            grace: Duration::from_secs(45),
            // A page that meets seven others at once sends seven descriptions of some 8 KiB and about thirty candidates
            // for each: 280 units in two seconds. Twice that is allowed at once.
            rate: 60,
            burst: 600,
        }
    }
}
