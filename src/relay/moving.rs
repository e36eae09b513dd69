//! Sessions that move to a new 5-tuple (RFC 8016): found by their tickets wherever they live, and carried with their
//! sockets from one worker or stream to another. Whether one may move is decided by [`crate::turn`], where it lives.
//!
//! The new home sends a [`Summons`], which may be lost: the client asks again. The old home answers with an [`Arrival`],
//! which must not be: it may hold the session itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::opener::Relayed;
use super::relayed::Home;
use super::shared::Shared;
use super::socket::Way;
use super::stream::StreamInbox;
use crate::turn::{Client, Session, Ticket};

/// Where the session of each ticket lives. Locked when a ticket is issued, used or ended; never on the way of a packet.
#[derive(Debug, Default)]
pub(super) struct Tickets(Mutex<HashMap<Ticket, Home>>);

impl Tickets {
    /// From now on `ticket` leads to `home`.
    pub(super) fn issue(self: &Arc<Self>, ticket: Ticket, home: Home) -> Issued {
        self.lock().insert(ticket, home);
        Issued { tickets: self.clone(), ticket }
    }

    /// Where the session of `ticket` lives, if it leads anywhere.
    pub(super) fn home(&self, ticket: &Ticket) -> Option<Home> {
        self.lock().get(ticket).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Ticket, Home>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A ticket that leads somewhere until this is dropped.
#[derive(Debug)]
pub(super) struct Issued {
    tickets: Arc<Tickets>,
    ticket: Ticket,
}

impl Drop for Issued {
    fn drop(&mut self) {
        self.tickets.lock().remove(&self.ticket);
    }
}

/// A client with a ticket asks that its session comes to where it is itself.
#[derive(Debug)]
pub(super) struct Summons {
    /// Its new 5-tuple.
    pub(super) client: Client,
    /// The Refresh, for the session to check.
    pub(super) request: Box<[u8]>,
    /// Where the client is.
    pub(super) back: Back,
}

/// The way back to a client that asks.
#[derive(Clone, Debug)]
pub(super) enum Back {
    /// It wrote to a UDP worker.
    Worker {
        /// Which one.
        worker: usize,
        /// How that one reaches the client.
        way: Way,
    },
    /// It is at the other end of a stream.
    Stream(Arc<StreamInbox>),
}

/// What comes of a [`Summons`].
#[derive(Debug)]
pub(super) struct Arrival {
    /// The 5-tuple that asked.
    pub(super) client: Client,
    /// As in [`Back::Worker`]; a stream has only one way.
    pub(super) way: Option<Way>,
    /// What the client is told.
    pub(super) reply: Vec<u8>,
    /// The session, if it has moved.
    pub(super) moved: Option<Moved>,
}

/// A session on its way, with all that belongs to it.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) session: Session,
    /// Its relayed transport addresses, IPv4 first.
    pub(super) relayed: [Option<Relayed>; 2],
    /// The ticket it came by leads to its old home until it has arrived, where a repeated request is then dropped: the
    /// next one finds the session here.
    pub(super) issued: Option<Issued>,
}

/// Sends a summons to the session at `home`; `false` if it can be nowhere else or got lost.
pub(super) fn summon(shared: &Shared, home: &Home, summons: Summons) -> bool {
    match home {
        Home::Worker { worker, session } => shared.mailboxes[*worker].summon(*session, summons),
        Home::Stream(inbox) => inbox.summon(summons),
        Home::Kept => false,
    }
}

impl Summons {
    /// Answers. A session whose new home is gone meanwhile ends here: returns how many did.
    pub(super) fn answer(self, shared: &Shared, reply: Vec<u8>, moved: Option<Moved>) -> u64 {
        let arrival = |way| Arrival { client: self.client, way, reply, moved };
        let answered = match self.back {
            Back::Worker { worker, way } => shared.mailboxes[worker].arrive(arrival(Some(way))),
            Back::Stream(inbox) => inbox.arrive(arrival(None)),
        };
        answered.map_or_else(|lost| u64::from(lost.moved.is_some()), |()| 0)
    }
}

impl Moved {
    /// Tells everybody where the session lives from now on, and under which ticket.
    pub(super) fn settle(&mut self, shared: &Shared, home: &Home) {
        self.relayed.iter().flatten().for_each(|relayed| relayed.lease.move_in(home.clone()));
        self.issued = self.session.ticket().map(|ticket| shared.tickets.issue(ticket, home.clone()));
    }
}
