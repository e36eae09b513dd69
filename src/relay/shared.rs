//! What all workers and streams see: rules, openings, mailboxes, counters. Read-only after the start, or atomic.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio_util::sync::CancellationToken;

use super::counters::{Counters, Counts};
use super::hairpin::Mailbox;
use super::moving::Tickets;
use super::opener::Opener;
use super::orders::{Order, Orders};
use super::socket::Paths;
use super::stream::{Owners, PeerConnections};
use crate::turn::Rules;

/// See the module's text.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) rules: Rules,
    pub(super) opener: Opener,
    /// TCP connections to peers, on their way from one stream to another.
    pub(super) connections: PeerConnections,
    /// Sessions that may move.
    pub(super) tickets: Arc<Tickets>,
    /// How packets are sent.
    pub(super) paths: Paths,
    /// One per UDP worker, by index.
    pub(super) mailboxes: Vec<Mailbox>,
    /// One per UDP worker, by index.
    pub(super) orders: Vec<Orders>,
    /// Whose allocations live in streams.
    pub(super) owners: Owners,
    /// One per UDP worker, and the last one for all streams.
    pub(super) counters: Vec<Counters>,
    /// Every worker is to end at its next wake.
    pub(super) stopping: AtomicBool,
    /// Every stream is to end.
    pub(super) streams_end: CancellationToken,
}

impl Shared {
    /// Has every worker do this before it serves another packet.
    pub(super) fn order(&self, order: &Order) {
        for (orders, mailbox) in self.orders.iter().zip(&self.mailboxes) {
            orders.give(order.clone());
            mailbox.wake();
        }
    }

    /// Sums up all counters.
    pub(super) fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        self.counters.iter().for_each(|counters| counters.add_to(&mut sum));
        sum
    }
}
