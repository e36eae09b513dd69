//! The certificate that servers under test show, and a client that trusts it.

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use tempfile::TempDir;

/// A self-signed certificate in files, and a client configuration that trusts it.
pub(crate) struct Identity {
    directory: TempDir,
    client: Arc<ClientConfig>,
}

impl Identity {
    /// A new one for a server at one of `hosts`.
    pub(crate) fn new(hosts: &[Ipv4Addr]) -> Result<Identity> {
        let names: Vec<String> = hosts.iter().map(Ipv4Addr::to_string).collect();
        let made = rcgen::generate_simple_self_signed(names)?;
        let directory = tempfile::tempdir()?;
        fs::write(directory.path().join("cert.pem"), made.cert.pem())?;
        fs::write(directory.path().join("key.pem"), made.signing_key.serialize_pem())?;
        let client = Arc::new(trusting(made.cert.der().clone())?);
        Ok(Identity { directory, client })
    }

    /// The certificate, PEM.
    pub(crate) fn certificate_file(&self) -> PathBuf {
        self.directory.path().join("cert.pem")
    }

    /// Its private key, PEM.
    pub(crate) fn key_file(&self) -> PathBuf {
        self.directory.path().join("key.pem")
    }

    /// What a client needs to connect to whoever shows it.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        self.client.clone()
    }
}

fn trusting(certificate: CertificateDer<'static>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    Ok(ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
