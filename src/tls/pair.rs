//! A certificate chain with its key, ready for handshakes, and what is written in it: for which hosts, from when, until when.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// See the module's text. Clones share the key.
#[derive(Clone, Debug)]
pub struct Pair {
    pub(super) certified: Arc<CertifiedKey>,
    hosts: BTreeSet<String>,
    begins: Duration,
    ends: Duration,
}

impl Pair {
    /// Reads PEM texts: the chain, the server's own certificate first, and its key. `None` for what is no certificate
    /// with its key.
    pub fn from_pem(chain: &[u8], key: &[u8], provider: &CryptoProvider) -> Option<Pair> {
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().ok()?;
        let key = PrivateKeyDer::from_pem_slice(key).ok()?;
        Pair::new(CertifiedKey::from_der(chain, key, provider).ok()?)
    }

    pub(super) fn new(certified: CertifiedKey) -> Option<Pair> {
        let (_, cert) = X509Certificate::from_der(certified.cert.first()?).ok()?;
        let since_1970 = |seconds: i64| Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        let (begins, ends) = (cert.validity().not_before.timestamp(), cert.validity().not_after.timestamp());
        let (hosts, begins, ends) = (hosts(&cert), since_1970(begins), since_1970(ends));
        Some(Pair { certified: Arc::new(certified), hosts, begins, ends })
    }

    /// Whether `host`, a DNS name or an IP address, is named in the certificate. Wildcards are not looked into.
    pub fn covers(&self, host: &str) -> bool {
        self.hosts.contains(host)
    }

    /// Whether nobody but its own key vouches for it.
    pub(super) fn is_self_signed(&self) -> bool {
        X509Certificate::from_der(self.certificate()).is_ok_and(|(_, cert)| cert.issuer() == cert.subject())
    }

    /// Good from then, as time since 1970 (UTC).
    pub fn begins(&self) -> Duration {
        self.begins
    }

    /// Good until then, as time since 1970 (UTC).
    pub fn ends(&self) -> Duration {
        self.ends
    }

    /// The server's own certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        self.certified.cert.first().expect("a pair is made only of a chain that has a first certificate")
    }
}

fn hosts(cert: &X509Certificate<'_>) -> BTreeSet<String> {
    let extension = cert.subject_alternative_name().ok().flatten();
    let names = extension.iter().flat_map(|extension| &extension.value.general_names);
    names.filter_map(text_of).collect()
}

fn text_of(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.to_lowercase()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)).ok().map(|ip| ip.to_string())
        }
        _ => None,
    }
}
