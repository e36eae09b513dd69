//! A socket of this node, and where the person behind it is: what is needed to bring them back wherever their room is kept
//! next.

use crate::hub::{Join, Message, Network, PersonId, Request, RoomName};

use super::NodeId;

/// A socket that is connected here.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) network: Network,
    pub(super) counted: bool,
    pub(super) stay: Option<Stay>,
}

/// Somebody who is in a room, or on the way there.
#[derive(Debug)]
pub(super) struct Stay {
    pub(super) room: RoomName,
    /// What brings them in again; with the newest token, once they had one.
    pub(super) join: Join,
    /// Who they are, once they sit.
    pub(super) you: Option<PersonId>,
    pub(super) at: At,
    /// The last time they went to another node: what it says to an earlier time comes too late, and would be taken for an answer.
    pub(super) visit: u64,
    /// How often whoever was said to keep the room did not, in a row.
    pub(super) in_vain: u8,
}

/// Who keeps the room.
#[derive(Debug)]
pub(super) enum At {
    /// The store is asked; what the page says meanwhile waits.
    Asking(Vec<Request>),
    /// This node.
    Here,
    /// Another one.
    There(NodeId),
}

/// A page says next to nothing before it is in; one that comes back goes on where it was, but the store may be away for hours.
const MOST_WAITING: usize = 64;
const MOST_WAITING_BYTES: usize = 64 << 10;

/// Then somebody is moving the room to and fro, and the page tries again later.
pub(super) const MOST_IN_VAIN: u8 = 8;

/// Whether one more of them may wait for the store's answer.
pub(super) fn may_wait(request: &Request, waiting: &[Request]) -> bool {
    let bytes: usize = waiting.iter().chain([request]).map(Request::text_length).sum();
    waiting.len() < MOST_WAITING && bytes <= MOST_WAITING_BYTES
}

impl Stay {
    pub(super) fn new(room: RoomName, join: Join) -> Stay {
        Stay { room, join, you: None, at: At::Asking(Vec::new()), visit: 0, in_vain: 0 }
    }

    /// What the hub that keeps the room says to them; `false`: they are there no longer.
    pub(super) fn hears(&mut self, message: &Message) -> bool {
        match message {
            Message::Joined(joined) => {
                self.you = Some(joined.you.clone());
                self.join.seat = Some(joined.seat.clone());
                self.in_vain = 0;
            }
            Message::Role { seat, .. } => self.join.seat = Some(seat.clone()),
            Message::Waiting(_) => self.in_vain = 0,
            Message::Left(_) => return false,
            Message::Full { .. } | Message::Error(_) => return self.you.is_some(),
            _ => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_says_while_the_store_is_away_is_bounded_in_bytes_too() {
        let signal = |bytes| Request::Signal { to: PersonId("a".into()), payload: "x".repeat(bytes).into() };
        assert!(may_wait(&signal(60 << 10), &[]) && !may_wait(&signal(60 << 10), &[signal(60 << 10)]));
        assert!(may_wait(&Request::Leave, &[signal(60 << 10)]));
        assert!(!may_wait(&Request::Leave, &vec![Request::IceRefresh; MOST_WAITING]));
    }
}
