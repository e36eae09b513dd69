//! The admin listener's socket and its connections: few, short, and each with an end, so that whoever reaches it can hold
//! nothing of the server, and no one address all of it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

use super::guard::Guard;
use super::server::Server;
use super::{Options, Parts};
use crate::admission::{Admission, Place};
use crate::gate::Shortage;

/// A bound socket that accepts nothing yet.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    local: SocketAddr,
    guard: Guard,
}

/// Why the listener could not open.
#[derive(Debug, Error)]
#[error("cannot listen on TCP {address} for the admin API")]
pub struct BindError {
    /// The address as it was asked for.
    pub address: SocketAddr,
    /// What the system said.
    #[source]
    pub cause: io::Error,
}

/// Operators, their dashboards and their monitoring; a browser opens six.
const MOST_CONNECTIONS: usize = 64;

/// From one address that is not this machine's: whoever reaches the listener without the token must not hold every place.
const MOST_FROM_ONE: usize = 16;

/// For a request's head, and between two requests: longer than Prometheus' usual 15 seconds would keep its connection, but
/// a new one on loopback costs nothing.
const HEAD: Duration = Duration::from_secs(10);

/// For a head with a token and a browser's usual lines.
const MOST_HEAD: usize = 16 << 10;

/// A connection's whole life: whoever stops reading is gone then.
const LIFE: Duration = Duration::from_secs(300);

/// For the answer under way when a connection's time is over, or the server's.
const GOODBYE: Duration = Duration::from_secs(2);

impl Listener {
    /// Binds. Call it inside a tokio runtime.
    pub async fn bind(options: &Options) -> Result<Listener, BindError> {
        let address = options.listen;
        let bound = async {
            let socket = TcpListener::bind(address).await?;
            Ok((socket.local_addr()?, socket))
        };
        let (local, socket) = bound.await.map_err(|cause| BindError { address, cause })?;
        Ok(Listener { socket, local, guard: Guard::new(options.token.clone(), options.names.clone()) })
    }

    /// The address as bound: a wanted port 0 is a number here.
    pub fn local_address(&self) -> SocketAddr {
        self.local
    }

    /// Answers until `shutdown`.
    pub async fn serve(self, parts: Parts, shutdown: CancellationToken) {
        let server = Arc::new(Server::new(self.guard, parts, shutdown.clone()));
        let places = Arc::new(Admission::new(MOST_CONNECTIONS, MOST_FROM_ONE));
        let connections = TaskTracker::new();
        let mut shortage = Shortage::default();
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => break,
                () = shortage.over(self.local) => continue,
                accepted = self.socket.accept() => accepted,
            };
            match accepted.map(|(stream, client)| (stream, places.admit(client.ip().to_canonical(), false))) {
                Ok((stream, Some(place))) => {
                    shortage.accepted();
                    connections.spawn(converse(server.clone(), stream, place, shutdown.clone()));
                }
                Ok((_, None)) => debug!("admin connection refused: too many are open"),
                Err(cause) => shortage.failed(self.local, &cause).await,
            }
        }
        connections.close();
        connections.wait().await;
    }
}

/// One connection to its end.
async fn converse(server: Arc<Server>, stream: TcpStream, _place: Place, shutdown: CancellationToken) {
    let service = service_fn(|request| server.answer(request));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(MOST_HEAD);
    let mut serving = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let over = Instant::now() + LIFE;
    let served = tokio::select! {
        served = serving.as_mut() => served,
        () = shutdown.cancelled() => end(serving.as_mut()).await,
        () = sleep_until(over) => end(serving.as_mut()).await,
    };
    if let Err(cause) = served {
        debug!(%cause, "admin connection ended");
    }
}

/// Lets the answer under way go out, if somebody reads it.
async fn end<S, B>(mut serving: std::pin::Pin<&mut http1::Connection<TokioIo<TcpStream>, S>>) -> hyper::Result<()>
where
    S: hyper::service::HttpService<hyper::body::Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    serving.as_mut().graceful_shutdown();
    timeout(GOODBYE, serving).await.unwrap_or(Ok(()))
}
