//! A callbox that orders its certificates from a test's own authority.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tempfile::TempDir;

use crate::authority::{Authority, Settings, tls};
use crate::server::{Server, callbox, free_ports};

/// The ports of one test, and who uses them.
pub(crate) struct Site {
    pub(crate) tls_port: u16,
    pub(crate) http_port: u16,
    /// Where the one port is called: one of the two loopbacks.
    host: IpAddr,
    /// `KEY=value` for the environment.
    pub(crate) settings: Vec<(String, String)>,
}

impl Site {
    /// Ports that nobody else has.
    pub(crate) fn new() -> Site {
        let [tls_port, http_port] = free_ports();
        Site { tls_port, http_port, host: Ipv4Addr::LOCALHOST.into(), settings: Vec::new() }
    }

    /// Called by IPv6.
    pub(crate) fn on_ipv6(self) -> Site {
        Site { host: Ipv6Addr::LOCALHOST.into(), ..self }
    }

    /// An authority that looks at these ports.
    pub(crate) fn authority(&self) -> Authority {
        Authority::start(self.pebble())
    }

    /// How Pebble is to be started for them.
    pub(crate) fn pebble(&self) -> Settings {
        Settings { tls_port: self.tls_port, http_port: self.http_port, external_account: false }
    }

    /// One more setting.
    pub(crate) fn with(mut self, key: &str, value: &str) -> Site {
        self.settings.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Proved this way alone.
    pub(crate) fn with_challenge(self, challenge: &str) -> Site {
        let plain = format!("127.0.0.1:{}", self.http_port);
        self.with("CALLBOX_TLS__ACME__CHALLENGE", challenge).with("CALLBOX_HTTP__LISTEN", &plain)
    }

    /// Starts callbox, for `host`, ordering from `directory`.
    pub(crate) fn start(&self, authority: &Authority, directory: &str, host: &str, folder: TempDir) -> Server {
        let mut command = callbox(folder.path());
        command
            .args([format!("--listen={}", self.address()), "--turn-listen=".to_owned()])
            .args(["--tls-mode=acme", "--log-level=debug,hyper_util=info,rustls=info"])
            .arg(format!("--name={host}"))
            .env("CALLBOX_TLS__ACME__DIRECTORY", directory)
            .env("CALLBOX_TLS__ACME__CA_FILE", authority.ca_file())
            .envs(self.settings.iter().cloned());
        Server::spawn(folder, command)
    }

    /// Where the one port is.
    pub(crate) fn address(&self) -> SocketAddr {
        (self.host, self.tls_port).into()
    }

    /// Whether a client that trusts `root` alone accepts what it gets for `host`.
    pub(crate) fn is_trusted(&self, host: &str, root: &str) -> bool {
        tls(self.address(), host, root.as_bytes()).is_ok()
    }

    /// The certificate that a client gets for `host`.
    pub(crate) fn certificate(&self, host: &str, root: &str) -> Vec<u8> {
        let stream = tls(self.address(), host, root.as_bytes()).unwrap();
        stream.conn.peer_certificates().unwrap()[0].to_vec()
    }

    /// The certificate that lies in the data folder.
    pub(crate) fn certificate_kept(&self, folder: &TempDir, host: &str) -> Vec<u8> {
        let path = folder.path().join(format!("callbox-data/acme-{host}.pem"));
        CertificateDer::from_pem_file(path).unwrap().to_vec()
    }
}

/// A line of the log that says that a certificate came.
pub(crate) const ISSUED: &str = "trusted certificate in use";
