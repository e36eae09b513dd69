//! The relay's shell: UDP workers, TCP and TLS streams, batching and the in-process hairpin around the pure core in
//! [`crate::turn`]. It owns every socket and thread of the relay; what a packet means is decided below, who the people
//! are is not known here.
//!
//! A packet goes down once and up once: a worker reads a batch into its buffers, the core answers what to do with each
//! range of bytes, the worker sends whole runs. Nothing is shared between workers but the table of relayed transport
//! addresses, which is read without a lock.

mod options;

use std::fmt;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};

pub use options::{FastPaths, Options, Ports};

/// A relay whose sockets are bound and which has not handled a packet yet.
#[derive(Debug)]
pub struct Relay {
    local: Vec<SocketAddr>,
}

impl Relay {
    /// Binds every UDP socket. All of them exist before the first packet is read: the kernel spreads clients over a
    /// group of sockets by hash, and a group that grows later would move clients from one worker to another.
    pub fn bind(_options: Options) -> Result<Relay, BindError> {
        Ok(Relay { local: Vec::new() })
    }

    /// The addresses really bound, in the order of [`Options::listen`]: a wanted port 0 is a number here.
    pub fn local_addresses(&self) -> &[SocketAddr] {
        &self.local
    }

    /// Starts the worker threads. They end with the returned [`Running`].
    pub fn serve(self) -> Running {
        Running { streams: Streams {} }
    }
}

/// The relay at work. Dropping it stops it too.
#[derive(Debug)]
pub struct Running {
    streams: Streams,
}

impl Running {
    /// The door for TCP and TLS clients; cheap to clone.
    pub fn streams(&self) -> Streams {
        self.streams.clone()
    }

    /// What has been done so far, summed over all workers and streams.
    pub fn counters(&self) -> Counts {
        Counts::default()
    }

    /// Stops every worker and waits for their threads: a few milliseconds, so call it outside async code or in
    /// `spawn_blocking`. Streams end on their next wake.
    pub fn stop(self) {}
}

/// Serves TURN over connections that somebody else accepted.
#[derive(Clone, Debug)]
pub struct Streams {}

impl Streams {
    /// Speaks STUN and TURN over `io` until either side ends it. `client` and `local` are the addresses of the TCP
    /// connection (behind a trusted PROXY header: the ones it names); bytes already read must still be in `io`.
    ///
    /// An error is the connection's end by fault: io failed, or the bytes were no STUN. Worth a DEBUG line, no more.
    pub async fn serve<S>(
        &self,
        _io: S,
        _client: SocketAddr,
        _local: SocketAddr,
        _transport: StreamTransport,
    ) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        Ok(())
    }
}

/// How a stream client came in; counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamTransport {
    /// Plain TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
}

/// Why the relay could not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum BindError {
    /// A UDP socket could not be bound; `cause` says why: in use, no permission for a low port, no such address.
    Listen {
        /// The address as it was asked for.
        address: SocketAddr,
        /// What the system said.
        cause: io::Error,
    },
    /// The poll or waker of a worker could not be made: no file descriptors are left.
    Worker(io::Error),
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BindError::Listen { address, .. } => write!(f, "cannot listen on UDP {address} for the relay"),
            BindError::Worker(_) => {
                write!(f, "cannot set up a relay worker; raise the limit of open files (ulimit -n)")
            }
        }
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            BindError::Listen { cause, .. } | BindError::Worker(cause) => Some(cause),
        }
    }
}

/// Totals since the start, read at scrape time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Allocations alive now, over UDP and streams.
    pub allocations: u64,
    /// Packets and bytes (payload only) that clients sent through the relay.
    pub packets_to_peers: u64,
    /// See [`Counts::packets_to_peers`].
    pub bytes_to_peers: u64,
    /// Packets and bytes (payload only) relayed to clients.
    pub packets_to_clients: u64,
    /// See [`Counts::packets_to_clients`].
    pub bytes_to_clients: u64,
    /// Of all relayed packets, those that went from session to session inside the process.
    pub packets_hairpinned: u64,
    /// Packets given up: a full queue, a full socket buffer, no such peer, no permission.
    pub packets_dropped: u64,
}
