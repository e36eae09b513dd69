//! One room: its people in the order they sat down, its door, and what each of them sees of the others.

use std::sync::Arc;
use std::time::Instant;

use super::door::Door;
use super::mailbox::{Mailbox, Postage};
use super::message::{Message, Network, Peer, PersonId, SocketId};
use super::step::Step;
use super::ways::Ways;

/// One room. A room where nobody sits and nobody knocks does not exist.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// When it was opened, in unix milliseconds.
    pub(super) opened: u64,
    pub(super) people: Vec<Person>,
    pub(super) door: Door,
    /// What is known of the ways between them.
    pub(super) ways: Ways,
    /// Taken over from a lost node: it stays, also empty, until its people had the time to come back.
    pub(super) expects: bool,
}

/// Somebody with a seat.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) id: PersonId,
    /// When they first sat down, in unix milliseconds; part of their seat token, so it outlives a restart.
    pub(super) since: u64,
    pub(super) name: Arc<str>,
    pub(super) instance: Arc<str>,
    pub(super) host: bool,
    pub(super) network: Network,
    pub(super) place: Place,
}

/// Whether a person can be spoken to.
#[derive(Debug)]
pub(super) enum Place {
    /// By this socket.
    Here(SocketId),
    /// The socket dropped; the seat is kept until then, and what peers say waits.
    Away { until: Instant, mailbox: Box<Mailbox> },
}

impl Person {
    /// This person as `reader` sees them.
    ///
    /// Of two people the one who sat down first makes the offers, both sides computing the same from the two seats
    /// alone: so it holds for the life of the pair, across resumed sockets and a restarted server.
    fn seen_by(&self, reader: &Person) -> Peer {
        Peer {
            id: self.id.clone(),
            name: self.name.clone(),
            instance: self.instance.clone(),
            offerer: (reader.since, &reader.id) < (self.since, &self.id),
            away: matches!(self.place, Place::Away { .. }),
            host: self.host,
        }
    }

    /// The socket they sit by, unless they are away.
    pub(super) fn socket(&self) -> Option<SocketId> {
        match self.place {
            Place::Here(socket) => Some(socket),
            Place::Away { .. } => None,
        }
    }
}

impl Room {
    pub(super) fn find(&self, id: &PersonId) -> Option<&Person> {
        self.people.iter().find(|person| person.id == *id)
    }

    pub(super) fn find_mut(&mut self, id: &PersonId) -> Option<&mut Person> {
        self.people.iter_mut().find(|person| person.id == *id)
    }

    /// Whether somebody may let others in.
    pub(super) fn has_host(&self) -> bool {
        self.people.iter().any(|person| person.host)
    }

    /// When the last of them sat down.
    pub(super) fn latest_since(&self) -> u64 {
        self.people.iter().map(|person| person.since).max().unwrap_or(0)
    }

    /// Everybody but `reader`, as `reader` sees them.
    pub(super) fn peers_of(&self, reader: &Person) -> Vec<Peer> {
        self.people.iter().filter(|person| person.id != reader.id).map(|person| person.seen_by(reader)).collect()
    }

    /// Tells everybody else who is here. People who are away learn it when they come back: `joined` is complete.
    pub(super) fn tell_others(&self, about: &PersonId, step: &mut Step, message: impl Fn() -> Message) {
        self.tell(|person| person.id != *about, step, message);
    }

    /// Tells every host who is here.
    pub(super) fn tell_hosts(&self, step: &mut Step, message: impl Fn() -> Message) {
        self.tell(|person| person.host, step, message);
    }

    /// Tells everybody who is here.
    pub(super) fn tell_all(&self, step: &mut Step, message: impl Fn() -> Message) {
        self.tell(|_| true, step, message);
    }

    fn tell(&self, whom: impl Fn(&Person) -> bool, step: &mut Step, message: impl Fn() -> Message) {
        for socket in self.people.iter().filter(|person| whom(person)).filter_map(Person::socket) {
            step.send(socket, message());
        }
    }

    /// Shows `person` to everybody else who is here, each with their own side of `offerer`.
    pub(super) fn show_to_others(&self, person: &Person, step: &mut Step, message: fn(Peer) -> Message) {
        for reader in self.people.iter().filter(|reader| reader.id != person.id) {
            if let Some(socket) = reader.socket() {
                step.send(socket, message(person.seen_by(reader)));
            }
        }
    }

    /// Takes what `from` said out of the mailboxes of those who are away.
    pub(super) fn forget_words_of(&mut self, from: &PersonId, postage: &mut Postage) {
        for person in &mut self.people {
            if let Place::Away { mailbox, .. } = &mut person.place {
                mailbox.forget(from, postage);
            }
        }
    }
}
