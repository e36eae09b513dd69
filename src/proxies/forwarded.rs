//! `Forwarded` (RFC 7239) and its older relatives `X-Forwarded-For` and `X-Forwarded-Proto`: whom a proxy asks for, and
//! whether that side is encrypted.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderMap;
use http::header::FORWARDED;

use super::TrustedProxies;

/// What is known of the caller of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The caller.
    pub client: IpAddr,
    /// Whether the caller's side is encrypted; `None`: nobody said.
    pub https: Option<bool>,
}

/// Two headers name different callers: the proxy writes one of them and passes the other on as a stranger wrote it, and
/// which is which cannot be seen from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contradiction;

/// Who is behind a request of `peer`. From anybody but a trusted proxy, the headers say nothing.
///
/// Every proxy appends whom it got the request from, so the list is read from its right end: the first address there
/// that is no trusted proxy is the caller, and what stands further left is what the caller made up.
pub fn told(headers: &HeaderMap, peer: IpAddr, proxies: &TrustedProxies) -> Result<Told, Contradiction> {
    let peer = peer.to_canonical();
    if !proxies.trusts(peer) {
        return Ok(Told { client: peer, https: None });
    }
    let caller = |hops: Vec<Hop>| (!hops.is_empty()).then(|| caller(peer, &hops, proxies));
    match (caller(forwarded(headers)), caller(x_forwarded(headers))) {
        (Some(one), Some(other)) if one.client != other.client => Err(Contradiction),
        (Some(one), Some(other)) => Ok(Told { https: one.https.or(other.https), ..one }),
        (one, other) => Ok(one.or(other).unwrap_or(Told { client: peer, https: proto_alone(headers) })),
    }
}

/// One step of the way. `None`: an address that the proxy does not tell (RFC 7239, 6.2 and 6.3).
#[derive(Clone, Copy, Debug, Default)]
struct Hop {
    from: Option<IpAddr>,
    https: Option<bool>,
}

fn caller(peer: IpAddr, hops: &[Hop], proxies: &TrustedProxies) -> Told {
    let mut told = Told { client: peer, https: None };
    for hop in hops.iter().rev() {
        told.https = hop.https.or(told.https);
        match hop.from {
            Some(ip) => told.client = ip,
            None => break,
        }
        if !proxies.trusts(told.client) {
            break;
        }
    }
    told
}

fn forwarded(headers: &HeaderMap) -> Vec<Hop> {
    let lines = headers.get_all(FORWARDED).iter().map(|line| String::from_utf8_lossy(line.as_bytes()));
    lines.flat_map(|line| split(&line, ',').map(element).collect::<Vec<_>>()).collect()
}

/// RFC 7239, 4: `for=192.0.2.7;proto=https`, parameters in any order and case.
fn element(text: &str) -> Hop {
    let mut hop = Hop::default();
    for (name, value) in split(text, ';').filter_map(|pair| pair.split_once('=')) {
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "for" => hop.from = node(value),
            "proto" => hop.https = Some(value.eq_ignore_ascii_case("https")),
            _ => {}
        }
    }
    hop
}

/// The parts of `text` between separators that stand in no quotes. Quotes that do not close are none: or what a stranger opens
/// would swallow what the proxy appends.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let closed = text.matches('"').count().is_multiple_of(2);
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= closed && c == '"';
        c == separator && !quoted
    })
}

/// `X-Forwarded-Proto` has one value for each hop, or one from the proxy next to us.
fn x_forwarded(headers: &HeaderMap) -> Vec<Hop> {
    let from: Vec<_> = list(headers, "x-forwarded-for").map(node).collect();
    let protocols: Vec<_> = list(headers, "x-forwarded-proto").map(is_https).collect();
    let each = protocols.len() == from.len();
    let last = protocols.last().copied();
    let https = |at: usize| if each { protocols.get(at).copied() } else { last };
    from.into_iter().enumerate().map(|(at, from)| Hop { from, https: https(at) }).collect()
}

fn proto_alone(headers: &HeaderMap) -> Option<bool> {
    list(headers, "x-forwarded-proto").last().map(is_https)
}

fn is_https(protocol: &str) -> bool {
    protocol.eq_ignore_ascii_case("https") || protocol.eq_ignore_ascii_case("wss")
}

fn list<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let items = headers.get_all(name).into_iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    // What a stranger wrote in no known letters must not hide what the proxy appended to the same line.
    items.map(|item| std::str::from_utf8(item).unwrap_or("?").trim()).filter(|item| !item.is_empty())
}

/// RFC 7239, 6: an address, with a port or without, an IPv6 address in brackets or, as `X-Forwarded-For` has it, bare.
fn node(text: &str) -> Option<IpAddr> {
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let bare = || text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let ip = bracketed.and_then(|ip| ip.parse::<Ipv6Addr>().ok()).map(IpAddr::from);
    ip.or_else(bare).or_else(with_port).map(|ip| ip.to_canonical())
}
