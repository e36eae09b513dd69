//! Certificates and TLS: where the certificate comes from, and a `rustls` configuration whose certificate can be
//! changed while connections live. Accepting connections is the gate's business; so is what follows the handshake.

mod pem;
mod resolver;
mod self_signed;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use aws_lc_rs::digest;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs as provider};
use rustls::sign::CertifiedKey;
use thiserror::Error;

use crate::data_dir::{self, DataDir};
use resolver::Resolver;

/// HTTP/2, by ALPN (RFC 9113, 3.2).
pub const ALPN_H2: &[u8] = b"h2";
/// HTTP/1.1, by ALPN (RFC 7301, 6).
pub const ALPN_HTTP_1: &[u8] = b"http/1.1";
/// TURN (RFC 7443, 3).
pub const ALPN_TURN: &[u8] = b"stun.turn";
/// STUN (RFC 7443, 3). A client that offers only what we do not list is refused by rustls, so it is listed too.
pub const ALPN_STUN: &[u8] = b"stun.nat-discovery";

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

/// The certificate in use. Clones share it.
#[derive(Clone, Debug)]
pub struct Certificates {
    resolver: Arc<Resolver>,
    provider: Arc<CryptoProvider>,
}

/// Whether [`Certificates::refresh`] found something new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// New handshakes get another certificate.
    Changed,
    /// All is as it was.
    Unchanged,
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
        let pair = obtain(source, &provider)?;
        Ok(Certificates { resolver: Arc::new(Resolver::new(pair)), provider })
    }

    /// Looks again: changed files, a self-signed certificate near its end, an address it does not cover. Connections
    /// that live are not touched; after an error the old certificate stays.
    pub fn refresh(&self, source: &Source) -> Result<Refreshed, Error> {
        let pair = obtain(source, &self.provider)?;
        if pair.cert == self.resolver.current().cert {
            return Ok(Refreshed::Unchanged);
        }
        self.resolver.replace(pair);
        Ok(Refreshed::Changed)
    }

    /// The configuration for accepting connections: TLS 1.2 and 1.3, our ALPN names, the certificate of the moment.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, Error> {
        let builder = ServerConfig::builder_with_provider(self.provider.clone());
        let builder = builder.with_safe_default_protocol_versions().map_err(Error::Unusable)?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(self.resolver.clone());
        config.alpn_protocols = [ALPN_H2, ALPN_HTTP_1, ALPN_TURN, ALPN_STUN].map(<[u8]>::to_vec).to_vec();
        // Without it, sessions are kept in a table of 256: a page that comes back would shake hands in full.
        config.ticketer = provider::Ticketer::new().map_err(Error::Unusable)?;
        Ok(Arc::new(config))
    }

    /// SHA-256 of the certificate, as browsers show it: pairs of hexadecimal digits with colons.
    pub fn fingerprint(&self) -> String {
        let pair = self.resolver.current();
        let der = pair.cert.first().map(AsRef::as_ref).unwrap_or_default();
        let hash = digest::digest(&digest::SHA256, der);
        hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }
}

fn obtain(source: &Source, provider: &CryptoProvider) -> Result<CertifiedKey, Error> {
    match source {
        Source::Files { cert, key } => pem::load(cert, key, provider),
        Source::SelfSigned { dir, names } => self_signed::load_or_make(dir, names, SystemTime::now(), provider),
    }
}
