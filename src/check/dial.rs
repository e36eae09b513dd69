//! Connections to the server: TCP and TLS, each within its time, each failure as what was seen.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ProtocolVersion;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::certificate::{Record, Seen};
use super::report::Failure;
use super::target::Target;
use crate::tls::{ALPN_HTTP_1, Roots, unverified_client};

/// A connection, encrypted or not.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Opens connections to one target.
#[derive(Debug)]
pub(super) struct Dialer {
    target: Target,
    judge: Arc<WebPkiServerVerifier>,
    /// For each step.
    pub(super) patience: Duration,
    /// What each TCP connection begins with.
    preface: Vec<u8>,
}

/// A finished handshake.
pub(super) struct Handshake {
    pub(super) stream: Box<dyn Duplex>,
    pub(super) certificate: Seen,
    /// As people call it.
    pub(super) version: &'static str,
}

impl Dialer {
    /// `roots`: who may sign the certificate.
    pub(super) fn new(target: Target, roots: &Roots, patience: Duration, preface: Vec<u8>) -> Result<Dialer, Failure> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let judge = WebPkiServerVerifier::builder_with_provider(roots.store(), provider).build();
        let judge = judge.map_err(|cause| Failure::Other(cause.to_string()))?;
        Ok(Dialer { target, judge, patience, preface })
    }

    /// A TCP connection.
    pub(super) async fn tcp(&self, address: SocketAddr) -> Result<TcpStream, Failure> {
        let mut stream = TcpStream::connect(address).await?;
        let _ = stream.set_nodelay(true);
        stream.write_all(&self.preface).await?;
        Ok(stream)
    }

    /// TLS as a page's connections have it, or as TURN's, which offer no protocol.
    pub(super) async fn tls(&self, address: SocketAddr, is_page: bool) -> Result<Handshake, Failure> {
        let stream = self.tcp(address).await?;
        let (record, judge) = (Record::default(), self.judge.clone());
        let to = record.clone();
        let alpn: &[&[u8]] = if is_page { &[ALPN_HTTP_1] } else { &[] };
        let config = unverified_client(alpn, move |shown| to.take_down(&judge, shown));
        let name = ServerName::try_from(self.target.host.clone());
        let name = name.map_err(|_| Failure::Other("this is no name for a certificate".to_owned()))?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(tls_failure)?;
        let version = match stream.get_ref().1.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
            _ => "TLS 1.2",
        };
        let certificate = record.seen().ok_or(Failure::Other("the server showed no certificate".to_owned()))?;
        Ok(Handshake { stream: Box::new(stream), certificate, version })
    }

    /// A connection for HTTP.
    pub(super) async fn http(&self, address: SocketAddr) -> Result<Box<dyn Duplex>, Failure> {
        match self.target.tls {
            true => Ok(self.tls(address, true).await?.stream),
            false => Ok(Box::new(self.tcp(address).await?)),
        }
    }

    /// `work` with the time it took; too long is no answer.
    pub(super) async fn timed<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> (Duration, Result<T, Failure>) {
        let begun = Instant::now();
        let done = timeout(self.patience, work).await.unwrap_or(Err(Failure::NoAnswer));
        (begun.elapsed(), done)
    }
}

/// A handshake's failure comes as an `io::Error` around rustls' own.
fn tls_failure(error: std::io::Error) -> Failure {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidMessage(_)) => Failure::NotTls,
        Some(tls) => Failure::TlsBroken(tls.to_string()),
        None => error.into(),
    }
}
