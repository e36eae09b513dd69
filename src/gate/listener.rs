//! One listening socket and its accept loop. The loop survives whatever `accept` reports: a stranger who resets a
//! connection, and the day when no file descriptors are left.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;
use tracing::debug;

use super::BindError;
use super::connection::Doors;
use super::counts::Outcome;
use super::inherited::Inherited;
use super::shortage::Shortage;
use crate::admission::Admission;

/// What is spoken on a listening socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The one port.
    Everything,
    /// TURN over plain TCP.
    Turn,
    /// Plain HTTP, sent on to https.
    Redirect,
}

/// A bound socket.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) socket: TcpListener,
    pub(super) local: SocketAddr,
    pub(super) purpose: Purpose,
}

/// Connections that may wait to be accepted: a whole office that reloads its pages at once.
const BACKLOG: i32 = 1024;

/// A peer that vanished without a word is noticed after one minute of silence and five unanswered questions.
const KEEPALIVE: TcpKeepalive =
    TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15)).with_retries(5);

impl Listener {
    /// What is inherited for `address`, else what is bound there.
    pub(super) fn open(
        address: SocketAddr,
        purpose: Purpose,
        inherited: &mut Inherited,
    ) -> Result<Listener, BindError> {
        let Some(socket) = inherited.take(address) else { return Listener::bind(address, purpose) };
        let taken = socket.set_nonblocking(true).and_then(|()| TcpListener::from_std(socket));
        let taken = taken.and_then(|socket| Ok((socket.local_addr()?, socket)));
        let (local, socket) = taken.map_err(|cause| BindError { address, cause })?;
        Ok(Listener { socket, local, purpose })
    }

    /// Binds `address`; a wildcard IPv6 address serves IPv4 too, and becomes `0.0.0.0` where there is no IPv6.
    fn bind(address: SocketAddr, purpose: Purpose) -> Result<Listener, BindError> {
        let bound = bind(address).or_else(|cause| match address {
            SocketAddr::V6(v6) if v6.ip().is_unspecified() && lacks_ipv6(&cause) => {
                bind((Ipv4Addr::UNSPECIFIED, v6.port()).into())
            }
            _ => Err(cause),
        });
        let (socket, local) = bound.map_err(|cause| BindError { address, cause })?;
        Ok(Listener { socket, local, purpose })
    }

    /// Accepts until the doors' shutdown. Each connection is a task of `connections`.
    pub(super) async fn accept_all(self, doors: Arc<Doors>, admission: Arc<Admission>, connections: TaskTracker) {
        let (shutdown, mut shortage) = (doors.shutdown.clone(), Shortage::default());
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => return,
                () = shortage.over(self.local) => continue,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, client)) => {
                    shortage.accepted();
                    let client = canonical(client);
                    match admission.admit(client.ip(), doors.proxies.trusts(client.ip())) {
                        Some(place) => {
                            doors.counts.count(Outcome::Accepted);
                            let stream = prepared(stream);
                            connections.spawn(doors.clone().receive(stream, place, client, self.purpose));
                        }
                        None => {
                            doors.counts.count(Outcome::Refused);
                            debug!(%client, "connection refused: too many are open");
                        }
                    }
                }
                Err(cause) if is_about_one_connection(&cause) => debug!(%cause, "a connection ended while accepted"),
                Err(cause) => shortage.failed(self.local, &cause).await,
            }
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // Whatever net.ipv6.bindv6only says: "[::]" means both families in our documentation.
        socket.set_only_v6(false)?;
    }
    // A restarted server must not wait for its old connections' TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from_std(socket.into())?;
    let local = listener.local_addr()?;
    Ok((listener, local))
}

/// A kernel without IPv6, or one whose IPv6 was switched off by sysctl.
fn lacks_ipv6(cause: &io::Error) -> bool {
    matches!(cause.raw_os_error(), Some(libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL))
}

/// Errors that say nothing about the next connection (accept(2), "Error handling").
fn is_about_one_connection(cause: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable};
    let kinds = [ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable];
    kinds.contains(&cause.kind()) || matches!(cause.raw_os_error(), Some(libc::EPROTO | libc::EPERM))
}

/// Signaling and relayed media are small and urgent: no waiting for more to send (RFC 896). An option that cannot be
/// set means that the connection is gone already, which its first read will tell.
fn prepared(stream: TcpStream) -> TcpStream {
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(&stream).set_tcp_keepalive(&KEEPALIVE);
    stream
}

/// An IPv4 client on a socket of both families shows as `::ffff:192.0.2.7`; everybody further in means 192.0.2.7.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
