//! Certificates and TLS: where the certificate comes from, and a `rustls` configuration whose certificate can be changed while
//! connections live; and the client's side: whom it believes, and how to look at a certificate whatever it is worth. Accepting
//! connections is the gate's business; so is what follows the handshake.

mod challenges;
mod local_ca;
mod pair;
mod pem;
mod resolver;
mod roots;
mod self_signed;
mod witness;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use aws_lc_rs::digest;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs as provider};
use rustls_pki_types::CertificateDer;
use thiserror::Error;

use crate::data_dir::{self, DataDir};
use resolver::{ForConnection, Resolver};

pub use challenges::Proof;
pub use local_ca::Authority;
pub use pair::Pair;
pub use roots::Roots;
pub use witness::{Shown, unverified_client};

/// HTTP/2, by ALPN (RFC 9113, 3.2).
pub const ALPN_H2: &[u8] = b"h2";
/// HTTP/1.1, by ALPN (RFC 7301, 6).
pub const ALPN_HTTP_1: &[u8] = b"http/1.1";
/// TURN (RFC 7443, 3).
pub const ALPN_TURN: &[u8] = b"stun.turn";
/// STUN (RFC 7443, 3). A client that offers only what we do not list is refused by rustls, so it is listed too.
pub const ALPN_STUN: &[u8] = b"stun.nat-discovery";
/// A certificate authority's validation (RFC 8737, 6.2).
pub const ALPN_ACME: &[u8] = b"acme-tls/1";

/// Where the certificate comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The user's own, as PEM files.
    Files {
        /// The chain, the server's own certificate first.
        cert: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
    /// Made here, kept in `dir`, and made again before it ends or when the names it must cover change.
    SelfSigned {
        /// Keeps the certificate with its key.
        dir: DataDir,
        /// DNS names and IP addresses it must be good for.
        names: Vec<String>,
    },
}

/// Both ends of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Who called.
    pub client: IpAddr,
    /// Our own address, which was called.
    pub local: IpAddr,
}

/// The certificates in use. Clones share them.
#[derive(Clone, Debug)]
pub struct Certificates {
    resolver: Arc<Resolver>,
    provider: Arc<CryptoProvider>,
    /// Who signed the certificate for everybody, if that was us.
    authority: Arc<ArcSwapOption<Authority>>,
}

/// Whether [`Certificates::refresh`] found something new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// New handshakes get another certificate.
    Changed,
    /// All is as it was.
    Unchanged,
}

/// A certificate that is presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InUse {
    /// To whoever asks for this host; `None`: to everybody who asks for nothing special.
    pub host: Option<String>,
    /// Whether it was signed here and nobody else vouches for it.
    pub made_here: bool,
    /// Good from then, as time since 1970 (UTC).
    pub begins: Duration,
    /// Good until then, as time since 1970 (UTC).
    pub ends: Duration,
}

