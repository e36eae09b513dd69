//! Whom a client of ours believes when a server shows its certificate. The roots of browsers are compiled in, so that an empty
//! container image has them too.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs as provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::{ClientConfig, RootCertStore};

/// Who may sign.
#[derive(Clone, Debug)]
pub struct Roots(RootCertStore);

impl Roots {
    /// Those that browsers trust.
    pub fn public() -> Roots {
        Roots(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
    }

    /// Those in a PEM file alone.
    ///
    /// # Errors
    /// What is wrong with the file, to be said after its name.
    pub fn read(file: &Path) -> Result<Roots, String> {
        let mut roots = Roots(RootCertStore::empty());
        roots.add(file)?;
        Ok(roots)
    }

    /// Those in a PEM file, too.
    ///
    /// # Errors
    /// As [`read`](Roots::read).
    pub fn add(&mut self, file: &Path) -> Result<(), String> {
        let before = self.0.len();
        for root in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
            let root = root.map_err(unreadable)?;
            self.0.add(root).map_err(|cause| format!("holds what is no authority's certificate ({cause})"))?;
        }
        if self.0.len() == before { Err("holds no certificate".to_owned()) } else { Ok(()) }
    }

    /// A client that believes these alone, by our own crypto provider.
    pub fn client(&self) -> ClientConfig {
        let builder = ClientConfig::builder_with_provider(Arc::new(provider::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("this provider knows both versions of TLS");
        builder.with_root_certificates(self.0.clone()).with_no_client_auth()
    }

    /// As rustls takes them.
    pub fn store(&self) -> Arc<RootCertStore> {
        Arc::new(self.0.clone())
    }
}

fn unreadable(cause: pem::Error) -> String {
    match cause {
        pem::Error::Io(cause) => format!("is not a file that callbox can read ({cause})"),
        cause => format!("is no PEM file ({cause})"),
    }
}
