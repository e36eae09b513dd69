//! The peer connections of one TCP allocation (RFC 6062), as its control connection sees them: opening, accepting,
//! offering them to the client's data connections. Their bytes are carried by those: see `pipe`.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener as StdTcpListener};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::peer_connections::{Ended, Knock, PeerConnection, PeerStream, offer};
use crate::relay::shared::Shared;
use crate::relay::socket;
use crate::turn::{Connect, NotOpened, Route, Throttle};

/// How long a peer may take to accept; then the Connect fails with 447 (RFC 6062, 5.2).
const TO_CONNECT: Duration = Duration::from_secs(30);

/// Sessions of this server at the door at once; the same as the kernel holds for peers outside.
const KNOCKS: usize = 16;

/// See the module's text. Dropping it ends every connection.
pub(super) struct TcpRelay {
    shared: Arc<Shared>,
    doors: Vec<SocketAddr>,
    listeners: Vec<TcpListener>,
    knocks: mpsc::Receiver<Knock>,
    tell: mpsc::UnboundedSender<News>,
    news: mpsc::UnboundedReceiver<News>,
    /// Ends every connection.
    end: CancellationToken,
    /// Ends one.
    ends: HashMap<u32, CancellationToken>,
    throttle: Arc<Throttle>,
    /// Connections being opened or waiting to be joined: at most what the quota allows.
    tasks: JoinSet<()>,
}

/// What has become of a connection.
#[derive(Debug)]
pub(super) enum News {
    /// It is open and waits to be joined.
    Connected(u32),
    /// The peer cannot be reached.
    Failed(u32),
    /// It has ended, joined or not.
    Ended(u32),
}

/// What the session has to tell its core.
pub(super) enum Event {
    /// News of a connection the core knows.
    News(News),
    /// Somebody connected to a relayed transport address.
    Incoming(SocketAddr, Box<dyn PeerStream>),
}

impl TcpRelay {
    /// Listens at the relayed transport addresses `doors`, by `listeners` where peers outside may connect.
    pub(super) fn new(
        shared: Arc<Shared>,
        doors: Vec<SocketAddr>,
        listeners: Vec<StdTcpListener>,
    ) -> Result<TcpRelay, NotOpened> {
        let listeners = listeners.into_iter().map(TcpListener::from_std).collect::<Result<_, _>>();
        let listeners = listeners.map_err(|_| NotOpened::NoPort)?;
        let (door, knocks) = mpsc::channel(KNOCKS);
        doors.iter().for_each(|at| shared.connections.open_door(*at, door.clone()));
        let (tell, news) = mpsc::unbounded_channel();
        let (end, ends, throttle) = (CancellationToken::new(), HashMap::new(), Arc::default());
        Ok(TcpRelay { shared, doors, listeners, knocks, tell, news, end, ends, throttle, tasks: JoinSet::new() })
    }

    /// Opens the connection the core asks for; [`TcpRelay::poll`] tells how it went. `from`: the relayed transport address.
    pub(super) fn connect(&mut self, connect: &Connect, username: &str, from: SocketAddr) {
        let Connect { id, peer, route } = *connect;
        match route {
            Route::Hairpin => match self.shared.connections.knock(peer, from) {
                Some(stream) => {
                    self.offer(id, username, Box::new(stream));
                    self.say(News::Connected(id));
                }
                None => self.say(News::Failed(id)),
            },
            Route::Socket => self.connect_outside(id, peer, username),
        }
    }

    fn connect_outside(&mut self, id: u32, peer: SocketAddr, username: &str) {
        let mut locals = self.listeners.iter().filter_map(|listener| listener.local_addr().ok());
        let Some(local) = locals.find(|local| local.is_ipv4() == peer.is_ipv4()) else {
            return self.say(News::Failed(id));
        };
        let (shared, username, end) = (self.shared.clone(), username.into(), self.end_of(id));
        let (tell, throttle) = (self.tell.clone(), self.throttle.clone());
        self.tasks.spawn(async move {
            let Ok(Ok(stream)) = tokio::time::timeout(TO_CONNECT, socket::connect(local, peer)).await else {
                // Only the session's own end closes this channel.
                let _ = tell.send(News::Failed(id));
                return;
            };
            let ended = Ended { id, tell: tell.clone() };
            let offered = offer(shared, username, PeerConnection { stream: Box::new(stream), end, throttle, ended });
            let _ = tell.send(News::Connected(id));
            offered.wait().await;
        });
    }

    /// Offers a connection that is open already.
    pub(super) fn offer(&mut self, id: u32, username: &str, stream: Box<dyn PeerStream>) {
        let ended = Ended { id, tell: self.tell.clone() };
        let connection = PeerConnection { stream, end: self.end_of(id), throttle: self.throttle.clone(), ended };
        self.tasks.spawn(offer(self.shared.clone(), username.into(), connection).wait());
    }

    /// One family's relayed transport address is given up: nobody connects to it or from it any more.
    pub(super) fn close_family(&mut self, ipv6: bool) {
        self.listeners.retain(|listener| listener.local_addr().is_ok_and(|local| local.is_ipv6() != ipv6));
        let gone = self.doors.extract_if(.., |at| at.is_ipv6() == ipv6);
        gone.for_each(|at| self.shared.connections.close_door(at));
    }

    /// Ends one connection, joined or not.
    pub(super) fn close(&mut self, id: u32) {
        if let Some(end) = self.ends.remove(&id) {
            end.cancel();
        }
    }

    fn end_of(&mut self, id: u32) -> CancellationToken {
        let end = self.end.child_token();
        self.ends.insert(id, end.clone());
        end
    }

    /// What happens next.
    pub(super) fn poll(&mut self, task: &mut Context<'_>) -> Poll<Event> {
        while let Poll::Ready(Some(_)) = self.tasks.poll_join_next(task) {}
        if let Poll::Ready(Some(news)) = self.news.poll_recv(task) {
            if let News::Failed(id) | News::Ended(id) = news {
                self.ends.remove(&id);
            }
            return Poll::Ready(Event::News(news));
        }
        if let Poll::Ready(Some(Knock { from, stream })) = self.knocks.poll_recv(task) {
            return Poll::Ready(Event::Incoming(from, Box::new(stream)));
        }
        for listener in &self.listeners {
            // An error is that of one connection, or of no descriptor left: the next wake tries again.
            if let Poll::Ready(Ok((stream, from))) = listener.poll_accept(task)
                && stream.set_nodelay(true).is_ok()
            {
                return Poll::Ready(Event::Incoming(socket::canonical(from), Box::new(stream)));
            }
        }
        Poll::Pending
    }

    fn say(&self, news: News) {
        // Cannot fail: the other end is in this very struct.
        let _ = self.tell.send(news);
    }
}

impl Drop for TcpRelay {
    fn drop(&mut self) {
        self.end.cancel();
        self.doors.iter().for_each(|at| self.shared.connections.close_door(*at));
    }
}
