//! The lines of a call in the log: who came and who went, by ids that nobody outside can tell people by. Rooms and names are
//! private: a room is a mark that is another one after every start.

use std::hash::{BuildHasher, RandomState};

use tracing::{debug, info};

use crate::hub::{Message, PersonId, RoomName};

/// Something to be told once the hub's lock is free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// Somebody sat down.
    Joined { person: PersonId, room: u32 },
    /// Somebody is gone for good.
    Left(PersonId),
    /// A page was refused something.
    Refused(&'static str),
}

/// What tells one room from another in the log of one process.
#[derive(Debug, Default)]
pub(super) struct Marks(RandomState);

impl Marks {
    pub(super) fn of(&self, room: &RoomName) -> u32 {
        // Half of the hash: nobody finds the name by trying, and two rooms with one mark are rare.
        self.0.hash_one(room) as u32
    }
}

impl Note {
    /// Of what a page is told, if it is a refusal.
    pub(super) fn of(message: &Message) -> Option<Note> {
        match message {
            Message::Error(refusal) => Some(Note::Refused(refusal.code())),
            Message::Full { .. } => Some(Note::Refused("full")),
            _ => None,
        }
    }

    /// Writes the line.
    pub(super) fn write(&self) {
        match self {
            Note::Joined { person, room } => info!(%person, room = format_args!("{room:08x}"), "joined"),
            Note::Left(person) => info!(%person, "left"),
            Note::Refused(code) => debug!(code, "refused"),
        }
    }
}
