//! Where the two halves of a relayed TCP connection meet (RFC 6062): a peer connection waits here for the client
//! connection that asks for it by id, and a TCP relayed transport address is found here by other sessions of this server.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::tcp_relay::News;
use crate::relay::shared::Shared;
use crate::turn::Throttle;

/// RFC 6062, 5.2 and 5.3: a connection nobody binds within "30 seconds" is closed.
pub(super) const TO_BE_JOINED: Duration = Duration::from_secs(30);

/// What may be under way between two sessions of this server: as much as the kernel would hold between sockets.
const INSIDE: usize = 64 << 10;

/// See the module's text. Locked when a connection begins, is joined or ends; never on the way of data.
#[derive(Debug, Default)]
pub(in crate::relay) struct PeerConnections {
    waiting: Mutex<HashMap<u32, Waiting>>,
    doors: Mutex<HashMap<SocketAddr, mpsc::Sender<Knock>>>,
}

/// Either a TCP connection or the end of one inside the process.
pub(super) trait PeerStream: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin> PeerStream for S {}

/// A connection to a peer. Its session hears when it is dropped.
#[derive(Debug)]
pub(super) struct PeerConnection {
    pub(super) stream: Box<dyn PeerStream>,
    /// Cancelled when the connection must end: with its allocation, or with its permission.
    pub(super) end: CancellationToken,
    /// The bit rate it shares with the others of its allocation.
    pub(super) throttle: Arc<Throttle>,
    pub(super) ended: Ended,
}

/// Says that a connection has ended, when it is dropped.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) id: u32,
    pub(super) tell: mpsc::UnboundedSender<News>,
}

impl Drop for Ended {
    fn drop(&mut self) {
        // Nobody listens after the allocation's end, and nobody needs to know.
        let _ = self.tell.send(News::Ended(self.id));
    }
}

/// Another session of this server connects.
#[derive(Debug)]
pub(super) struct Knock {
    /// Its relayed transport address.
    pub(super) from: SocketAddr,
    pub(super) stream: DuplexStream,
}

#[derive(Debug)]
struct Waiting {
    username: Box<str>,
    connection: PeerConnection,
    /// Dropped with the entry, which ends [`Offered::wait`].
    _taken: oneshot::Sender<()>,
}

/// A connection on offer; withdrawn when this is dropped.
pub(super) struct Offered {
    shared: Arc<Shared>,
    id: u32,
    taken: oneshot::Receiver<()>,
    end: CancellationToken,
}

impl PeerConnections {
    /// The connection `id`, if it waits and belongs to `username`. It can be taken once.
    pub(super) fn take(&self, id: u32, username: &str) -> Option<PeerConnection> {
        let mut waiting = lock(&self.waiting);
        waiting.get(&id).filter(|entry| *entry.username == *username)?;
        waiting.remove(&id).map(|entry| entry.connection)
    }

    /// Connects to the session with the TCP relayed transport address `to`, in the process. `None`: nobody has it, or too
    /// many are at its door.
    pub(super) fn knock(&self, to: SocketAddr, from: SocketAddr) -> Option<DuplexStream> {
        let (ours, theirs) = tokio::io::duplex(INSIDE);
        match lock(&self.doors).get(&to)?.try_send(Knock { from, stream: theirs }) {
            Ok(()) => Some(ours),
            Err(TrySendError::Full(_) | TrySendError::Closed(_)) => None,
        }
    }

    /// Lets others reach the TCP relayed transport address `at`.
    pub(super) fn open_door(&self, at: SocketAddr, door: mpsc::Sender<Knock>) {
        lock(&self.doors).insert(at, door);
    }

    /// Nobody reaches `at` any more. Call before its lease ends.
    pub(super) fn close_door(&self, at: SocketAddr) {
        lock(&self.doors).remove(&at);
    }
}

/// Offers a connection to whoever proves to be `username` and knows its id.
pub(super) fn offer(shared: Arc<Shared>, username: Box<str>, connection: PeerConnection) -> Offered {
    let (id, end, (keep, taken)) = (connection.ended.id, connection.end.clone(), oneshot::channel());
    lock(&shared.connections.waiting).insert(id, Waiting { username, connection, _taken: keep });
    Offered { shared, id, taken, end }
}

impl Offered {
    /// Until somebody takes the connection, it must end, or the time is over.
    pub(super) async fn wait(mut self) {
        let taken = self.end.run_until_cancelled(&mut self.taken);
        let _ = tokio::time::timeout(TO_BE_JOINED, taken).await;
    }
}

impl Drop for Offered {
    fn drop(&mut self) {
        // Dropped after the lock: an ending connection tells its session.
        let withdrawn = lock(&self.shared.connections.waiting).remove(&self.id);
        drop(withdrawn);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
