//! What has happened at the switchboard since the start, counted for whoever runs the server: never who, never where.

use std::collections::BTreeMap;
use std::time::Duration;

use super::journal::Note;
use crate::clock::Now;

/// How things stand, and what has happened.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Rooms that there are.
    pub rooms: usize,
    /// Seats taken.
    pub people: usize,
    /// Of these, those whose socket dropped.
    pub away: usize,
    /// People who knock.
    pub waiting: usize,
    /// WebSockets that are open.
    pub sockets: usize,
    /// WebSockets opened since the start.
    pub sockets_opened: u64,
    /// What has happened since the start.
    pub tally: Tally,
}

/// Counts since the start.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// People who sat down.
    pub joined: u64,
    /// People who are gone for good.
    pub left: u64,
    /// What pages were refused, by the word they decide by. As many as there are such words.
    pub refused: BTreeMap<&'static str, Refused>,
}

/// One kind of refusal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// How often.
    pub times: u64,
    /// When last, in unix time.
    pub last: Duration,
}

impl Tally {
    pub(super) fn count(&mut self, note: &Note, now: Now) {
        match note {
            Note::Joined { .. } => self.joined += 1,
            Note::Left(_) => self.left += 1,
            Note::Refused(code) => {
                let refused = self.refused.entry(code).or_default();
                *refused = Refused { times: refused.times + 1, last: now.unix };
            }
        }
    }
}
