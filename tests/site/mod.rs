//! A site on a port of its own, for tests over real sockets: it ends with the test.

use std::net::SocketAddr;
use std::time::Duration;

use callbox::http::{CallOptions, Connection, Options, Scheme, Site, TurnPort};
use callbox::hub;
use callbox::hub::Invitations;
use callbox::invitation::InvitationKey;
use callbox::pass::{SeatKey, Secret, TurnPasses};
use callbox::proxies::TrustedProxies;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A running site.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    #[allow(dead_code)] // not every test waits for its end
    pub(crate) site: Site,
    _guard: DropGuard,
}

/// What most tests want: every limit at its default, a relay with one secret.
pub(crate) fn options() -> Options {
    Options {
        rooms: hub::Options::default(),
        seat_key: SeatKey::new(&[7; 32]),
        invitations: Invitations::new(InvitationKey::new(&[9; 32], Vec::new()), ""),
        call: CallOptions::default(),
        public_dir: None,
        turn_ports: vec![TurnPort { port: 8443, udp: true, tcp: true, tls: false }],
        turn_is_virtual: false,
        turn_passes: TurnPasses::new(vec![Secret::new("north")], Default::default()),
        turn_ttl: Duration::from_secs(3600),
        max_sockets: 1000,
        max_sockets_per_address: 1000,
        proxies: TrustedProxies::default(),
        certificates: None,
        is_at_443: false,
        cluster: None,
        other_relays: Vec::new(),
    }
}

/// Serves on a free port of the loopback; HTTP/2 by prior knowledge, as the gate would do after ALPN.
pub(crate) async fn run(options: Options) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, shutdown, site) = (listener.local_addr().unwrap(), CancellationToken::new(), Site::new(options));
    tokio::spawn(accept(listener, site.clone(), shutdown.clone()));
    Running { address, shutdown: shutdown.clone(), site, _guard: shutdown.drop_guard() }
}

async fn accept(listener: TcpListener, site: Site, shutdown: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => return,
        };
        let (stream, client) = accepted.unwrap();
        tokio::spawn(serve(stream, client, site.clone(), shutdown.clone()));
    }
}

async fn serve(stream: TcpStream, client: SocketAddr, site: Site, shutdown: CancellationToken) {
    let connection = Connection { client, local: stream.local_addr().unwrap(), scheme: Scheme::Http };
    let mut start = [0; 4];
    let peeked = stream.peek(&mut start).await.unwrap_or(0);
    if &start[..peeked] == b"PRI " {
        site.serve_h2(stream, connection, shutdown).await;
    } else {
        site.serve_h1(stream, connection, shutdown).await;
    }
}
