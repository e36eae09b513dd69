//! The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt, 2020-03-05): what a TCP proxy sends before the
//! first byte of the connection that it passes on.
//!
//! ```text
//! 1   PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n
//! 2   0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A   version, command | family, protocol | length | addresses, TLVs
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Whom a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preface {
    /// Somebody else's connection, passed on.
    Passed {
        /// Who called the proxy.
        client: SocketAddr,
        /// The address that was called.
        called: SocketAddr,
    },
    /// The proxy's own connection, a health check for example, or one whose ends it does not know.
    Own,
}

/// Not the PROXY protocol, or not as its text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedPreface;

/// Every preface is at least so long: `PROXY UNKNOWN\r\n`. So many bytes can be read without reading into what follows.
pub const FIRST_READ: usize = 15;

/// Version 2 without a client, for asking on one's own behalf.
pub const LOCAL: [u8; 16] = *b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00";

/// "the receiver … must be prepared to … 107 chars" (2.1).
const LONGEST_LINE: usize = 107;

/// More extra data than any proxy adds; what it means (a name, a certificate's subject) is not looked at.
const MOST_EXTRA: usize = 4096;

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
const HEADER: usize = 16;

/// Reads what came so far. `Ok(Err(more))`: nothing is wrong yet, and the preface has at least `more` bytes more, so a
/// reader that takes exactly these never takes what belongs to the connection.
pub fn read_preface(bytes: &[u8]) -> Result<Result<Preface, usize>, MalformedPreface> {
    let common = |expected: &[u8]| bytes.iter().zip(expected).all(|(byte, expected)| byte == expected);
    if common(&SIGNATURE) {
        binary(bytes)
    } else if common(b"PROXY ") {
        line(bytes)
    } else {
        Err(MalformedPreface)
    }
}

/// Version 1 (2.1).
fn line(bytes: &[u8]) -> Result<Result<Preface, usize>, MalformedPreface> {
    let Some(text) = bytes.strip_suffix(b"\r\n") else {
        let more = if bytes.ends_with(b"\r") { 1 } else { 2 };
        return if bytes.len() + more > LONGEST_LINE { Err(MalformedPreface) } else { Ok(Err(more)) };
    };
    let text = std::str::from_utf8(text).map_err(|_| MalformedPreface)?;
    let mut words = text.split(' ').skip(1);
    let family = words.next();
    if family == Some("UNKNOWN") {
        // "the receiver must ignore anything presented before the CRLF"
        return Ok(Ok(Preface::Own));
    }
    let fields: Vec<&str> = words.collect();
    let &[from, to, from_port, to_port] = &fields[..] else { return Err(MalformedPreface) };
    let address = |ip: &str, port: &str| Some(SocketAddr::new(ip_of(family, ip)?, port_of(port)?));
    let passed = address(from, from_port).zip(address(to, to_port));
    let (client, called) = passed.ok_or(MalformedPreface)?;
    Ok(Ok(Preface::Passed { client: canonical(client), called: canonical(called) }))
}

fn ip_of(family: Option<&str>, text: &str) -> Option<IpAddr> {
    match family {
        Some("TCP4") => text.parse::<Ipv4Addr>().ok().map(IpAddr::from),
        Some("TCP6") => text.parse::<Ipv6Addr>().ok().map(IpAddr::from),
        _ => None,
    }
}

/// "a decimal integer in the range [0..65535] inclusive" without "heading zeroes".
fn port_of(text: &str) -> Option<u16> {
    let port: u16 = text.parse().ok()?;
    (port.to_string() == text).then_some(port)
}

/// Version 2 (2.2).
fn binary(bytes: &[u8]) -> Result<Result<Preface, usize>, MalformedPreface> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else { return Ok(Err(HEADER - bytes.len())) };
    let [.., version_command, family, high, low] = *header;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > MOST_EXTRA {
        return Err(MalformedPreface);
    }
    if rest.len() < length {
        return Ok(Err(length - rest.len()));
    }
    match (version_command, family) {
        // LOCAL: "the receiver must accept this connection as valid and must use the real connection endpoints and
        // discard the protocol block including the family"
        (0x20, _) => Ok(Ok(Preface::Own)),
        (0x21, 0x11) => addresses::<4>(rest),
        (0x21, 0x21) => addresses::<16>(rest),
        // UNSPEC: "the receiver … must ignore any address information"
        (0x21, 0x00) => Ok(Ok(Preface::Own)),
        // UDP cannot come over TCP, and a Unix socket has no address that a limit or a relay could use
        _ => Err(MalformedPreface),
    }
}

/// Both addresses, then both ports; behind them TLVs, which are skipped.
fn addresses<const N: usize>(bytes: &[u8]) -> Result<Result<Preface, usize>, MalformedPreface>
where
    IpAddr: From<[u8; N]>,
{
    let (from, rest) = bytes.split_first_chunk::<N>().ok_or(MalformedPreface)?;
    let (to, rest) = rest.split_first_chunk::<N>().ok_or(MalformedPreface)?;
    let [f0, f1, t0, t1] = *rest.first_chunk::<4>().ok_or(MalformedPreface)?;
    let address = |ip: [u8; N], port| canonical(SocketAddr::new(ip.into(), u16::from_be_bytes(port)));
    Ok(Ok(Preface::Passed { client: address(*from, [f0, f1]), called: address(*to, [t0, t1]) }))
}

/// A proxy that listens for both families tells `::ffff:192.0.2.7`; everybody further in means 192.0.2.7.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
