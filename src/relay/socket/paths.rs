//! Which fast ways of sending are in use: what the operator allows, what worked at the start, and what has not failed
//! since. Shared by all senders, as they share one kernel; written only when something is lost for good.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::probe;
use crate::relay::FastPaths;

/// See the module's text.
#[derive(Debug)]
pub(in crate::relay) struct Paths {
    segments: AtomicBool,
    together: AtomicBool,
}

impl Paths {
    /// Tries what `fast` allows on loopback.
    pub(in crate::relay) fn probe(fast: FastPaths) -> Paths {
        Paths { segments: (fast.gso && probe::segmentation_works()).into(), together: fast.sendmmsg.into() }
    }

    /// Whether a run may leave in one message (UDP_SEGMENT).
    pub(super) fn segments(&self) -> bool {
        self.segments.load(Relaxed)
    }

    /// Whether many messages may leave in one call (sendmmsg).
    pub(super) fn together(&self) -> bool {
        self.together.load(Relaxed)
    }

    /// The kernel or a network card has refused to cut runs.
    pub(super) fn lose_segments(&self, cause: &io::Error) {
        if self.segments.swap(false, Relaxed) {
            tracing::warn!(%cause, "sending runs of packets in one message (UDP_SEGMENT) failed; each is sent alone from now on");
        }
    }

    /// The call does not exist here; `false` if that was known.
    pub(super) fn lose_together(&self) -> bool {
        self.together.swap(false, Relaxed)
    }
}
