//! TCP sockets of relayed transport addresses (RFC 6062): one listens, and every connection to a peer leaves from the
//! same address.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::net::{TcpSocket, TcpStream};

/// Connections the kernel holds until the session accepts them; more than one allocation may have.
const BACKLOG: i32 = 16;

/// Listens on `address`; fails with `AddrInUse` when the port is taken.
pub(in crate::relay) fn relay_listener(address: SocketAddr) -> io::Result<TcpListener> {
    // SO_REUSEPORT, which the connections below need, would join another listener unseen: one socket without it
    // finds out whether the port is really free.
    bound(address, false)?.listen(BACKLOG)?;
    let socket = bound(address, true)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Connects to `peer` from `local`, an address on which [`relay_listener`] listens.
pub(in crate::relay) async fn connect(local: SocketAddr, peer: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpSocket::from_std_stream(bound(local, true)?.into()).connect(peer).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn bound(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    // Connections of an allocation that has ended linger in TIME_WAIT on its port.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.bind(&SockAddr::from(address))?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_somebody_listens_on_is_taken() {
        let listener = relay_listener("127.0.0.1:0".parse().unwrap()).unwrap();
        let refused = relay_listener(listener.local_addr().unwrap()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
    }

    #[tokio::test]
    async fn a_peer_sees_the_relayed_transport_address() {
        let (ours, theirs) =
            (relay_listener("127.0.0.1:0".parse().unwrap()).unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let local = ours.local_addr().unwrap();
        let _stream = connect(local, theirs.local_addr().unwrap()).await.unwrap();
        assert_eq!(theirs.accept().unwrap().1, local);
    }
}
