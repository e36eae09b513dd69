//! Proofs that a certificate authority comes to see while an order is under way: certificates for TLS-ALPN-01 (RFC 8737)
//! by server name, texts for HTTP-01 (RFC 8555, 8.3) by token. Each is shown exactly as long as its guard lives.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::Error;

/// What is shown at the moment.
#[derive(Debug, Default)]
pub(super) struct Challenges(Mutex<Shown>);

#[derive(Debug, Default)]
struct Shown {
    certificates: HashMap<String, Arc<CertifiedKey>>,
    texts: HashMap<String, String>,
}

/// One proof; dropped, it is shown no longer.
#[derive(Debug)]
pub struct Proof {
    challenges: Arc<Challenges>,
    key: Key,
}

#[derive(Debug)]
enum Key {
    ServerName(String),
    Token(String),
}

impl Challenges {
    pub(super) fn certificate(&self, server_name: &str) -> Option<Arc<CertifiedKey>> {
        self.lock().certificates.get(server_name).cloned()
    }

    pub(super) fn text(&self, token: &str) -> Option<String> {
        self.lock().texts.get(token).cloned()
    }

    /// Shows a certificate for `host` with `digest` in its acmeIdentifier extension to whoever asks for `server_name`.
    pub(super) fn show_certificate(
        self: &Arc<Self>,
        server_name: String,
        host: &str,
        digest: &[u8],
        provider: &CryptoProvider,
    ) -> Result<Proof, Error> {
        let certified = proof_certificate(host, digest, provider)?;
        self.lock().certificates.insert(server_name.clone(), Arc::new(certified));
        Ok(Proof { challenges: self.clone(), key: Key::ServerName(server_name) })
    }

    /// Shows `text` to whoever asks for `token`.
    pub(super) fn show_text(self: &Arc<Self>, token: String, text: String) -> Proof {
        self.lock().texts.insert(token.clone(), text);
        Proof { challenges: self.clone(), key: Key::Token(token) }
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Proof {
    fn drop(&mut self) {
        let mut shown = self.challenges.lock();
        match &self.key {
            Key::ServerName(name) => drop(shown.certificates.remove(name)),
            Key::Token(token) => drop(shown.texts.remove(token)),
        }
    }
}

/// RFC 8737, 3: self-signed, the subject as its only name, and a critical acmeIdentifier extension.
fn proof_certificate(host: &str, digest: &[u8], provider: &CryptoProvider) -> Result<CertifiedKey, Error> {
    let mut params = CertificateParams::new([host.to_owned()]).map_err(Error::Make)?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate().map_err(Error::Make)?;
    let certificate = params.self_signed(&key).map_err(Error::Make)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = provider.key_provider.load_private_key(key).map_err(Error::Unusable)?;
    // Not from_der: that compares both by a parser that refuses the critical extension.
    Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
}
