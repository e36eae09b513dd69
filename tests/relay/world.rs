//! A relay on loopback, over UDP, TCP and TLS, for one test; and clients of it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callbox::pass::{Secret, TurnPasses};
use callbox::relay::{Options, Ports, Relay, Running, StreamTransport, Streams};
use callbox::turn as turn_rules;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, UdpSocket};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use turn::client::{Client, ClientConfig};
use webrtc_util::Conn;

/// The one user.
pub(crate) const USER: &str = "alice";
/// Her password.
pub(crate) const PASSWORD: &str = "wonder";
/// The shared secret for time-limited credentials.
pub(crate) const SECRET: &str = "north";

/// Peers that are no clients of the relay live here.
pub(crate) const OUTSIDE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Nothing on loopback takes this long; a test that waits longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A relay with its listeners.
pub(crate) struct World {
    pub(crate) running: Option<Running>,
    pub(crate) udp: SocketAddr,
    pub(crate) tcp: SocketAddr,
    pub(crate) tls: SocketAddr,
    pub(crate) runtime: Runtime,
    v6: Option<Doors>,
    certificate: CertificateDer<'static>,
}

/// The listeners on `[::1]`.
#[derive(Clone, Copy)]
pub(crate) struct Doors {
    pub(crate) udp: SocketAddr,
    pub(crate) tcp: SocketAddr,
    pub(crate) tls: SocketAddr,
}

impl World {
    /// A relay with these relayed ports and otherwise what `adjust` makes of the defaults.
    pub(crate) fn with(ports: Ports, adjust: impl FnOnce(&mut Options)) -> World {
        let users = HashMap::from([(USER.to_owned(), Secret::new(PASSWORD))]);
        let passes = TurnPasses::new(vec![Secret::new(SECRET)], users);
        let mut rules = turn_rules::Options::new("callbox", [7; 32], passes);
        rules.mobility = true;
        rules.peers.allowed = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        // A client that tries again and again leaves its allocations behind.
        rules.quotas.per_user = None;
        let mut options = Options::new(rules);
        options.listen = vec![(Ipv4Addr::LOCALHOST, 0).into()];
        let has_ipv6 = has_ipv6();
        if has_ipv6 {
            options.listen.push((Ipv6Addr::LOCALHOST, 0).into());
        }
        options.ports = ports;
        adjust(&mut options);
        // Between drawing a port and binding all of its sockets, another world may take it.
        let bound = (0..20).find_map(|_| Relay::bind(options.clone()).ok());
        let relay = bound.expect("loopback has free ports");
        let addresses = relay.local_addresses().to_vec();
        let running = relay.serve();
        let runtime = Runtime::new().expect("a runtime");
        let (certificate, acceptor) = self_signed();
        let listen =
            |ip: IpAddr, tls: Option<&TlsAcceptor>| runtime.block_on(accept(ip, running.streams(), tls.cloned()));
        let [tcp, tls] = [None, Some(&acceptor)].map(|tls| listen(Ipv4Addr::LOCALHOST.into(), tls));
        let v6 = has_ipv6.then(|| {
            let [tcp, tls] = [None, Some(&acceptor)].map(|tls| listen(Ipv6Addr::LOCALHOST.into(), tls));
            Doors { udp: addresses[addresses.len() - 1], tcp, tls }
        });
        World { running: Some(running), udp: addresses[0], tcp, tls, runtime, v6, certificate }
    }

    /// The doors on `[::1]`; only where [`has_ipv6`].
    pub(crate) fn v6(&self) -> Doors {
        self.v6.expect("a machine with IPv6")
    }

    /// The usual one.
    pub(crate) fn new(ports: Ports) -> World {
        World::with(ports, |_| {})
    }

    /// For a TLS client that trusts this world's certificate.
    pub(crate) fn client_config(&self) -> rustls::ClientConfig {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        rustls::ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map(|config| config.with_root_certificates(roots).with_no_client_auth())
            .unwrap()
    }

    /// For a client that wants roots as PEM.
    pub(crate) fn certificate_pem(&self) -> String {
        let lines = STANDARD.encode(&self.certificate).into_bytes();
        let lines: Vec<_> = lines.chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }

    /// Waits until what the relay has counted satisfies `condition`.
    pub(crate) fn wait_for(&self, what: &str, condition: impl Fn(callbox::relay::Counts) -> bool) {
        let running = self.running.as_ref().expect("not stopped yet");
        let until = Instant::now() + PATIENCE;
        while !condition(running.counts()) {
            assert!(Instant::now() < until, "{what}: {:?}", running.counts());
            std::thread::yield_now();
        }
    }
}

/// Whether this machine has the IPv6 loopback; says so if not.
pub(crate) fn has_ipv6() -> bool {
    let found = std::net::UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    if !found {
        eprintln!("skipped: this machine has no IPv6");
    }
    found
}

/// A range of ports of its own for each world, so that tests can run side by side.
pub(crate) fn range() -> Ports {
    Ports::Range(22000..=22899)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn self_signed() -> (CertificateDer<'static>, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(vec![certificate.clone()], key));
    (certificate, TlsAcceptor::from(Arc::new(config.unwrap())))
}

async fn accept(ip: IpAddr, streams: Streams, tls: Option<TlsAcceptor>) -> SocketAddr {
    let listener = TcpListener::bind((ip, 0)).await.unwrap();
    let bound = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((io, client)) = listener.accept().await {
            let (streams, tls) = (streams.clone(), tls.clone());
            io.set_nodelay(true).unwrap();
            tokio::spawn(async move {
                match tls {
                    None => streams.serve(io, client, bound, StreamTransport::Tcp).await,
                    Some(tls) => streams.serve(tls.accept(io).await?, client, bound, StreamTransport::Tls).await,
                }
            });
        }
    });
    bound
}

/// An allocation of the `turn` crate's client.
pub(crate) struct Allocation {
    _client: Client,
    pub(crate) relayed: SocketAddr,
    pub(crate) conn: Box<dyn Conn + Send + Sync>,
}

impl Allocation {
    /// Allocates over UDP.
    pub(crate) async fn new(server: SocketAddr) -> Allocation {
        let local: SocketAddr = if server.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" }.parse().unwrap();
        let config = ClientConfig {
            stun_serv_addr: server.to_string(),
            turn_serv_addr: server.to_string(),
            username: USER.to_owned(),
            password: PASSWORD.to_owned(),
            realm: String::new(),
            software: String::new(),
            rto_in_ms: 0,
            conn: Arc::new(UdpSocket::bind(local).await.unwrap()),
            vnet: None,
        };
        let client = Client::new(config).await.unwrap();
        client.listen().await.unwrap();
        let conn = client.allocate().await.expect("an allocation");
        Allocation { relayed: conn.local_addr().unwrap(), _client: client, conn: Box::new(conn) }
    }

    /// Sends `data`; the first packet to a new peer asks for its permission, too.
    pub(crate) async fn send(&self, data: &[u8], to: SocketAddr) {
        self.conn.send_to(data, to).await.expect("sent");
    }

    /// What comes next, and from whom.
    pub(crate) async fn hear(&self) -> (Vec<u8>, SocketAddr) {
        let mut buffer = vec![0; 2000];
        let heard = tokio::time::timeout(PATIENCE, self.conn.recv_from(&mut buffer)).await;
        let (length, from) = heard.expect("something arrives").expect("received");
        buffer.truncate(length);
        (buffer, from)
    }
}
