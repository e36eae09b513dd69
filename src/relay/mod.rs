//! The relay's shell: UDP workers, TCP and TLS streams, batching and the in-process hairpin around the pure core in
//! [`crate::turn`]. It owns every socket and thread of the relay; what a packet means is decided below, who the people
//! are is not known here.
//!
//! A packet goes down once and up once: a worker reads a batch into its buffers, the core answers what to do with each
//! range of bytes, the worker sends whole runs. Nothing is shared between workers but the table of relayed transport
//! addresses, which is read without a lock.

mod counters;
mod hairpin;
mod listeners;
mod moving;
mod opener;
mod options;
mod orders;
mod overview;
mod pace;
mod relayed;
mod sessions;
mod shared;
mod socket;
mod strangers;
mod stream;
mod traffic;
mod worker;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Release};
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

pub use counters::Counts;
pub use options::{FastPaths, Options, Ports};

use crate::clock::Now;
use crate::turn::{self, Client, NoMore, Rules, Transport};
use counters::Counters;
use hairpin::{Inbox, Mailbox};
use listeners::Listeners;
use opener::Opener;
use orders::{Order, Orders};
use shared::Shared;
use worker::Worker;

/// A relay whose sockets are bound and which has not handled a packet yet. Dropping it closes them.
#[derive(Debug)]
pub struct Relay {
    local: Vec<SocketAddr>,
    workers: Vec<Waiting>,
    shared: Arc<Shared>,
}

/// A worker's thread before its start.
#[derive(Debug)]
struct Waiting {
    start: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Relay {
    /// Binds every UDP socket. All of them exist before the first packet is read: the kernel spreads clients over a
    /// group of sockets by hash, and a group that grows later would move clients from one worker to another.
    pub fn bind(mut options: Options) -> Result<Relay, BindError> {
        let count = options.workers.unwrap_or_else(cores).get();
        let fast = options.fast.unwrap_or_else(fast_paths_here);
        let Listeners { local, shares, discovery } = Listeners::bind(&options, count, fast)?;
        options.turn.discovery = discovery;
        let polls =
            (0..count).map(|_| poll_and_mailbox()).collect::<io::Result<Vec<_>>>().map_err(BindError::Worker)?;
        let (mailboxes, rest): (Vec<_>, Vec<_>) =
            polls.into_iter().map(|(poll, mail, inbox)| (mail, (poll, inbox))).unzip();
        let shared = Arc::new(share(options, fast, mailboxes));
        let workers = rest.into_iter().zip(shares).enumerate().map(|(me, ((poll, inbox), listeners))| {
            spawn(me, Worker::new(me, poll, listeners, inbox, shared.clone())?)
        });
        let workers = workers.collect::<io::Result<_>>().map_err(BindError::Worker)?;
        Ok(Relay { local, workers, shared })
    }

    /// The addresses really bound, in the order of [`Options::listen`], and then those that
    /// [`Options::nat_discovery`] added: a wanted port 0 is a number here.
    pub fn local_addresses(&self) -> &[SocketAddr] {
        &self.local
    }

    /// Starts the workers. They end with the returned [`Running`].
    pub fn serve(self) -> Running {
        let threads = self.workers.into_iter().map(|worker| {
            // Fails only if the thread has ended already, which joining it reports.
            let _ = worker.start.send(());
            worker.thread
        });
        Running { threads: threads.collect(), streams: Streams { shared: self.shared } }
    }
}

/// One per core this process may use; `available_parallelism` knows cgroup quotas and CPU masks.
fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// What this kernel can be trusted with; says so if that is not all.
fn fast_paths_here() -> FastPaths {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let fast = FastPaths::for_kernel(&release);
    if !fast.gso {
        tracing::warn!(
            kernel = release.trim(),
            "this kernel cuts runs of packets wrongly for some network cards, so each is sent alone; a newer kernel is faster"
        );
    }
    fast
}

fn poll_and_mailbox() -> io::Result<(mio::Poll, Mailbox, Inbox)> {
    let poll = mio::Poll::new()?;
    let (mailbox, inbox) = Mailbox::new(mio::Waker::new(poll.registry(), worker::WAKER)?);
    Ok((poll, mailbox, inbox))
}

fn share(options: Options, fast: FastPaths, mailboxes: Vec<Mailbox>) -> Shared {
    let mut turn = options.turn;
    turn.virtual_only = options.ports == Ports::None;
    turn.tcp_relay = true;
    Shared {
        rules: Rules::new(turn),
        opener: Opener::over(options.ports, options.external_ips, fast),
        connections: stream::PeerConnections::default(),
        tickets: Arc::default(),
        paths: socket::Paths::probe(fast),
        orders: mailboxes.iter().map(|_| Orders::default()).collect(),
        owners: stream::Owners::default(),
        counters: (0..=mailboxes.len()).map(|_| Counters::default()).collect(),
        mailboxes,
        stopping: AtomicBool::new(false),
        streams_end: CancellationToken::new(),
    }
}

fn spawn(me: usize, worker: Worker) -> io::Result<Waiting> {
    let (start, started) = sync_channel(1);
    let body = move || {
        if started.recv().is_ok() {
            worker.run();
        }
    };
    Ok(Waiting { start, thread: thread::Builder::new().name(format!("relay-{me}")).spawn(body)? })
}

/// The relay at work. Dropping it stops it too.
#[derive(Debug)]
pub struct Running {
    threads: Vec<JoinHandle<()>>,
    streams: Streams,
}

impl Running {
    /// The door for TCP and TLS clients; cheap to clone.
    pub fn streams(&self) -> Streams {
        self.streams.clone()
    }

