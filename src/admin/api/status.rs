//! The whole at a glance, for the dashboard: health, figures, and what was refused lately.

use serde::Serialize;

use crate::admin::Parts;
use crate::admin::health::{Health, look};
use crate::clock::Now;
use crate::http::Refused;
use crate::relay::Counts;

#[derive(Debug, Serialize)]
pub(in crate::admin) struct Status {
    version: &'static str,
    /// Unix milliseconds, as all times here.
    now: u64,
    link: String,
    health: Health,
    rooms: usize,
    people: usize,
    connections: usize,
    relay: Option<Relay>,
    refusals: Vec<Refusal>,
}

/// What the relay has done since the start.
#[derive(Debug, Serialize)]
struct Relay {
    allocations: u64,
    bytes_to_peers: u64,
    bytes_to_clients: u64,
    packets_dropped: u64,
}

#[derive(Debug, Serialize)]
struct Refusal {
    code: &'static str,
    times: u64,
    last: u64,
}

/// As things stand.
pub(in crate::admin) fn status(parts: &Parts) -> Status {
    let figures = parts.site.figures();
    let refusals = figures.tally.refused.into_iter().map(|(code, Refused { times, last })| Refusal {
        code,
        times,
        last: milliseconds(last),
    });
    Status {
        version: env!("CARGO_PKG_VERSION"),
        now: milliseconds(Now::read().unix),
        link: parts.link.borrow().clone(),
        health: look(parts),
        rooms: figures.rooms,
        people: figures.people,
        connections: parts.gate.open(),
        relay: parts.relay.as_ref().map(|relay| Relay::from(relay.counts())),
        refusals: refusals.collect(),
    }
}

fn milliseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl From<Counts> for Relay {
    fn from(counts: Counts) -> Relay {
        Relay {
            allocations: counts.allocations_opened.saturating_sub(counts.allocations_closed),
            bytes_to_peers: counts.bytes_to_peers,
            bytes_to_clients: counts.bytes_to_clients,
            packets_dropped: counts.packets_dropped,
        }
    }
}
