//! Who has reached this relay, and over what: for each holder of short-lived credentials that is admitted, the allocations they
//! made. So it can be said of somebody that the relay never heard of them, or never by a datagram. Written once an allocation.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use super::options::Transport;

/// Allocations that one holder has made since they were admitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocated {
    /// Over UDP.
    pub udp: u32,
    /// Over TCP.
    pub tcp: u32,
    /// Over TLS.
    pub tls: u32,
}

/// See the module's text. Bounded by those who are admitted.
#[derive(Debug, Default)]
pub(super) struct Holders(RwLock<HashMap<Box<str>, Allocated>>);

impl Holders {
    pub(super) fn admit(&self, id: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).entry(id.into()).or_default();
    }

    pub(super) fn remove(&self, id: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// `id` has made one more allocation; of nobody else is anything kept.
    pub(super) fn count(&self, id: &str, transport: Transport) {
        let mut holders = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Some(allocated) = holders.get_mut(id) else { return };
        match transport {
            Transport::Udp => allocated.udp += 1,
            Transport::Tcp => allocated.tcp += 1,
            Transport::Tls => allocated.tls += 1,
        }
    }

    pub(super) fn of(&self, id: &str) -> Option<Allocated> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(id).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_are_admitted_are_counted_by_transport_until_they_leave() {
        let holders = Holders::default();
        holders.count("a", Transport::Udp);
        assert_eq!(holders.of("a"), None, "a stranger costs nothing");
        holders.admit("a");
        for transport in [Transport::Tls, Transport::Tls, Transport::Tcp] {
            holders.count("a", transport);
        }
        holders.admit("a");
        assert_eq!(holders.of("a"), Some(Allocated { udp: 0, tcp: 1, tls: 2 }), "whoever comes back is the same");
        holders.remove("a");
        assert!(holders.0.read().expect("whole").is_empty());
    }
}
