//! The connection to the store: plain, or TLS by our own crypto provider (the library's TLS takes whichever provider other crates
//! have switched on), with the certificate checked in either case against authorities that are named.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionAddr};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Address, words};

/// Who may sign the store's certificate.
#[derive(Clone, Debug)]
pub struct Roots(Arc<RootCertStore>);

impl Roots {
    /// Those that browsers trust.
    pub fn public() -> Roots {
        Roots(Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }))
    }

    /// Those in a PEM file.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read(file: &str) -> Result<Roots, String> {
        let pem =
            fs::read(Path::new(file)).map_err(|cause| format!("is not a file that callbox can read ({cause})"))?;
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(&pem) {
            let root = root.map_err(|cause| format!("is no PEM file ({cause})"))?;
            roots.add(root).map_err(|cause| format!("holds what is no authority's certificate ({cause})"))?;
        }
        if roots.is_empty() { Err("holds no certificate".to_owned()) } else { Ok(Roots(Arc::new(roots))) }
    }
}

/// Connects, says who we are, and agrees on RESP3.
pub(super) async fn connect(address: &Address, config: AsyncConnectionConfig) -> Result<MultiplexedConnection, String> {
    let (Some(roots), ConnectionAddr::Tcp(host, port)) = (&address.tls, address.info.addr()) else {
        let client = Client::open(address.info.clone()).map_err(words)?;
        return client.get_multiplexed_async_connection_with_config(&config).await.map_err(words);
    };
    let stream = TcpStream::connect((&**host, *port)).await.map_err(|cause| cause.to_string())?;
    let _ = stream.set_nodelay(true);
    let name =
        ServerName::try_from(host.clone()).map_err(|_| "its address has no name that a certificate could be for")?;
    let stream =
        TlsConnector::from(tls(roots)?).connect(name, stream).await.map_err(|cause| format!("TLS: {cause}"))?;
    let settings = address.info.redis_settings();
    let (connection, driver) = MultiplexedConnection::new_with_config(settings, stream, config).await.map_err(words)?;
    // Ends with the last copy of the connection.
    tokio::spawn(driver);
    Ok(connection)
}

fn tls(Roots(roots): &Roots) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|cause| cause.to_string())?;
    Ok(Arc::new(builder.with_root_certificates(roots.clone()).with_no_client_auth()))
}
