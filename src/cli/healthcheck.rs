//! `callbox healthcheck`: asks the running server's `/healthz` from the inside, for the image, which has no curl.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use super::bounded::Bounded;
use crate::config::{Config, Tls};
use crate::printable::printable;
use crate::proxies::LOCAL;
use crate::tls::{ALPN_HTTP_1, unverified_client};

/// For all of it: a server that needs longer is not healthy. The image's HEALTHCHECK waits ten seconds and then says nothing of why.
const PATIENCE: Duration = Duration::from_secs(8);

/// More than any health answer is long.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// Of what another program said that has the port.
const LONGEST_WORDS: usize = 200;

/// `Ok` when the server that this configuration describes answers 200.
pub(super) fn ask(config: &Config) -> anyhow::Result<()> {
    let address = reachable(config.listen);
    let mut stream = Bounded::connect(address, PATIENCE)
        .with_context(|| format!("no callbox answers on {address}; is it running with this configuration?"))?;
    if config.expects_preface(address.ip()) {
        stream.write_all(&LOCAL).context("the server stopped listening")?;
    }
    let answer = match config.tls {
        Tls::Off => exchange(stream, address)?,
        _ => exchange(StreamOwned::new(handshake(address)?, stream), address)?,
    };
    match answer.split(' ').nth(1) {
        Some("200") => Ok(()),
        _ => bail!("not healthy: {}", printable(answer.lines().next().unwrap_or("it answered nothing"), LONGEST_WORDS)),
    }
}

/// A wildcard is listened on, not called.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        // "[::]" may have fallen back to 0.0.0.0, and 127.0.0.1 reaches both.
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn exchange(mut stream: impl Read + Write, address: SocketAddr) -> anyhow::Result<String> {
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    let asked = stream.write_all(request.as_bytes()).and_then(|()| stream.flush());
    let read = asked.and_then(|()| stream.take(LONGEST_ANSWER).read_to_end(&mut answer));
    match read {
        // A peer that closes without a TLS goodbye has said what we wanted to know.
        Err(cause) if cause.kind() != io::ErrorKind::UnexpectedEof => {
            Err(cause).context("the server stopped answering")
        }
        _ => Ok(String::from_utf8_lossy(&answer).into_owned()),
    }
}

/// Any certificate will do: we ask ourselves on this machine, send no secret, and whether the certificate is right for
/// people outside cannot be seen from here.
fn handshake(address: SocketAddr) -> anyhow::Result<ClientConnection> {
    let config = unverified_client(&[ALPN_HTTP_1], |_| {});
    Ok(ClientConnection::new(Arc::new(config), ServerName::from(address.ip()))?)
}
