//! How a stream becomes requests: HTTP/1.1 or HTTP/2, each with an end for whoever says nothing.

use std::io;
use std::pin::pin;
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Connection, Site};

/// How long a request's head may take, and how long a connection may wait for its next request.
const PATIENCE: Duration = Duration::from_secs(30);

/// For a connection's first words when the server is about to stop: they follow the handshake at once.
const PREFACE: Duration = Duration::from_secs(1);

/// Between two signs of life on an HTTP/2 connection.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// For a head with a long address and many cookies of neighbouring sites; hyper's own 400 KiB is for nobody.
const MOST_HEAD: usize = 16 << 10;

/// A page asks for its modules at once, and waits for no other page's.
const STREAMS: u32 = 100;

impl Site {
    /// Serves HTTP/1.1 on `io` until the peer or `shutdown` ends it: on shutdown the request under way is finished.
    /// A WebSocket that began here goes on in a task of the site and is closed with 1001 by the same `shutdown`.
    /// Returns quietly whatever the peer does; what went wrong is logged at debug level.
    pub async fn serve_h1<IO>(&self, io: IO, connection: Connection, shutdown: CancellationToken)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let asked = Notify::new();
        let service = service_fn(|request| {
            asked.notify_one();
            self.serve::<IO>(request, connection, shutdown.clone())
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(MOST_HEAD);
        let mut serving = pin!(builder.serve_connection(TokioIo::new(io), service).with_upgrades());
        let served = tokio::select! {
            served = serving.as_mut() => served,
            () = shutdown.cancelled() => {
                // hyper closes without an answer where the first request is still on its way.
                tokio::select! {
                    served = serving.as_mut() => return log(served, connection),
                    _ = timeout(PREFACE, asked.notified()) => {}
                }
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        log(served, connection);
    }

    /// Serves HTTP/2 on `io` (ALPN `h2`, or prior knowledge), WebSockets by RFC 8441 included; otherwise as
    /// [`serve_h1`](Site::serve_h1).
    pub async fn serve_h2<IO>(&self, io: IO, connection: Connection, shutdown: CancellationToken)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let site = self.clone();
        let token = shutdown.clone();
        let service = service_fn(move |request| {
            let (site, token) = (site.clone(), token.clone());
            async move { site.serve::<IO>(request, connection, token).await }
        });
        let too_late = async {
            shutdown.cancelled().await;
            tokio::time::sleep(PREFACE).await;
        };
        let begun = tokio::select! {
            begun = timeout(PATIENCE, with_preface(io)) => begun.ok(),
            () = too_late => None,
        };
        let Some(Ok(io)) = begun else {
            return tracing::debug!(client = %connection.client, "HTTP/2 was agreed upon and not spoken");
        };
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new()).keep_alive_interval(KEEP_ALIVE).keep_alive_timeout(PATIENCE);
        builder.max_header_list_size(MOST_HEAD as u32).max_concurrent_streams(STREAMS).enable_connect_protocol();
        let mut serving = pin!(builder.serve_connection(TokioIo::new(io), service));
        let served = tokio::select! {
            served = serving.as_mut() => served,
            () = shutdown.cancelled() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        log(served, connection);
    }
}

/// `io` once the whole preface of HTTP/2 (RFC 9113, 3.4) has come, which is still in it: hyper waits for it without end.
async fn with_preface<IO: AsyncRead + AsyncWrite>(io: IO) -> io::Result<impl AsyncRead + AsyncWrite> {
    let (mut read, write) = tokio::io::split(io);
    let mut preface = [0; b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len()];
    read.read_exact(&mut preface).await?;
    Ok(tokio::io::join(io::Cursor::new(preface).chain(read), write))
}

/// What goes wrong here is the peer's doing: a closed lid, a scanner, a broken proxy.
fn log(served: hyper::Result<()>, Connection { client, scheme, .. }: Connection) {
    if let Err(error) = served {
        tracing::debug!(%client, ?scheme, %error, "connection ended");
    }
}
