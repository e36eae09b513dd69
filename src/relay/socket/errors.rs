//! What has become of packets that did not arrive: ICMP errors, and packets too long for the first link, as the kernel keeps
//! them in the error queue of a relay socket (IP_RECVERR, see ip(7)).

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::cmsg_space;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use socket2::Socket;

use crate::turn::Icmp;

/// "Destination unreachable, fragmentation needed" (RFC 792) and "packet too big" (RFC 4443, 3.2): the errors with an MTU.
const TOO_BIG_V4: (u8, u8) = (3, 4);
const TOO_BIG_V6: (u8, u8) = (2, 0);

/// Has the kernel keep errors. From then on each is also told once by whatever call on the socket comes next, so that
/// neither reading nor sending may take a first failure for its own.
pub(super) fn keep_errors(socket: &Socket, ipv6: bool) -> io::Result<()> {
    match ipv6 {
        true => setsockopt(&socket.as_fd(), sockopt::Ipv6RecvErr, &true)?,
        false => setsockopt(&socket.as_fd(), sockopt::Ipv4RecvErr, &true)?,
    }
    Ok(())
}

/// The oldest error kept, with the address its packet was sent to. `None`: there is none, or none that a client is told of.
/// Call it until `more` is `false`, or often enough.
pub(in crate::relay) fn next_error(socket: BorrowedFd<'_>) -> Kept {
    let mut control = cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
    // The packet itself is not wanted.
    let mut nothing = [IoSliceMut::new(&mut [])];
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let Ok(message) = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut nothing, Some(&mut control), flags) else {
        return Kept { error: None, more: false };
    };
    let peer = message.address.as_ref().and_then(plain);
    let mut errors = message.cmsgs().into_iter().flatten().filter_map(|control| match control {
        ControlMessageOwned::Ipv4RecvErr(error, _) => icmp(&error, TOO_BIG_V4),
        ControlMessageOwned::Ipv6RecvErr(error, _) => icmp(&error, TOO_BIG_V6),
        _ => None,
    });
    let error = peer.zip(errors.next()).map(|(peer, icmp)| Undelivered { peer, icmp });
    Kept { error, more: true }
}

/// What [`next_error`] found.
pub(in crate::relay) struct Kept {
    /// One that a client may be told of.
    pub(in crate::relay) error: Option<Undelivered>,
    /// Whether there may be another one.
    pub(in crate::relay) more: bool,
}

/// A packet that did not arrive.
pub(in crate::relay) struct Undelivered {
    /// Where it was sent to; for one that was too long for the first IPv4 link already, without the port.
    peer: SocketAddr,
    icmp: Icmp,
}

impl Undelivered {
    /// To whom the packet was sent, and why it did not get there. `failed`: the destination of a packet that could not be
    /// sent just before. `None`: nobody knows to whom.
    pub(in crate::relay) fn about(self, failed: Option<SocketAddr>) -> Option<(SocketAddr, Icmp)> {
        let known = if self.peer.port() == 0 { failed } else { Some(self.peer) };
        Some((known?, self.icmp))
    }
}

/// A packet that the first link already cannot carry counts as if a router had said so.
fn icmp(error: &libc::sock_extended_err, too_big: (u8, u8)) -> Option<Icmp> {
    let local = error.ee_origin == libc::SO_EE_ORIGIN_LOCAL && error.ee_errno == libc::EMSGSIZE as u32;
    let remote = matches!(error.ee_origin, libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6);
    let (kind, code) = if local { too_big } else { (error.ee_type, error.ee_code) };
    // RFC 8656, 18.13: for all others "the Error Data field MUST be set to zero"
    let mtu = if (kind, code) == too_big { error.ee_info } else { 0 };
    (local || remote).then_some(Icmp { kind, code, mtu })
}

fn plain(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::from((v4.ip(), v4.port())));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| SocketAddr::from((v6.ip(), v6.port()))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::socket::relay_socket;
    use std::net::UdpSocket;

    #[test]
    fn a_closed_port_is_told_with_its_address() {
        for (here, unreachable) in [("127.0.0.1:0", (3, 3)), ("[::1]:0", (1, 4))] {
            let Ok(peer) = UdpSocket::bind(here) else { continue };
            let closed = peer.local_addr().unwrap();
            drop(peer);
            let socket = relay_socket(here.parse().unwrap(), true).unwrap();
            assert!(!next_error(socket.as_fd()).more);
            socket.send_to(b"hello", closed).unwrap();
            let kept = std::iter::repeat_with(|| next_error(socket.as_fd())).take(1_000_000).find(|kept| kept.more);
            let (address, icmp) = kept.and_then(|kept| kept.error?.about(None)).expect("an error");
            assert_eq!((address, (icmp.kind, icmp.code), icmp.mtu), (closed, unreachable, 0));
            assert!(!next_error(socket.as_fd()).more);
        }
    }
}
