//! One connection from its first byte to the door it belongs to. Every wait has an end: a client that says nothing, or
//! says it a byte at a time, is dropped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::http::Request;
use hyper::body::Incoming;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::admitted::Admitted;
use super::counts::{Counts, Outcome};
use super::listener::{Purpose, canonical};
use super::redirect;
use crate::admission::Place;
use crate::http::{self, Scheme, Site};
use crate::proxies::{FIRST_READ, Preface, TrustedProxies, read_preface};
use crate::relay::{StreamTransport, Streams};
use crate::tls;

/// Where streams are handed to.
#[derive(Debug)]
pub(super) struct Doors {
    pub(super) site: Site,
    pub(super) relay: Option<Streams>,
    pub(super) tls: Option<tls::Door>,
    /// Where plain HTTP is sent on to.
    pub(super) https_port: u16,
    pub(super) proxies: TrustedProxies,
    /// Whether their connections begin with the PROXY protocol.
    pub(super) proxy_protocol: bool,
    pub(super) counts: Counts,
    pub(super) shutdown: CancellationToken,
    /// Cuts off who has not asked for anything yet.
    pub(super) cut: CancellationToken,
}

/// From accept, or from the PROXY protocol, to the first byte; and for the latter itself. Browsers open a connection they may never use; it is dropped sooner than it is missed.
const FIRST_BYTE: Duration = Duration::from_secs(5);

/// For the whole handshake: three round trips over a bad satellite link, with room to spare.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The content type of a TLS handshake record (RFC 8446, 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// Both ends of a connection.
#[derive(Clone, Copy, Debug)]
struct Ends {
    client: SocketAddr,
    local: SocketAddr,
}

/// What the first bytes in the clear begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Tls,
    Stun,
    Http,
}

impl Doors {
    /// Serves one connection to its end. What comes next is boxed at every step, here and below: a future is as large as
    /// the largest one in it, and strangers who never get further must not be given memory for an HTTP/2 connection.
    pub(super) async fn receive(
        self: Arc<Self>,
        mut stream: TcpStream,
        mut place: Place,
        peer: SocketAddr,
        purpose: Purpose,
    ) {
        let Ok(local) = stream.local_addr().map(canonical) else { return };
        let mut ends = Ends { client: peer, local };
        if self.proxy_protocol && self.proxies.trusts(peer.ip()) {
            let Some(preface) = self.in_time(FIRST_BYTE, preface(&mut stream)).await.flatten() else {
                debug!(proxy = %peer, "closed: a trusted proxy did not begin with the PROXY protocol");
                return;
            };
            if let Preface::Passed { client, called } = preface {
                ends = Ends { client, local: called };
                if !place.count_for(client.ip()) {
                    self.counts.count(Outcome::Refused);
                    debug!(%client, "connection refused: too many are open");
                    return;
                }
            }
        }
        let client = ends.client;
        let Some(first) = self.in_time(FIRST_BYTE, first_byte(&stream)).await.flatten() else {
            self.counts.count(Outcome::Silent);
            debug!(%client, "closed: not a byte came");
            return;
        };
        let stream = Admitted::new(stream, place);
        match (purpose, protocol_of(first)) {
            (Purpose::Everything, Protocol::Tls) => Box::pin(self.handshake(stream, ends)).await,
            (Purpose::Everything | Purpose::Turn, Protocol::Stun) => {
                Box::pin(self.relay(stream, ends, StreamTransport::Tcp)).await;
            }
            (Purpose::Everything, Protocol::Http) if self.tls.is_none() => {
                Box::pin(self.site_h1(stream, ends, Scheme::Http)).await;
            }
            (Purpose::Everything, Protocol::Http) => {
                Box::pin(self.redirect(stream, ends, None)).await;
            }
            (Purpose::Redirect, Protocol::Http) => {
                Box::pin(self.redirect(stream, ends, Some(self.https_port))).await;
            }
            (purpose, protocol) => {
                self.counts.count(Outcome::Misspoken);
                debug!(%client, ?purpose, ?protocol, "closed: not spoken on this port");
            }
        }
    }

