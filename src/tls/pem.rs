//! The user's own certificate: a chain and a key in PEM files, checked to belong together.

use std::fs;
use std::path::Path;

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{Error, Pair};

/// Reads both files.
pub(super) fn load(cert: &Path, key: &Path, provider: &CryptoProvider) -> Result<Pair, Error> {
    let (cert_pem, key_pem) = (read(cert)?, read(key)?);
    let chain: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(&cert_pem).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(|| Error::NoCertificate(cert.to_owned()))?;
    let secret = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|_| Error::NoKey(key.to_owned()))?;
    let certified = CertifiedKey::from_der(chain, secret, provider).map_err(|cause| match cause {
        rustls::Error::InconsistentKeys(_) => Error::Mismatch { cert: cert.to_owned(), key: key.to_owned() },
        cause => Error::Unusable(cause),
    })?;
    Pair::new(certified).ok_or_else(|| Error::NoCertificate(cert.to_owned()))
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|cause| Error::Unreadable { path: path.to_owned(), cause })
}