/// What is wrong with a certificate, and how to mend it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A PEM file could not be read.
    #[error("cannot read {}; check its path, its owner and its mode", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
    /// The file has no certificate in it.
    #[error("{} holds no certificate; it must be PEM text with -----BEGIN CERTIFICATE-----", .0.display())]
    NoCertificate(PathBuf),
    /// The file has no key in it that can be used.
    #[error("{} holds no private key; it must be PEM text with -----BEGIN PRIVATE KEY-----, without a passphrase", .0.display())]
    NoKey(PathBuf),
    /// Both are fine and do not belong together.
    #[error("the key {} does not belong to the first certificate in {}; the server's own certificate must come first, and both must be of the same order", .key.display(), .cert.display())]
    Mismatch {
        /// The chain.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// The pair was refused by the TLS library.
    #[error("the certificate cannot be used for TLS")]
    Unusable(#[source] rustls::Error),
    /// The self-signed certificate could not be made.
    #[error("cannot make a self-signed certificate")]
    Make(#[source] rcgen::Error),
    /// It could not be kept.
    #[error(transparent)]
    DataDir(#[from] data_dir::Error),
}

impl Certificates {
    /// Loads the certificate, or makes it.
    pub fn open(source: &Source) -> Result<Certificates, Error> {
        let provider = Arc::new(provider::default_provider());
        let (pair, authority) = obtain(source, &provider)?;
        let authority = Arc::new(ArcSwapOption::from_pointee(authority));
        Ok(Certificates { resolver: Arc::new(Resolver::new(pair)), provider, authority })
    }

    /// Looks again: changed files, a self-signed certificate near its end, an address it does not cover. Connections
    /// that live are not touched; after an error the old certificate stays.
    pub fn refresh(&self, source: &Source) -> Result<Refreshed, Error> {
        let (pair, authority) = obtain(source, &self.provider)?;
        self.authority.store(authority.map(Arc::new));
        if pair.certified.cert == self.resolver.base().certified.cert {
            return Ok(Refreshed::Unchanged);
        }
        self.resolver.replace_base(pair);
        Ok(Refreshed::Changed)
    }

    /// From now on `pair` is for whoever asks for `host`, a DNS name or an address; everybody else gets the certificate
    /// of [`open`](Certificates::open).
    pub fn put(&self, host: &str, pair: Pair) {
        self.resolver.set(host, Some(pair));
    }

    /// Undoes [`put`](Certificates::put).
    pub fn take_away(&self, host: &str) {
        self.resolver.set(host, None);
    }

    /// Reads a chain and its key, both PEM.
    pub fn pair(&self, chain: &[u8], key: &[u8]) -> Option<Pair> {
        Pair::from_pem(chain, key, &self.provider)
    }

    /// Shows the answer to a TLS-ALPN-01 challenge for `host` to whoever asks for `server_name`, as long as the returned
    /// guard lives.
    pub fn show_certificate(&self, server_name: String, host: &str, digest: &[u8]) -> Result<Proof, Error> {
        self.resolver.challenges.show_certificate(server_name, host, digest, &self.provider)
    }

    /// The same for HTTP-01.
    pub fn show_text(&self, token: String, text: String) -> Proof {
        self.resolver.challenges.show_text(token, text)
    }

    /// What to answer to `GET path` over plain HTTP, when a certificate authority may be asking.
    pub fn challenge_text(&self, path: &str) -> Option<String> {
        self.resolver.challenges.text(path.strip_prefix("/.well-known/acme-challenge/")?)
    }

    /// The door for connections: TLS 1.2 and 1.3, our ALPN names, the certificate of the moment.
    pub fn door(&self) -> Result<Door, Error> {
        let builder = ServerConfig::builder_with_provider(self.provider.clone());
        let builder = builder.with_safe_default_protocol_versions().map_err(Error::Unusable)?;
        let nobody = Ends { client: IpAddr::from([0; 4]), local: IpAddr::from([0; 4]) };
        let resolver = ForConnection { resolver: self.resolver.clone(), ends: nobody };
        let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(resolver));
        let alpn = [ALPN_H2, ALPN_HTTP_1, ALPN_TURN, ALPN_STUN, ALPN_ACME];
        config.alpn_protocols = alpn.map(<[u8]>::to_vec).to_vec();
        // Without it, sessions are kept in a table of 256: a page that comes back would shake hands in full.
        config.ticketer = provider::Ticketer::new().map_err(Error::Unusable)?;
        Ok(Door { config, certificates: self.clone() })
    }

    /// SHA-256 of the certificate that everybody gets who asks for nothing special, as browsers show it: pairs of
    /// hexadecimal digits with colons.
    pub fn fingerprint(&self) -> String {
        fingerprint(self.resolver.base().certificate())
    }

    /// The local authority that people may trust instead of being warned; `None` once nobody needs that, because a
    /// public certificate is in use.
    pub fn authority(&self) -> Option<Arc<Authority>> {
        self.authority.load_full().filter(|_| !self.resolver.has_trusted())
    }

    /// What is presented at the moment: first to everybody who asks for nothing special, then to whoever asks for a host that
    /// has its own.
    pub fn in_use(&self) -> Vec<InUse> {
        let base = self.resolver.base();
        let made_here = self.authority.load().is_some() || base.is_self_signed();
        let base = InUse { host: None, made_here, begins: base.begins(), ends: base.ends() };
        let own = self.resolver.own().into_iter().map(|(host, begins, ends)| InUse {
            host: Some(host),
            made_here: false,
            begins,
            ends,
        });
        std::iter::once(base).chain(own).collect()
    }

    /// Whether browsers that open `host` get a certificate that an authority of others signed.
    pub fn is_trusted(&self, host: &str) -> bool {
        let base = self.resolver.base();
        let foreign = self.authority.load().is_none() && !base.is_self_signed();
        self.resolver.has_trusted_for(host) || (foreign && base.covers(host))
    }
}

impl Authority {
    /// SHA-256 of its certificate, as devices show it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.certificate)
    }
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let hash = digest::digest(&digest::SHA256, certificate);
    hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

/// What accepts TLS connections.
#[derive(Clone, Debug)]
pub struct Door {
    config: ServerConfig,
    certificates: Certificates,
}

impl Door {
    /// The configuration for a connection between `ends`: a client that opened an address sends no server name, and
    /// gets the certificate of the address it reached.
    pub fn config(&self, ends: Ends) -> Arc<ServerConfig> {
        let resolver = ForConnection { resolver: self.certificates.resolver.clone(), ends };
        let mut config = self.config.clone();
        config.cert_resolver = Arc::new(resolver);
        Arc::new(config)
    }

    /// See [`Certificates::challenge_text`].
    pub fn challenge_text(&self, path: &str) -> Option<String> {
        self.certificates.challenge_text(path)
    }
}

fn obtain(source: &Source, provider: &CryptoProvider) -> Result<(Pair, Option<Authority>), Error> {
    match source {
        Source::Files { cert, key } => Ok((pem::load(cert, key, provider)?, None)),
        Source::SelfSigned { dir, names } => {
            let (pair, authority) = self_signed::load_or_make(dir, names, SystemTime::now(), provider)?;
            Ok((pair, Some(authority)))
        }
    }
}
