//! The home router in front of this machine, asked to forward our ports to it: by PCP (RFC 6887), NAT-PMP (RFC 6886) or UPnP,
//! whichever it speaks. Only the router of the default route is ever asked, only for IPv4, and only where the operator wants
//! it. What an IPv6 firewall in the router lets in is left to whoever owns the router.
//!
//! ```text
//! keeper (asks, renews, gives back) ── client ──┬─ control   PCP and NAT-PMP
//!        │                                      └─ upnp      SOAP over HTTP, found by multicast
//!        └── standing (what came of it, in words)     route   which router, from the kernel's table
//! ```

mod client;
mod control;
mod keeper;
mod route;
mod standing;
mod upnp;

use std::ops::RangeInclusive;

pub use keeper::Keeper;
pub use standing::{Answer, Language, Outside, Port, Refusal, Standing};

/// A router keeps an entry for each port, many keep a hundred at most, and asking takes a message for each.
pub const MOST_OF_A_RANGE: usize = 64;

/// What shall be forwarded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Each by itself, the most important first.
    pub ports: Vec<Wanted>,
    /// UDP ports of relayed addresses, which are of use under their own numbers alone. More than [`MOST_OF_A_RANGE`] of them
    /// are not asked for.
    pub range: Option<RangeInclusive<u16>>,
}

/// One port that shall be forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// TCP or UDP.
    pub transport: Transport,
    /// The port of this machine.
    pub port: u16,
    /// The port of the router by which people outside come.
    pub outside: u16,
    /// Whether another port of the router would do as well.
    pub movable: bool,
}

/// What is forwarded at a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// As people write it: `TCP`.
    Tcp,
    /// As people write it: `UDP`.
    Udp,
}

impl Wishes {
    /// Every port that is asked for.
    fn all(&self) -> Vec<Wanted> {
        let relayed = |port| Wanted { transport: Transport::Udp, port, outside: port, movable: false };
        let range = self.range.clone().filter(|range| range.len() <= MOST_OF_A_RANGE);
        self.ports.iter().copied().chain(range.into_iter().flatten().map(relayed)).collect()
    }

    /// The range that is not asked for.
    fn too_wide(&self) -> Option<RangeInclusive<u16>> {
        self.range.clone().filter(|range| range.len() > MOST_OF_A_RANGE)
    }
}

impl std::fmt::Display for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Transport::Tcp => "TCP",
            Transport::Udp => "UDP",
        })
    }
}
