//! What the relay is told once at start: where to listen, how many workers, which ports and addresses the relayed
//! transport addresses come from. The rules of the protocol itself (lifetimes, quotas, peers) stay in [`crate::turn`].

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;

use crate::turn;

/// Everything [`Relay::bind`](super::Relay::bind) needs.
#[derive(Clone, Debug)]
pub struct Options {
    /// UDP addresses for STUN and TURN. A wildcard IPv6 address serves IPv4 too; where the machine has no IPv6 it
    /// becomes `0.0.0.0` by itself. Port 0 takes a free port, the same one for every worker.
    pub listen: Vec<SocketAddr>,
    /// UDP worker threads. `None`: one per core this process may use, cgroup quota included.
    pub workers: Option<NonZeroUsize>,
    /// Where relayed transport addresses get their ports from.
    pub ports: Ports,
    /// The addresses under which peers reach this machine, at most one per family used. Empty: the local address the
    /// client's own packet came to, so that a laptop works on any network and on none.
    pub external_ips: Vec<IpAddr>,
    /// Which fast paths may be used where the kernel has them. `None`: all that this kernel is not known to break.
    pub fast: Option<FastPaths>,
    /// Two addresses of this machine, of one family and as clients see them, for NAT behaviour discovery (RFC 5780) on the
    /// first two ports of `listen`. Where `listen` does not cover all four, the missing sockets are opened, too.
    pub nat_discovery: Option<[IpAddr; 2]>,
    /// Another relay of this user holds the addresses of `listen` and will let go of them ([`Streams::deafen`](super::Streams::deafen)).
    pub beside: bool,
    /// The rules of the protocol. What follows from `ports` (virtual addresses only) and from `nat_discovery` is set in
    /// them by the relay.
    pub turn: turn::Options,
}

impl Options {
    /// No UDP listener yet, one worker per core, the standard range of ports, every fast path.
    pub fn new(turn: turn::Options) -> Options {
        Options {
            listen: Vec::new(),
            workers: None,
            ports: Ports::default(),
            external_ips: Vec::new(),
            fast: None,
            nat_discovery: None,
            beside: false,
            turn,
        }
    }
}

/// The ports of relayed transport addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ports {
    /// One UDP socket per allocation, its port drawn from this range.
    Range(RangeInclusive<u16>),
    /// Virtual addresses without any socket: only two clients of this relay can reach each other, in the process.
    None,
}

impl Default for Ports {
    /// RFC 8656, 7.2: "the port SHOULD be in the range 49152-65535 (the Dynamic and/or Private Port range)".
    fn default() -> Ports {
        Ports::Range(49152..=65535)
    }
}

/// Fast paths that an operator may switch off; each also switches itself off where the kernel lacks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FastPaths {
    /// UDP_GRO: the kernel hands over a run of equal packets as one buffer.
    pub gro: bool,
    /// UDP_SEGMENT: a run of packets to one destination leaves in one message.
    pub gso: bool,
    /// sendmmsg: many messages leave in one system call.
    pub sendmmsg: bool,
}

impl Default for FastPaths {
    fn default() -> FastPaths {
        FastPaths { gro: true, gso: true, sendmmsg: true }
    }
}

impl FastPaths {
    /// What may be used on a Linux of this release, such as `6.12.4-generic`.
    ///
    /// From 7.0 on the kernel wrote wrong UDP headers and checksums when it cut a run whose last packet is as long as the
    /// others, depending on the network card, so that no test over loopback finds it; 7.1.5 mended that
    /// (linux b10b446, 78effd8, 5f17ae0; tailscale#19777).
    pub(super) fn for_kernel(release: &str) -> FastPaths {
        let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|text| text.parse().unwrap_or(0));
        let version: [u32; 3] = std::array::from_fn(|_| numbers.next().unwrap_or(0));
        FastPaths { gso: !([7, 0, 0]..[7, 1, 5]).contains(&version), ..FastPaths::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_not_sent_by_kernels_that_cut_them_wrongly() {
        for (release, good) in [
            ("6.17.0-41-generic", true),
            ("7.0.0-rc1", false),
            ("7.0.2-6-pve", false),
            ("7.1.4", false),
            ("7.1", false),
            ("7.1.5", true),
            ("7.10.1", true),
            ("", true),
        ] {
            assert_eq!(FastPaths::for_kernel(release).gso, good, "{release}");
        }
    }
}
