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
    /// Which fast paths may be used where the kernel has them.
    pub fast: FastPaths,
    /// The rules of the protocol. What follows from `ports` (virtual addresses only) is set in them by the relay.
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
            fast: FastPaths::default(),
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
