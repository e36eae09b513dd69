//! TLS as a client that lets every handshake come to its end, whatever is wrong with the certificate, and shows it to somebody:
//! to ask ourselves, and to say what a browser would. Nothing secret may ever go over such a connection.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs as provider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

/// What a server shows of itself.
#[derive(Debug)]
pub struct Shown<'a> {
    /// Its own certificate.
    pub end_entity: &'a CertificateDer<'a>,
    /// Those that lead from it to an authority.
    pub intermediates: &'a [CertificateDer<'a>],
    /// For whom it has to be good.
    pub name: &'a ServerName<'a>,
    /// A word of the authority's, or nothing.
    pub ocsp: &'a [u8],
    /// By this machine's clock.
    pub now: UnixTime,
}

/// A configuration that offers these protocols and shows each certificate to `look`.
pub fn unverified_client(alpn: &[&[u8]], look: impl Fn(&Shown<'_>) + Send + Sync + 'static) -> ClientConfig {
    let provider = Arc::new(provider::default_provider());
    let witness = Arc::new(Witness { provider: provider.clone(), look: Box::new(look) });
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.expect("this provider has suites of TLS 1.2 and of 1.3");
    let mut config = builder.dangerous().with_custom_certificate_verifier(witness).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    config
}

struct Witness {
    provider: Arc<CryptoProvider>,
    look: Box<dyn Fn(&Shown<'_>) + Send + Sync>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        (self.look)(&Shown { end_entity, intermediates, name, ocsp, now });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Witness")
    }
}
