//! The door between the site, which knows people, and the relay, which knows their credentials.

use std::net::IpAddr;
use std::time::Duration;

use crate::http::{RelayDoor, RelayUse};
use crate::relay::Streams;

/// The running relay, as the site sees it.
#[derive(Debug)]
pub(super) struct Door(pub(super) Streams);

impl RelayDoor for Door {
    fn admit(&self, id: &str, room: &str) {
        self.0.admit(id, room);
    }

    fn used_by(&self, id: &str) -> Option<RelayUse> {
        let allocated = self.0.allocated(id).unwrap_or_default();
        Some(RelayUse { udp: allocated.udp, tcp: allocated.tcp, tls: allocated.tls })
    }

    fn needs_announcements(&self) -> bool {
        self.0.needs_announcements()
    }

    fn announce(&self, id: &str, addresses: &[IpAddr]) {
        self.0.announce(id, addresses);
    }

    fn revoke(&self, id: &str, until: Duration) {
        self.0.revoke(id, until);
    }
}