    /// What has been done so far, summed over all workers and streams.
    pub fn counts(&self) -> Counts {
        self.streams.counts()
    }

    /// Stops every worker and waits for their threads: a few milliseconds, so call it outside async code or in
    /// `spawn_blocking`. Streams end by themselves.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.streams.shared.stopping.store(true, Release);
        self.streams.shared.streams_end.cancel();
        self.streams.shared.mailboxes.iter().for_each(Mailbox::wake);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a relay worker ended by a panic");
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// The relay's door for connections that somebody else accepted, for whoever decides about people, and for whoever wants
/// to know what it has done.
#[derive(Clone, Debug)]
pub struct Streams {
    shared: Arc<Shared>,
}

impl Streams {
    /// Speaks STUN and TURN over `io` until either side ends it. `client` and `local` are the addresses of the TCP
    /// connection (behind a trusted PROXY header: the ones it names); bytes already read must still be in `io`.
    ///
    /// An error is the connection's end by fault: io failed, or the bytes were no STUN. Worth a DEBUG line, no more.
    pub async fn serve<S>(
        &self,
        io: S,
        client: SocketAddr,
        local: SocketAddr,
        transport: StreamTransport,
    ) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let transport = match transport {
            StreamTransport::Tcp => Transport::Tcp,
            StreamTransport::Tls => Transport::Tls,
        };
        let client = Client { address: socket::canonical(client), server: socket::canonical(local), transport };
        stream::serve(self.shared.clone(), io, client).await
    }

    /// Ends at once every allocation made with credentials made out to `id`, over whatever transport, and refuses those
    /// credentials until then, in unix time: the last of them must have run out by `until`.
    pub fn revoke(&self, id: &str, until: Duration) {
        self.shared.rules.revoke(id, until, Now::read());
        self.shared.order(&Order::End(id.into()));
        self.shared.owners.end(id);
    }

    /// Whether every worker is at work: each is asked, and has `patience` to answer. Blocks meanwhile.
    pub fn answers(&self, patience: Duration) -> bool {
        self.ask(Order::Answer, patience)
    }

    /// Gives each UDP client a socket of its own, so that no other process on these addresses gets its packets. Blocks until
    /// it is done, or for `patience`.
    pub fn steer(&self, patience: Duration) -> bool {
        self.ask(Order::Steer, patience)
    }

    /// Lets go of the UDP addresses: who has an allocation keeps it, and nobody new is heard. Blocks as [`Streams::steer`].
    pub fn deafen(&self, patience: Duration) -> bool {
        self.ask(Order::Deafen, patience)
    }

    fn ask(&self, order: impl FnOnce(Sender<()>) -> Order, patience: Duration) -> bool {
        let (answer, answers) = channel();
        self.shared.order(&order(answer));
        let until = Instant::now() + patience;
        let answered = |_| answers.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok();
        (0..self.shared.mailboxes.len()).all(answered)
    }

    /// Lets nobody new in from now on (508), or takes this reason back; allocations there are go on.
    pub fn refuse_allocations(&self, why: NoMore, refuse: bool) {
        self.shared.rules.refuse_allocations(why, refuse);
    }

    /// Takes the passes, the quotas and the peer policy of `options`, from the next packet on; nobody's allocation ends.
    pub fn change(&self, options: &turn::Options) {
        self.shared.rules.change(options);
    }

    /// Peers reach this machine by these addresses from now on; see [`Options::external_ips`]. Allocations that are there keep theirs.
    pub fn know_as(&self, external_ips: Vec<IpAddr>) {
        self.shared.opener.know_as(external_ips);
    }

    /// Takes credentials made out to `id` again after a [`Streams::revoke`], and has `id` belong to `circle`: where
    /// [`peers_of_circle`](crate::turn::Options::peers_of_circle) is set, it reaches what others of the circle announce.
    pub fn admit(&self, id: &str, circle: &str) {
        self.shared.rules.admit(id, circle);
    }

    /// See [`Rules::allocated`](turn::Rules::allocated).
    pub fn allocated(&self, id: &str) -> Option<turn::Allocated> {
        self.shared.rules.allocated(id)
    }

    /// Whether [`Streams::announce`] is of use.
    pub fn needs_announcements(&self) -> bool {
        self.shared.rules.needs_announcements()
    }

    /// `id` may be reached at these addresses by the others of its circle.
    pub fn announce(&self, id: &str, addresses: &[IpAddr]) {
        self.shared.rules.announce(id, addresses);
    }

    /// Relayed connections alive now.
    pub fn carries(&self) -> u64 {
        let counts = self.counts();
        counts.allocations_opened.saturating_sub(counts.allocations_closed)
    }

    /// See [`Running::counts`].
    pub fn counts(&self) -> Counts {
        self.shared.counts()
    }

    /// The same for each UDP worker, and at the end for all streams together.
    pub fn counts_apart(&self) -> Vec<Counts> {
        self.shared.counters.iter().map(Counters::read).collect()
    }
}

/// How many turns stream clients have had on the calling thread so far: where they go up, media is under way there.
pub fn turns_of_streams() -> u64 {
    stream::turns()
}

/// How a stream client came in.
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
    /// The poll, the waker or the thread of a worker could not be made: no descriptors or no threads are left.
    Worker(io::Error),
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BindError::Listen { address, .. } => write!(f, "cannot listen on UDP {address} for the relay"),
            BindError::Worker(_) => {
                f.write_str("cannot set up a relay worker; raise the limit of open files (ulimit -n)")
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
