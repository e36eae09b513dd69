//! Making UDP sockets: a group of listeners that share one address, and the socket of one relayed transport address.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::errors::keep_errors;

/// Asked for, not promised: the kernel caps it at net.core.rmem_max. Enough for a key frame of every caller at once.
const LISTENER_BUFFER: usize = 4 << 20;

/// One allocation carries one person's media; 512 KiB hold half a second of 8 Mbit/s.
const RELAY_BUFFER: usize = 512 << 10;

/// `count` sockets on one address; the kernel spreads clients over them by the hash of their 5-tuple.
///
/// Returns the address really bound, which differs from the wanted one for port 0 and where `[::]` became `0.0.0.0`
/// because this machine has no IPv6. `beside`: another process holds the address and will let go of it.
pub(in crate::relay) fn listener_group(
    wanted: SocketAddr,
    count: usize,
    gro: bool,
    beside: bool,
) -> io::Result<(SocketAddr, Vec<mio::net::UdpSocket>)> {
    match bind_group(wanted, count, gro, beside) {
        Err(cause) if wanted.ip().is_unspecified() && wanted.is_ipv6() && lacks_ipv6(&cause) => {
            bind_group(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), wanted.port()), count, gro, beside)
        }
        other => other,
    }
}

fn bind_group(
    wanted: SocketAddr,
    count: usize,
    gro: bool,
    beside: bool,
) -> io::Result<(SocketAddr, Vec<mio::net::UdpSocket>)> {
    // A second process of the same user could join a SO_REUSEPORT group unseen and take half of the packets:
    // one socket without the option finds out whether the port is really free.
    let first = listener(wanted, beside, gro)?.local_addr()?;
    let bound = first.as_socket().ok_or_else(|| io::Error::other("a bound UDP socket has no IP address"))?;
    let group = (0..count)
        .map(|_| Ok(mio::net::UdpSocket::from_std(listener(bound, true, gro)?.into())))
        .collect::<io::Result<_>>()?;
    Ok((bound, group))
}

fn listener(address: SocketAddr, shared: bool, gro: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
        setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
    } else {
        setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
    }
    socket.set_reuse_port(shared)?;
    prepare(&socket, LISTENER_BUFFER, gro)?;
    socket.bind(&SockAddr::from(address))?;
    Ok(socket)
}

/// A socket at `server`, where a group listens, for one client alone: the kernel prefers it to those of the group, whoever
/// else joins that. Others' packets may have come to it before it was connected.
pub(in crate::relay) fn steered(server: SocketAddr, client: SocketAddr, gro: bool) -> io::Result<mio::net::UdpSocket> {
    let socket = listener(server, true, gro)?;
    socket.connect(&SockAddr::from(client))?;
    Ok(mio::net::UdpSocket::from_std(socket.into()))
}

/// The socket behind one relayed transport address; fails with `AddrInUse` when the port is taken.
pub(in crate::relay) fn relay_socket(address: SocketAddr, gro: bool) -> io::Result<std::net::UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    keep_errors(&socket, address.is_ipv6())?;
    prepare(&socket, RELAY_BUFFER, gro)?;
    socket.bind(&SockAddr::from(address))?;
    Ok(socket.into())
}

fn prepare(socket: &Socket, buffer: usize, gro: bool) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    // Smaller buffers still work, so a refusal is no error.
    let _ = socket.set_recv_buffer_size(buffer);
    let _ = socket.set_send_buffer_size(buffer);
    if gro {
        // A kernel without it hands over single datagrams, which is what the reader expects anyway.
        let _ = setsockopt(&socket.as_fd(), sockopt::UdpGroSegment, &true);
    }
    Ok(())
}

/// IPv6 compiled out or disabled by sysctl or boot parameter.
fn lacks_ipv6(cause: &io::Error) -> bool {
    matches!(cause.raw_os_error(), Some(libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL | libc::EPROTONOSUPPORT))
}

/// Whether this machine itself owns `ip`, so that a socket can be bound to it.
pub(in crate::relay) fn is_local(ip: IpAddr) -> bool {
    std::net::UdpSocket::bind((ip, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;

    #[test]
    fn a_port_of_another_process_is_reported_not_shared() {
        let (taken, _other) = listener_group((Ipv4Addr::LOCALHOST, 0).into(), 2, true, false).unwrap();
        let refused = listener_group(taken, 2, true, false).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn every_worker_gets_the_same_port() {
        let (bound, group) = listener_group((Ipv4Addr::LOCALHOST, 0).into(), 3, true, false).unwrap();
        assert_ne!(bound.port(), 0);
        assert!(group.iter().all(|socket| socket.local_addr().unwrap() == bound));
    }

    #[test]
    fn the_wildcard_hears_ipv4_too() {
        let (bound, group) = listener_group((Ipv6Addr::UNSPECIFIED, 0).into(), 1, false, false).unwrap();
        let client = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        client.send_to(b"hello", (Ipv4Addr::LOCALHOST, bound.port())).unwrap();
        let (length, _) = group[0].recv_from(&mut [0; 16]).unwrap();
        assert_eq!(length, 5);
    }
}
