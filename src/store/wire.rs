//! The connection to the store: plain, or TLS by our own crypto provider (the library's TLS takes whichever provider other crates
//! have switched on), with the certificate checked in either case against authorities that are named.

use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionAddr};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Address, words};

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
    let stream = TlsConnector::from(Arc::new(roots.client()))
        .connect(name, stream)
        .await
        .map_err(|cause| format!("TLS: {cause}"))?;
    let settings = address.info.redis_settings();
    let (connection, driver) = MultiplexedConnection::new_with_config(settings, stream, config).await.map_err(words)?;
    // Ends with the last copy of the connection.
    tokio::spawn(driver);
    Ok(connection)
}
