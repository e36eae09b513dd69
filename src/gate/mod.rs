//! The one TCP port: looks at a connection's first byte, takes TLS off, and hands the stream to the site or to the
//! relay. It knows neither requests nor allocations; it only keeps strangers from holding connections for nothing.
//! A trusted proxy's connection begins with the PROXY protocol where that is switched on, and is then its caller's.
//!
//! ```text
//! first byte    0x16 ── TLS ── ALPN h2 ─────────────► site, HTTP/2
//!                           ├─ ALPN http/1.1 ───────► site, HTTP/1.1
//!                           ├─ ALPN stun.* ─────────► relay
//!                           ├─ ALPN acme-tls/1 ─────► nothing: the handshake was the answer
//!                           └─ none: first byte ────► relay or site (a browser's TURN client offers no ALPN)
//!               0b00…  STUN, TURN ──────────────────► relay
//!               else   HTTP ────────────────────────► a redirect to https, or the answer to a certificate authority;
//!                                                     the site itself when TLS is off
//! ```

mod admitted;
mod connection;
mod counts;
mod inherited;
mod listener;
mod redirect;
mod shortage;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::Admission;
use crate::http::Site;
use crate::proxies::TrustedProxies;
use crate::relay::Streams;
use crate::tls::Door;
use connection::Doors;
pub use counts::{Counts, Outcome};
pub use inherited::Inherited;
use listener::{Listener, Purpose};
pub use shortage::Shortage;

/// Where to listen, and how many connections to hold.
#[derive(Clone, Debug)]
pub struct Options {
    /// The one port: HTTPS, WSS, TURN over TLS and TCP. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Further addresses for TURN over plain TCP alone.
    pub turn_listen: Vec<SocketAddr>,
    /// Where plain HTTP is sent on to https.
    pub redirect_listen: Option<SocketAddr>,
    /// Connections at once.
    pub max_connections: usize,
    /// Connections at once from one address, IPv6 by its /64; loopback and trusted proxies are exempt.
    pub max_connections_per_address: usize,
    /// Proxies that are believed.
    pub proxies: TrustedProxies,
    /// Whether each of their connections begins with the PROXY protocol.
    pub proxy_protocol: bool,
}

/// Listening sockets that accept nothing yet.
#[derive(Debug)]
pub struct Gate {
    main: Listener,
    others: Vec<Listener>,
    admission: Arc<Admission>,
    counts: Counts,
    proxies: TrustedProxies,
    proxy_protocol: bool,
}

/// Why the gate could not open.
#[derive(Debug, Error)]
#[error("cannot listen on TCP {address}")]
pub struct BindError {
    /// The address as it was asked for.
    pub address: SocketAddr,
    /// What the system said.
    #[source]
    pub cause: io::Error,
}

impl Gate {
    /// Binds every port, so that a port in use is known before anything is served, or takes what is `inherited`. Call it
    /// inside a tokio runtime.
    pub fn bind(options: &Options, inherited: &mut Inherited) -> Result<Gate, BindError> {
        let main = Listener::open(options.listen, Purpose::Everything, inherited)?;
        let turn = options.turn_listen.iter().map(|address| (*address, Purpose::Turn));
        let others = turn.chain(options.redirect_listen.map(|address| (address, Purpose::Redirect)));
        let others =
            others.map(|(address, purpose)| Listener::open(address, purpose, inherited)).collect::<Result<_, _>>()?;
        let admission = Arc::new(Admission::new(options.max_connections, options.max_connections_per_address));
        let (proxies, proxy_protocol) = (options.proxies.clone(), options.proxy_protocol);
        Ok(Gate { main, others, counts: Counts::new(admission.clone()), admission, proxies, proxy_protocol })
    }

    /// The one port's address as bound: a wanted port 0 is a number here.
    pub fn local_address(&self) -> SocketAddr {
        self.main.local
    }

    /// The port that redirects, as bound.
    pub fn redirect_port(&self) -> Option<u16> {
        self.others.iter().find(|listener| listener.purpose == Purpose::Redirect).map(|listener| listener.local.port())
    }

    /// What becomes of connections.
    pub fn counts(&self) -> Counts {
        self.counts.clone()
    }

    /// The listening sockets once more, for the server after this one.
    pub fn share(&self) -> io::Result<Vec<TcpListener>> {
        inherited::share(std::iter::once(&self.main).chain(&self.others).map(|listener| &listener.socket))
    }

    /// Accepts connections until `shutdown`, then waits for those that live: the site's end by the same token, the
    /// relay's with the relay, and those that have not asked for anything yet by `cut`. `tls` absent: the one port speaks plain HTTP. `relay` absent: STUN and TURN are refused.
    pub async fn serve(
        self,
        site: Site,
        relay: Option<Streams>,
        tls: Option<Door>,
        shutdown: CancellationToken,
        cut: CancellationToken,
    ) {
        let https_port = self.main.local.port();
        let (proxies, proxy_protocol, counts) = (self.proxies, self.proxy_protocol, self.counts);
        let doors = Doors { site, relay, tls, https_port, proxies, proxy_protocol, counts, shutdown, cut };
        let doors = Arc::new(doors);
        let connections = TaskTracker::new();
        for listener in self.others.into_iter().chain([self.main]) {
            let accepting = listener.accept_all(doors.clone(), self.admission.clone(), connections.clone());
            connections.spawn(accepting);
        }
        connections.close();
        connections.wait().await;
    }
}
