//! The door between the site, which knows people, and the relay, which knows their credentials.

use std::time::Duration;

use crate::http::RelayDoor;
use crate::relay::Streams;

/// The running relay, as the site sees it.
#[derive(Debug)]
pub(super) struct Door(pub(super) Streams);

impl RelayDoor for Door {
    fn admit(&self, id: &str) {
        self.0.readmit(id);
    }

    fn revoke(&self, id: &str, until: Duration) {
        self.0.revoke(id, until);
    }
}
