//! What whoever runs the server may see of the relaying: each allocation from outside, and what was refused. Never payload,
//! never whom a client talks to.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::options::{Client, RelayKind};
use super::refusal::Refusal;
use super::session::Session;
use crate::clock::Now;
use crate::pass;

/// One allocation, from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllocationView {
    /// Whom its credentials were made out to, or the static user's name.
    pub user: String,
    /// Whether that is a static user.
    pub is_static: bool,
    /// The client's 5-tuple.
    pub client: Client,
    /// What was allocated.
    pub kind: RelayKind,
    /// Whether it has an IPv4 address.
    pub v4: bool,
    /// Whether it has an IPv6 address.
    pub v6: bool,
    /// Bytes of payload that the client sent to peers.
    pub bytes_to_peers: u64,
    /// Bytes of payload that peers sent to the client.
    pub bytes_to_client: u64,
    /// Peers' addresses that it may talk to now.
    pub permissions: usize,
    /// How long it lives unless it is refreshed.
    pub left: Duration,
}

impl Session {
    /// The allocation, if there is one.
    pub fn overview(&self, now: Now) -> Option<AllocationView> {
        let allocation = self.allocation()?;
        let (username, granted) = (allocation.username(), &allocation.granted);
        let holder = pass::holder(username);
        Some(AllocationView {
            user: holder.unwrap_or(username).to_owned(),
            is_static: holder.is_none(),
            client: self.client,
            kind: granted.kind,
            v4: granted.v4.is_some(),
            v6: granted.v6.is_some(),
            bytes_to_peers: allocation.carried.to_peers,
            bytes_to_client: allocation.carried.to_client,
            permissions: allocation.live_permissions(now),
            left: allocation.expires.saturating_duration_since(now.monotonic),
        })
    }
}

/// Bytes of payload that one allocation has carried.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Carried {
    pub(super) to_peers: u64,
    pub(super) to_client: u64,
}

/// How often requests were refused, by error code.
#[derive(Debug, Default)]
pub(super) struct Refused([AtomicU64; CODES.len()]);

/// Every code that [`Refusal::code`] has.
const CODES: [u16; 15] = [400, 401, 403, 405, 420, 437, 438, 440, 441, 442, 443, 446, 447, 486, 508];

impl Refused {
    pub(super) fn count(&self, refusal: &Refusal) {
        if let Ok(at) = CODES.binary_search(&refusal.code()) {
            self.0[at].fetch_add(1, Relaxed);
        }
    }

    pub(super) fn read(&self) -> [(u16, u64); CODES.len()] {
        std::array::from_fn(|at| (CODES[at], self.0[at].load(Relaxed)))
    }
}
