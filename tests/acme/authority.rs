//! A real certificate authority for one test: Debian's Pebble on loopback, with its DNS server, both ended with the test.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};
use tempfile::TempDir;

use crate::server::{PATIENCE, exchange, free_ports};

/// See the module's text.
pub(crate) struct Authority {
    pebble: Child,
    dns: Option<Child>,
    folder: TempDir,
    api: SocketAddr,
    management: SocketAddr,
    settings: Settings,
}

/// How Pebble is started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settings {
    /// Where it looks for TLS-ALPN-01.
    pub(crate) tls_port: u16,
    /// And for HTTP-01.
    pub(crate) http_port: u16,
    /// Only accounts bound to `kid-1` are made.
    pub(crate) external_account: bool,
}

/// The HMAC key of `kid-1`, from Pebble's own example.
pub(crate) const EXTERNAL_KEY: &str = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";

/// Why no test with Pebble can run here; `None` when all is there.
pub(crate) fn missing() -> Option<&'static str> {
    let there = |command: &str| {
        std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(command).is_file()))
    };
    (!there("pebble") || !there("pebble-challtestsrv")).then_some("Debian's pebble is not installed")
}

impl Authority {
    /// Starts it and waits until it answers. Its dice stay as they are: it refuses one nonce in twenty.
    pub(crate) fn start(settings: Settings) -> Authority {
        let folder = tempfile::tempdir().unwrap();
        make_certificates(folder.path());
        let [api, management] = free_ports();
        let (api, management) = (([127, 0, 0, 1], api).into(), ([127, 0, 0, 1], management).into());
        let (dns, dns_port) = start_dns();
        let mut authority = Authority { pebble: idle(), dns: Some(dns), folder, api, management, settings };
        authority.write_config();
        authority.pebble = authority.spawn(dns_port);
        authority.wait();
        authority
    }

    /// The directory's address.
    pub(crate) fn directory(&self) -> String {
        format!("https://{}/dir", self.api)
    }

    /// Where its API listens.
    pub(crate) fn api(&self) -> SocketAddr {
        self.api
    }

    /// The root of its API's own certificate, as PEM: `tls.acme.ca_file`.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// For somebody who stands in front of it under the same certificate.
    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        let chain = vec![CertificateDer::from_pem_file(self.folder.path().join("cert.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(self.folder.path().join("key.pem")).unwrap();
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
        Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).unwrap())
    }

    /// The root of what it issues, as PEM. It is made anew at each start.
    pub(crate) fn root(&self) -> String {
        self.ask("/roots/0")
    }

    /// Its network is cut off, and later it is there again.
    pub(crate) fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.pebble.id());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
    }

    fn ask(&self, path: &str) -> String {
        let mut stream = tls(self.management, "127.0.0.1", &fs::read(self.ca_file()).unwrap()).unwrap();
        let answer = exchange(&mut stream, &format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n"));
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    fn write_config(&self) {
        let Settings { tls_port, http_port, external_account } = self.settings;
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let config = format!(
            r#"{{"pebble": {{"listenAddress": "{}", "managementListenAddress": "{}", "certificate": "{}", "privateKey": "{}",
            "httpPort": {http_port}, "tlsPort": {tls_port}, "ocspResponderURL": "",
            "externalAccountBindingRequired": {external_account}, "externalAccountMACKeys": {{"kid-1": "{EXTERNAL_KEY}"}}}}}}"#,
            self.api,
            self.management,
            path("cert.pem"),
            path("key.pem")
        );
        fs::write(self.folder.path().join("pebble.json"), config).unwrap();
    }

    fn spawn(&self, dns_port: u16) -> Child {
        let log = fs::File::create(self.folder.path().join("pebble.log")).unwrap();
        Command::new("pebble")
            .args(["-config".as_ref(), self.folder.path().join("pebble.json").as_os_str()])
            .args(["-dnsserver", &format!("127.0.0.1:{dns_port}")])
            // Its validations would begin up to fifteen seconds late.
            .env("PEBBLE_VA_NOSLEEP", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    fn wait(&mut self) {
        let start = Instant::now();
        while TcpStream::connect(self.management).is_err() || TcpStream::connect(self.api).is_err() {
            let log = fs::read_to_string(self.folder.path().join("pebble.log")).unwrap_or_default();
            assert!(start.elapsed() < PATIENCE && self.pebble.try_wait().unwrap().is_none(), "pebble: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let children = std::iter::once(&mut self.pebble).chain(&mut self.dns);
        for child in children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A TLS connection to `address` that is good for `host` under the roots in `roots` (PEM).
pub(crate) fn tls(
    address: SocketAddr,
    host: &str,
    roots: &[u8],
) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let mut store = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(roots) {
        store.add(root.unwrap()).unwrap();
    }
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_root_certificates(store).with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from(host.to_owned()).unwrap()).unwrap();
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut stream = StreamOwned::new(connection, stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

/// Answers every name with 127.0.0.1, and no name with an IPv6 address.
fn start_dns() -> (Child, u16) {
    let [port] = free_ports();
    let child = Command::new("pebble-challtestsrv")
        .args(["-dns01", &format!("127.0.0.1:{port}"), "-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""])
        .args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-management", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (child, port)
}

fn idle() -> Child {
    Command::new("true").spawn().unwrap()
}

/// Debian ships no certificate for Pebble's own API: a root, and a leaf for loopback.
fn make_certificates(folder: &Path) {
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &root).unwrap();
    fs::write(folder.join("ca.pem"), root.pem()).unwrap();
    fs::write(folder.join("cert.pem"), leaf.pem()).unwrap();
    let mut file = fs::File::create(folder.join("key.pem")).unwrap();
    file.write_all(key.serialize_pem().as_bytes()).unwrap();
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