    async fn handshake(&self, stream: Admitted, ends: Ends) {
        let Some(door) = &self.tls else { return };
        let config = door.config(tls::Ends { client: ends.client.ip().to_canonical(), local: ends.local.ip() });
        match self.in_time(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await {
            Some(Ok(stream)) => {
                self.counts.count(Outcome::Handshaken);
                Box::pin(self.after_handshake(stream, ends)).await;
            }
            Some(Err(cause)) => {
                self.counts.count(Outcome::HandshakeFailed);
                debug!(client = %ends.client, %cause, "TLS handshake failed");
            }
            None => {
                self.counts.count(Outcome::HandshakeTimedOut);
                debug!(client = %ends.client, "TLS handshake took too long");
            }
        }
    }

    async fn redirect(&self, stream: Admitted, ends: Ends, port: Option<u16>) {
        let connection = connection(ends, Scheme::Http);
        let in_the_clear = |request: Request<Incoming>| {
            let proof = self.tls.as_ref().and_then(|door| door.challenge_text(request.uri().path()));
            let site = self.site.clone();
            async move {
                match proof {
                    Some(proof) => Ok(redirect::proof(proof)),
                    None => site.in_the_clear(request, connection).await,
                }
            }
        };
        redirect::serve(stream, ends.local, port, in_the_clear, self.shutdown.clone()).await;
    }

    async fn after_handshake(&self, mut stream: TlsStream<Admitted>, ends: Ends) {
        match stream.get_ref().1.alpn_protocol() {
            Some(tls::ALPN_H2) => {
                let connection = connection(ends, Scheme::Https);
                Box::pin(self.site.serve_h2(stream, connection, self.shutdown.clone())).await;
            }
            Some(tls::ALPN_HTTP_1) => Box::pin(self.site_h1(stream, ends, Scheme::Https)).await,
            // RFC 8737, 3: no application data follows.
            Some(tls::ALPN_ACME) => drop(self.in_time(FIRST_BYTE, stream.shutdown()).await),
            Some(_) => Box::pin(self.relay(stream, ends, StreamTransport::Tls)).await,
            None => Box::pin(self.without_alpn(BufReader::new(stream), ends)).await,
        }
    }

    /// Browsers offer no ALPN for TURN, and scripts none for HTTP: the first byte tells them apart.
    async fn without_alpn(&self, mut stream: BufReader<TlsStream<Admitted>>, ends: Ends) {
        let Some(Ok([first, ..])) = self.in_time(FIRST_BYTE, stream.fill_buf()).await else {
            debug!(client = %ends.client, "closed: TLS and then not a byte");
            return;
        };
        match protocol_of(*first) {
            Protocol::Stun => Box::pin(self.relay(stream, ends, StreamTransport::Tls)).await,
            Protocol::Http => Box::pin(self.site_h1(stream, ends, Scheme::Https)).await,
            Protocol::Tls => debug!(client = %ends.client, "closed: TLS inside TLS"),
        }
    }

    async fn site_h1<IO>(&self, io: IO, ends: Ends, scheme: Scheme)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.site.serve_h1(io, connection(ends, scheme), self.shutdown.clone()).await;
    }

    async fn relay<IO>(&self, io: IO, ends: Ends, transport: StreamTransport)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some(relay) = &self.relay else { return };
        // Ends with the relay, which may carry on when the site is closed.
        if let Err(cause) = relay.serve(io, ends.client, ends.local, transport).await {
            debug!(client = %ends.client, %cause, "relay connection ended");
        }
    }

    /// `work`, unless it takes too long or is cut off.
    async fn in_time<F: Future>(&self, most: Duration, work: F) -> Option<F::Output> {
        tokio::select! {
            done = timeout(most, work) => done.ok(),
            () = self.cut.cancelled() => None,
        }
    }
}

fn connection(ends: Ends, scheme: Scheme) -> http::Connection {
    http::Connection { client: ends.client, local: ends.local, scheme }
}

/// Takes the PROXY protocol's preface and not a byte of what follows. `None`: it is none, or the peer left.
async fn preface(stream: &mut TcpStream) -> Option<Preface> {
    let mut bytes = vec![0; FIRST_READ];
    stream.read_exact(&mut bytes).await.ok()?;
    loop {
        match read_preface(&bytes).ok()? {
            Ok(preface) => return Some(preface),
            Err(more) => {
                let read = bytes.len();
                bytes.resize(read + more, 0);
                stream.read_exact(&mut bytes[read..]).await.ok()?;
            }
        }
    }
}

/// Looks without taking. `None`: the peer left.
async fn first_byte(stream: &TcpStream) -> Option<u8> {
    let mut byte = [0];
    matches!(stream.peek(&mut byte).await, Ok(1)).then_some(byte[0])
}

/// RFC 7983, 7, for streams: STUN begins with 0 to 3. ChannelData (0x40 to 0x4F) overlaps letters, but needs an
/// allocation first, so no connection begins with it.
fn protocol_of(first: u8) -> Protocol {
    match first {
        TLS_HANDSHAKE => Protocol::Tls,
        0..=3 => Protocol::Stun,
        _ => Protocol::Http,
    }
}
