//! Sends a packet that must not be split on its way (RFC 8656, 14: DONT-FRAGMENT). Linux knows that only as a property of
//! the socket, so it is set for one packet and taken back; hardly any client ever asks for it.
//!
//! All other packets leave as the kernel does by itself: in one piece as long as they fit the path as far as it is known, in
//! fragments otherwise.

use std::io;
use std::mem;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use socket2::{SockAddr, SockRef};

/// Sends `payload` in one packet or not at all. One that is too long for the path is found in the error queue, too.
pub(in crate::relay) fn send_whole(socket: BorrowedFd<'_>, to: SocketAddr, payload: &[u8]) -> io::Result<()> {
    discover_path(socket, to.is_ipv6(), libc::IP_PMTUDISC_DO)?;
    let (socket_ref, to_address) = (SockRef::from(&socket), SockAddr::from(to));
    // The first failure may be an earlier packet's.
    let sent = socket_ref.send_to(payload, &to_address).or_else(|_| socket_ref.send_to(payload, &to_address));
    discover_path(socket, to.is_ipv6(), libc::IP_PMTUDISC_WANT)?;
    sent.map(drop)
}

/// The IPv6 values are the same numbers.
fn discover_path(socket: BorrowedFd<'_>, ipv6: bool, how: libc::c_int) -> io::Result<()> {
    let (level, option) = match ipv6 {
        true => (libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER),
        false => (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER),
    };
    // SAFETY: the pointer is to a live c_int and the length is its size; the call reads it and keeps nothing.
    let done = unsafe {
        let length = mem::size_of_val(&how) as libc::socklen_t;
        libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const how).cast(), length)
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
