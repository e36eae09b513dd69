//! A room's door: whether somebody new may come in, has to knock, or stays out. Who has a seat is not asked here.

use std::collections::VecDeque;

use aws_lc_rs::{constant_time, digest};
use serde::{Deserialize, Serialize};

use super::arrival::Arrival;
use super::message::{DoorChange, DoorSigns, Knock, Network, PersonId, SocketId};
use super::refusal::Refusal;
use crate::pass::Secret;

/// The door of one room. It goes with the room: an empty room's next door is a new one.
#[derive(Debug, Default)]
pub(super) struct Door {
    locked: bool,
    lobby: bool,
    /// Only a digest, so that a picture of our memory tells nobody what people use elsewhere too.
    password: Option<[u8; 32]>,
    /// Who was sent out: they come in again only by knocking. The oldest give way.
    barred: VecDeque<Barred>,
    /// Who knocks, in the order they came.
    pub(super) waiting: Vec<Waiting>,
}

/// What outlives the node that kept a room: everything but who waits, who knocks again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoorState {
    locked: bool,
    lobby: bool,
    password: Option<[u8; 32]>,
    barred: Vec<Barred>,
}

/// Somebody who knocked.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) socket: SocketId,
    pub(super) arrival: Arrival,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Barred {
    id: PersonId,
    /// A new seat is one reload away, so the network counts too: its other people have to knock as well.
    network: Network,
}

/// What the door says to somebody.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Come in.
    Open,
    /// Knock, and wait for a host.
    Knock,
    /// Stay out.
    Shut(Refusal),
}

/// A host's screen has room for about as many; a stranger's patience costs memory.
const MOST_WAITING: usize = 16;

/// From one network: the other places are for people from elsewhere, whoever knocks how often.
const MOST_WAITING_OF_ONE: usize = 8;

/// A host who sends out more people than this locks the room.
const MOST_BARRED: usize = 64;

impl Door {
    /// The door of a new room.
    pub(super) fn new(lobby: bool) -> Door {
        Door { lobby, ..Door::default() }
    }

    /// A door as another node left it.
    pub(super) fn again(DoorState { locked, lobby, password, barred }: DoorState) -> Door {
        Door { locked, lobby, password, barred: barred.into(), waiting: Vec::new() }
    }

    /// What another node needs to go on.
    pub(super) fn state(&self) -> DoorState {
        let Door { locked, lobby, password, barred, .. } = self;
        DoorState { locked: *locked, lobby: *lobby, password: *password, barred: barred.iter().cloned().collect() }
    }

    /// Forgets what the last people of the room decided; who waits goes on waiting.
    pub(super) fn renew(&mut self, lobby: bool) {
        *self = Door { waiting: std::mem::take(&mut self.waiting), ..Door::new(lobby) };
    }

    /// What everybody may know of it.
    pub(super) fn signs(&self) -> DoorSigns {
        DoorSigns { locked: self.locked, lobby: self.lobby, password: self.password.is_some() }
    }

    /// What it says to `arrival`, who has no seat in the room. Who sat here before comes in as before: a restarted
    /// server must not send a call's people into the lobby.
    pub(super) fn ask(&self, arrival: &Arrival) -> Verdict {
        if self.barred.iter().any(|barred| barred.id == arrival.id || barred.network == arrival.network) {
            return self.knock(arrival);
        }
        if arrival.host || arrival.returns {
            return Verdict::Open;
        }
        match (&self.password, &arrival.password) {
            _ if self.locked => Verdict::Shut(Refusal::Locked),
            (Some(_), None) => Verdict::Shut(Refusal::PasswordNeeded),
            (Some(password), Some(given)) if !is_same(password, given) => Verdict::Shut(Refusal::PasswordWrong),
            _ if self.lobby => self.knock(arrival),
            _ => Verdict::Open,
        }
    }

    /// Makes it different.
    pub(super) fn change(&mut self, change: DoorChange) {
        self.locked = change.locked.unwrap_or(self.locked);
        self.lobby = change.lobby.unwrap_or(self.lobby);
        if let Some(password) = change.password {
            self.password = (!password.expose().is_empty()).then(|| digest_of(&password));
        }
    }

    /// Keeps somebody out who was in.
    pub(super) fn bar(&mut self, id: PersonId, network: Network) {
        if self.barred.len() == MOST_BARRED {
            self.barred.pop_front();
        }
        self.barred.push_back(Barred { id, network });
    }

    /// Takes somebody out of the queue, to be let in or sent away.
    pub(super) fn take(&mut self, id: &PersonId) -> Option<Waiting> {
        let index = self.waiting.iter().position(|waiting| waiting.arrival.id == *id)?;
        Some(self.waiting.remove(index))
    }

    /// By which socket this person knocks.
    pub(super) fn knocks_by(&self, id: &PersonId) -> Option<SocketId> {
        self.waiting.iter().find(|waiting| waiting.arrival.id == *id).map(|waiting| waiting.socket)
    }

    /// Lets `arrival` and their network come in again as everybody else.
    pub(super) fn pardon(&mut self, arrival: &Arrival) {
        self.barred.retain(|barred| barred.id != arrival.id && barred.network != arrival.network);
    }

    /// Who knocks, for hosts.
    pub(super) fn knocks(&self) -> Vec<Knock> {
        self.waiting.iter().map(|waiting| waiting.arrival.knock()).collect()
    }

    fn knock(&self, arrival: &Arrival) -> Verdict {
        let is_neighbour = |waiting: &&Waiting| waiting.arrival.counted && waiting.arrival.network == arrival.network;
        let neighbours = self.waiting.iter().filter(is_neighbour).count();
        let full = self.waiting.len() >= MOST_WAITING || (arrival.counted && neighbours >= MOST_WAITING_OF_ONE);
        if full { Verdict::Shut(Refusal::LobbyFull) } else { Verdict::Knock }
    }
}

fn is_same(password: &[u8; 32], given: &Secret) -> bool {
    constant_time::verify_slices_are_equal(password, &digest_of(given)).is_ok()
}

fn digest_of(password: &Secret) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, password.expose().as_bytes()).as_ref());
    bytes
}
