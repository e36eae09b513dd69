//! Conversations with a whole relay, its workers and its sockets, that no other client here can hold.

mod client;
mod connections;
mod datagrams;
mod discovery;
mod errors;
mod faults;
mod moving;
mod overview;
mod revoking;
mod steering;

use std::net::Ipv4Addr;
use std::num::NonZeroUsize;
use std::time::Duration;

use super::{Options, Ports, Relay, Running};
use crate::pass::{Secret, TurnPasses};

/// Nothing on loopback takes this long; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a client sends to have its worker or its stream panic, as a mistake of ours might.
const BOMB: &[u8; 4] = b"boom";

/// Called for every message of a client.
pub(super) fn explode(bytes: &[u8]) {
    assert!(!bytes.ends_with(BOMB), "a test wants a panic here");
}

/// A relay on loopback for alice, bob, and credentials made out to a guest, at work.
fn relay(ports: Ports) -> Running {
    bound(ports).serve()
}

/// The same before it works.
fn bound(ports: Ports) -> Relay {
    bound_with(ports, |_| {})
}

/// The same with further options.
fn bound_with(ports: Ports, adjust: impl FnOnce(&mut Options)) -> Relay {
    let users = ["alice", "bob", "1:guest"].map(|name| (name.to_owned(), Secret::new(format!("{name}'s password"))));
    let mut rules =
        crate::turn::Options::new(client::REALM, [7; 32], TurnPasses::new(vec![Secret::new("north")], users.into()));
    rules.peers.allowed = vec!["127.0.0.0/8".parse().expect("a network")];
    let mut options = Options::new(rules);
    options.listen = vec![(Ipv4Addr::LOCALHOST, 0).into()];
    options.workers = Some(NonZeroUsize::MIN);
    options.ports = ports;
    adjust(&mut options);
    Relay::bind(options).expect("loopback has free ports")
}
