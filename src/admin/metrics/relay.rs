//! What the relay does, for each of its workers and for all TCP and TLS clients together.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use tokio::sync::watch;

use super::sheet::Sheet;
use crate::admin::Budget;
use crate::relay::{Counts, Streams};

#[derive(Debug)]
pub(super) struct Relay {
    pub(super) streams: Option<Streams>,
    pub(super) budget: Option<watch::Receiver<Budget>>,
}

impl Collector for Relay {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut sheet = Sheet(encoder);
        let Some(streams) = &self.streams else { return Ok(()) };
        let counts = named(streams.counts_apart());
        let each = |part: fn(&Counts) -> u64| counts.iter().map(move |(worker, counts)| (worker, part(counts)));
        let alive = each(|counts| counts.allocations_opened.saturating_sub(counts.allocations_closed));
        let alive = alive.map(|(worker, value)| ([("worker", worker)], value));
        sheet.gauges("relay_allocations", "Relayed connections (allocations) that live", alive)?;
        for (name, help, part) in COUNTERS {
            let rows = each(part).map(|(worker, value)| ([("worker", worker)], value));
            sheet.counters(name, help, rows)?;
        }
        let both_ways = |to_peers: fn(&Counts) -> u64, to_clients: fn(&Counts) -> u64| {
            counts.iter().flat_map(move |(worker, counts)| {
                let labels = |direction| [("worker", worker.as_str()), ("direction", direction)];
                [(labels("to_peers"), to_peers(counts)), (labels("to_clients"), to_clients(counts))]
            })
        };
        let packets = both_ways(|counts| counts.packets_to_peers, |counts| counts.packets_to_clients);
        sheet.counters("relay_packets", "Packets relayed, by where they went", packets)?;
        let bytes = both_ways(|counts| counts.bytes_to_peers, |counts| counts.bytes_to_clients);
        sheet.counters("relay_bytes", "Bytes of payload relayed, by where they went", bytes)?;
        // A label's value is a text.
        let refused = streams.refused().map(|(code, times)| ([("code", code.to_string())], times));
        sheet.counters("relay_refusals", "STUN and TURN requests that were refused, by error code", refused)?;
        self.encode_budget(&mut sheet)
    }
}

impl Relay {
    fn encode_budget(&self, sheet: &mut Sheet<'_>) -> fmt::Result {
        let Some(budget) = &self.budget else { return Ok(()) };
        let Budget { limit, used, .. } = *budget.borrow();
        sheet.gauge("relay_budget_limit_bytes", "Bytes that the relay may send in a calendar month", limit)?;
        sheet.gauge("relay_budget_used_bytes", "Bytes that the relay has sent in this calendar month", used)
    }
}

type Counter = (&'static str, &'static str, fn(&Counts) -> u64);

const COUNTERS: [Counter; 7] = [
    ("relay_allocations_opened", "Relayed connections that were made", |counts| counts.allocations_opened),
    ("relay_allocations_closed", "Relayed connections that ended", |counts| counts.allocations_closed),
    ("relay_hairpinned_packets", "Packets that went from one client to another inside the process", |counts| {
        counts.packets_hairpinned
    }),
    ("relay_hairpinned_bytes", "Bytes of payload that did", |counts| counts.bytes_hairpinned),
    ("relay_dropped_packets", "Packets given up: no permission, a full queue, a rate used up", |counts| {
        counts.packets_dropped
    }),
    ("relay_over_rate_packets", "Of these, packets beyond a bit rate", |counts| counts.packets_over_rate),
    ("relay_replies", "STUN and TURN requests that were answered", |counts| counts.replies),
];

/// The last one is all streams'.
fn named(counts: Vec<Counts>) -> Vec<(String, Counts)> {
    let last = counts.len().saturating_sub(1);
    let name = |at: usize| if at == last { "streams".to_owned() } else { at.to_string() };
    counts.into_iter().enumerate().map(|(at, counts)| (name(at), counts)).collect()
}
