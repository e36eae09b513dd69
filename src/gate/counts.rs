//! What became of connections at the one port, counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::admission::Admission;

/// Counts since the start, and what is open. Clones share them.
#[derive(Clone, Debug)]
pub struct Counts {
    admission: Arc<Admission>,
    cells: Arc<[AtomicU64; Outcome::ALL.len()]>,
}

/// What can become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was let in.
    Accepted,
    /// It was not: too many are open, in all or from its address.
    Refused,
    /// Not a byte came in time.
    Silent,
    /// It began with something that is not spoken on this port.
    Misspoken,
    /// Its TLS handshake succeeded.
    Handshaken,
    /// Its TLS handshake failed.
    HandshakeFailed,
    /// Its TLS handshake took too long.
    HandshakeTimedOut,
}

impl Outcome {
    /// All there are, with a word for each.
    pub const ALL: [(Outcome, &'static str); 7] = [
        (Outcome::Accepted, "accepted"),
        (Outcome::Refused, "refused"),
        (Outcome::Silent, "silent"),
        (Outcome::Misspoken, "misspoken"),
        (Outcome::Handshaken, "handshaken"),
        (Outcome::HandshakeFailed, "handshake-failed"),
        (Outcome::HandshakeTimedOut, "handshake-timed-out"),
    ];
}

impl Counts {
    pub(super) fn new(admission: Arc<Admission>) -> Counts {
        Counts { admission, cells: Arc::default() }
    }

    pub(super) fn count(&self, outcome: Outcome) {
        self.cells[outcome as usize].fetch_add(1, Relaxed);
    }

    /// How often that has happened.
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.cells[outcome as usize].load(Relaxed)
    }

    /// Connections that are open now.
    pub fn open(&self) -> usize {
        self.admission.taken()
    }

    /// Connections that may be.
    pub fn most(&self) -> usize {
        self.admission.most()
    }
}
