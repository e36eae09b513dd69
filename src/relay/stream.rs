//! TURN over TCP and TLS: one task per connection, owning one session (a TCP connection is one 5-tuple, so at most one
//! allocation).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// Payloads that may wait for a stream's task; it wakes for the first, so more means it cannot keep up.
const WAITING: usize = 256;

/// Where others leave payloads for the session of a stream. Bounded; the oldest gives way, as it is the latest already.
#[derive(Debug, Default)]
pub(super) struct StreamInbox {
    waiting: Mutex<VecDeque<(SocketAddr, Box<[u8]>)>>,
    arrived: Notify,
}

impl StreamInbox {
    /// Leaves a payload from the relayed transport address `from`; returns how many were given up for it.
    pub(super) fn push(&self, from: SocketAddr, payload: &[u8]) -> u64 {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = if waiting.len() == WAITING { waiting.pop_front() } else { None };
        waiting.push_back((from, payload.into()));
        drop(waiting);
        self.arrived.notify_one();
        u64::from(lost.is_some())
    }
}
