//! Counting without contention: a worker counts in plain numbers, adds them to its own atomics once per wake, and only
//! a scrape sums them up.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::turn::Dropped;

/// Totals since the start, read at scrape time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Allocations made.
    pub allocations_opened: u64,
    /// Allocations that ended. The difference to [`Counts::allocations_opened`] is what is alive now.
    pub allocations_closed: u64,
    /// Packets that clients sent through the relay.
    pub packets_to_peers: u64,
    /// Their payload in bytes.
    pub bytes_to_peers: u64,
    /// Packets relayed to clients.
    pub packets_to_clients: u64,
    /// Their payload in bytes.
    pub bytes_to_clients: u64,
    /// Of [`Counts::packets_to_clients`], those that went from session to session inside the process.
    pub packets_hairpinned: u64,
    /// Their payload in bytes.
    pub bytes_hairpinned: u64,
    /// Packets given up: a full queue, a full socket buffer, no such peer, no permission, a bit rate used up.
    pub packets_dropped: u64,
    /// Of [`Counts::packets_dropped`], those beyond the bit rate of their allocation or of the relay.
    pub packets_over_rate: u64,
    /// Requests answered.
    pub replies: u64,
}

const FIELDS: usize = 11;

/// What a packet has beside its payload: IPv4, UDP and ChannelData headers (20, 8 and 4 bytes). A little more over IPv6 and TLS.
const HEADERS: u64 = 32;

impl Counts {
    /// Bytes that left for clients and peers, headers included as if all went by UDP over IPv4: what a provider counts as
    /// outgoing traffic. What goes from session to session leaves once, although two sessions carry it.
    pub fn sent(&self) -> u64 {
        // A scrape adds up while workers count: for a moment more may be hairpinned than carried.
        let packets = (self.packets_to_clients + self.packets_to_peers).saturating_sub(self.packets_hairpinned);
        let payload = (self.bytes_to_clients + self.bytes_to_peers).saturating_sub(self.bytes_hairpinned);
        payload + packets * HEADERS
    }

    /// Counts what went to clients since `before` as gone from session to session.
    pub(super) fn hairpinned_since(&mut self, before: &Counts) {
        self.packets_hairpinned += self.packets_to_clients - before.packets_to_clients;
        self.bytes_hairpinned += self.bytes_to_clients - before.bytes_to_clients;
    }

    /// Counts a packet that the core gave up.
    pub(super) fn drop(&mut self, why: Dropped) {
        self.packets_dropped += 1;
        self.packets_over_rate += u64::from(why == Dropped::OverRate);
    }
}

/// One place where [`Counts`] are added up; one per worker, one for all streams.
#[derive(Debug, Default)]
pub(super) struct Counters {
    cells: [AtomicU64; FIELDS],
}

impl Counters {
    /// Adds `counts` and sets them back to zero.
    pub(super) fn take(&self, counts: &mut Counts) {
        for (cell, count) in self.cells.iter().zip(fields(&mut std::mem::take(counts))) {
            if *count > 0 {
                cell.fetch_add(*count, Relaxed);
            }
        }
    }

    /// What is here.
    pub(super) fn read(&self) -> Counts {
        let mut counts = Counts::default();
        self.add_to(&mut counts);
        counts
    }

    /// Adds what is here to `sum`.
    pub(super) fn add_to(&self, sum: &mut Counts) {
        for (cell, total) in self.cells.iter().zip(fields(sum)) {
            *total += cell.load(Relaxed);
        }
    }
}

fn fields(counts: &mut Counts) -> [&mut u64; FIELDS] {
    let Counts {
        allocations_opened,
        allocations_closed,
        packets_to_peers,
        bytes_to_peers,
        packets_to_clients,
        bytes_to_clients,
        packets_hairpinned,
        bytes_hairpinned,
        packets_dropped,
        packets_over_rate,
        replies,
    } = counts;
    [
        allocations_opened,
        allocations_closed,
        packets_to_peers,
        bytes_to_peers,
        packets_to_clients,
        bytes_to_clients,
        packets_hairpinned,
        bytes_hairpinned,
        packets_dropped,
        packets_over_rate,
        replies,
    ]
}
