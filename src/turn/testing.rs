//! What credentials for a test grant ([`pass::TEST`](crate::pass::TEST)). Anybody gets them who asks, also where only
//! invitations open a door, so they are good for finding out whether the relay can be reached, and for nothing else: they
//! lead to relayed addresses of this server alone, and carry too little for a call.

use std::time::Duration;

/// Allocations at once with one username, and from one client IP address (IPv6: one /64): a browser makes two for each of
/// its interfaces and each way to the relay that it tries at a time.
pub(super) const ALLOCATIONS: u32 = 32;

/// Of one allocation, each direction by itself: a data channel opens and echoes a few messages, a picture does not pass.
pub(super) const BITS_PER_SECOND: u64 = 256_000;

/// Of one allocation, whatever the client asks for.
pub(super) const LIFETIME: Duration = Duration::from_secs(300);
