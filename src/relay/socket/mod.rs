//! Sockets as the relay wants them: UDP bound in groups, read in batches, written in runs, and TCP for RFC 6062. The only room where
//! `unsafe` may appear (the array that `sendmmsg` reads, one socket option); what the bytes mean is not known here.

mod bind;
mod errors;
mod paths;
mod probe;
mod receive;
#[allow(unsafe_code)]
mod send;
mod send_queue;
mod tcp;
#[allow(unsafe_code)]
mod whole;

use std::net::{IpAddr, SocketAddr};

pub(super) use bind::{is_local, listener_group, relay_socket, steered};
pub(super) use errors::{Kept, next_error};
pub(super) use paths::Paths;
pub(super) use receive::{Datagram, ReceiveBuffers};
pub(super) use send_queue::{Outlet, Packet, SendQueue, Way};
pub(super) use tcp::{connect, relay_listener};
pub(super) use whole::send_whole;

/// The plain form of an address: a dual-stack socket shows IPv4 clients as `::ffff:a.b.c.d`.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => SocketAddr::new(ip.into(), address.port()),
        // As it is: a link-local address is nothing without its scope.
        IpAddr::V6(_) => address,
    }
}

/// The form in which a socket of the other family wants an address.
fn mapped(address: SocketAddr, ipv6: bool) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ipv6 => SocketAddr::new(ip.to_ipv6_mapped().into(), address.port()),
        _ => address,
    }
}
