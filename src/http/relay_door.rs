//! What the site tells the relay about people. The two rooms do not know each other: whoever starts both connects them.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use crate::hub::RelayUse;

/// The relay, as far as people come and go. Called under the hub's lock, in the order things happened: must not wait.
pub trait RelayDoor: fmt::Debug + Send + Sync {
    /// Somebody sat down: credentials made out to `id` are good, also those of an earlier stay. `room`: its name.
    fn admit(&self, id: &str, room: &str);

    /// What the relay has seen of somebody who sits; `None`: there is no relay.
    fn used_by(&self, id: &str) -> Option<RelayUse>;

    /// Whether [`announce`](RelayDoor::announce) is of use: a search in every signal for nothing would be a waste.
    fn needs_announcements(&self) -> bool;

    /// `id` has told somebody in the room that it can be reached at these addresses.
    fn announce(&self, id: &str, addresses: &[IpAddr]);

    /// Somebody is gone for good, by own will or not: credentials made out to `id`, the last of which run out at `until`
    /// in unix time, are no good any more, and what was allocated with them ends at once.
    fn revoke(&self, id: &str, until: Duration);
}

/// For a site without a relay.
#[derive(Debug)]
pub(super) struct NoRelay;

impl RelayDoor for NoRelay {
    fn admit(&self, _: &str, _: &str) {}

    fn used_by(&self, _: &str) -> Option<RelayUse> {
        None
    }

    fn needs_announcements(&self) -> bool {
        false
    }

    fn announce(&self, _: &str, _: &[IpAddr]) {}
    fn revoke(&self, _: &str, _: Duration) {}
}
