//! Proxies that tell the truth, strangers who do not, and noise.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::stun::tests::mutation::{config, mutated};

fn proxies() -> TrustedProxies {
    TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap(), "2001:db8:1::/48".parse().unwrap()])
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    lines.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_str(v).unwrap())).collect()
}

/// Who is behind a request of the proxy 10.0.0.1 with these lines.
fn behind(lines: &[(&'static str, &str)]) -> Result<Told, Contradiction> {
    told(&headers(lines), ip("10.0.0.1"), &proxies())
}

fn client(lines: &[(&'static str, &str)]) -> IpAddr {
    behind(lines).unwrap().client
}

#[test]
fn a_stranger_who_writes_the_headers_stays_the_stranger() {
    let lines =
        headers(&[("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1"), ("x-forwarded-proto", "https")]);
    let told = told(&lines, ip("203.0.113.9"), &proxies()).unwrap();
    assert_eq!(told, Told { client: ip("203.0.113.9"), https: None });
}

#[test]
fn the_caller_is_the_rightmost_one_who_is_no_proxy_of_ours() {
    assert_eq!(client(&[("x-forwarded-for", "6.6.6.6, 192.0.2.7")]), ip("192.0.2.7"));
    assert_eq!(client(&[("x-forwarded-for", "6.6.6.6, 192.0.2.7, 10.0.0.2")]), ip("192.0.2.7"));
    assert_eq!(client(&[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "192.0.2.7")]), ip("192.0.2.7"));
    assert_eq!(client(&[("forwarded", "for=6.6.6.6, for=\"192.0.2.7:4711\";proto=https")]), ip("192.0.2.7"));
    assert_eq!(client(&[("forwarded", "proto=https;For=\"[2001:db8::7]:9\"")]), ip("2001:db8::7"));
    assert_eq!(client(&[("x-forwarded-for", "2001:db8::7")]), ip("2001:db8::7"));
    assert_eq!(client(&[("x-forwarded-for", "::ffff:192.0.2.7")]), ip("192.0.2.7"));
}

#[test]
fn a_proxy_that_calls_for_itself_or_hides_its_caller_is_the_caller() {
    assert_eq!(client(&[]), ip("10.0.0.1"));
    assert_eq!(client(&[("x-forwarded-for", "10.0.0.3, 10.0.0.2")]), ip("10.0.0.3"));
    assert_eq!(client(&[("forwarded", "for=6.6.6.6, for=_hidden")]), ip("10.0.0.1"));
    assert_eq!(client(&[("forwarded", "for=unknown, for=10.0.0.2")]), ip("10.0.0.2"));
    assert_eq!(client(&[("x-forwarded-for", "6.6.6.6, nonsense")]), ip("10.0.0.1"));
}

#[test]
fn a_comma_in_quotes_begins_no_hop() {
    assert_eq!(client(&[("forwarded", "for=192.0.2.7;by=\"a, for=6.6.6.6\"")]), ip("192.0.2.7"));
}

#[test]
fn what_a_stranger_wrote_hides_nothing_that_the_proxy_appended_to_it() {
    assert_eq!(client(&[("x-forwarded-for", "é, 192.0.2.7")]), ip("192.0.2.7"));
    assert_eq!(client(&[("forwarded", "for=\"é, for=192.0.2.7")]), ip("192.0.2.7"));
    assert_eq!(client(&[("forwarded", "for=\", for=192.0.2.7;proto=https")]), ip("192.0.2.7"));
}

#[test]
fn two_headers_that_differ_are_refused_because_a_stranger_wrote_one() {
    let lines = [("forwarded", "for=6.6.6.6"), ("x-forwarded-for", "192.0.2.7")];
    assert_eq!(behind(&lines), Err(Contradiction));
    assert_eq!(client(&[("forwarded", "for=192.0.2.7"), ("x-forwarded-for", "192.0.2.7")]), ip("192.0.2.7"));
}

#[test]
fn whether_the_caller_came_by_https_is_told_by_the_hop_that_saw_the_caller() {
    let https = |lines: &[(&'static str, &str)]| behind(lines).unwrap().https;
    assert_eq!(https(&[]), None);
    assert_eq!(https(&[("x-forwarded-proto", "https")]), Some(true));
    assert_eq!(https(&[("x-forwarded-for", "192.0.2.7"), ("x-forwarded-proto", "http")]), Some(false));
    let chain = [("x-forwarded-for", "192.0.2.7, 10.0.0.2"), ("x-forwarded-proto", "https, http")];
    assert_eq!(https(&chain), Some(true));
    assert_eq!(https(&[("forwarded", "for=192.0.2.7;proto=https, for=10.0.0.2;proto=http")]), Some(true));
    // What the caller wrote of itself stands to the left of the caller
    assert_eq!(https(&[("forwarded", "for=6.6.6.6;proto=https, for=192.0.2.7;proto=http")]), Some(false));
}

fn passed(client: &str, called: &str) -> Result<Result<Preface, usize>, MalformedPreface> {
    Ok(Ok(Preface::Passed { client: client.parse().unwrap(), called: called.parse().unwrap() }))
}

fn v2(version_command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let mut bytes = LOCAL[..12].to_vec();
    bytes.extend([version_command, family]);
    bytes.extend((rest.len() as u16).to_be_bytes());
    bytes.extend(rest);
    bytes
}

const V4: [u8; 12] = [192, 0, 2, 7, 198, 51, 100, 1, 0x12, 0x34, 1, 187];

#[test]
fn both_versions_tell_who_called_and_what_was_called() {
    let line = b"PROXY TCP4 192.0.2.7 198.51.100.1 4660 443\r\n";
    assert_eq!(read_preface(line), passed("192.0.2.7:4660", "198.51.100.1:443"));
    let line = b"PROXY TCP6 2001:db8::7 2001:db8::1 4660 443\r\n";
    assert_eq!(read_preface(line), passed("[2001:db8::7]:4660", "[2001:db8::1]:443"));
    assert_eq!(read_preface(&v2(0x21, 0x11, &V4)), passed("192.0.2.7:4660", "198.51.100.1:443"));
    let six: Vec<u8> = [ip("2001:db8::7"), ip("2001:db8::1")]
        .iter()
        .flat_map(|ip| match ip {
            IpAddr::V6(ip) => ip.octets(),
            IpAddr::V4(_) => unreachable!(),
        })
        .chain([0x12, 0x34, 1, 187])
        .collect();
    assert_eq!(read_preface(&v2(0x21, 0x21, &six)), passed("[2001:db8::7]:4660", "[2001:db8::1]:443"));
    // With a TLV behind the addresses: PP2_TYPE_NOOP, 3 bytes
    assert_eq!(
        read_preface(&v2(0x21, 0x11, &[&V4[..], &[4, 0, 3, 1, 2, 3]].concat())),
        passed("192.0.2.7:4660", "198.51.100.1:443")
    );
}

#[test]
fn a_proxys_own_connection_is_its_own() {
    for own in [LOCAL.to_vec(), v2(0x20, 0x11, &V4), v2(0x21, 0, &[1, 2, 3])] {
        assert_eq!(read_preface(&own), Ok(Ok(Preface::Own)));
    }
    assert_eq!(read_preface(b"PROXY UNKNOWN\r\n"), Ok(Ok(Preface::Own)));
    assert_eq!(read_preface(b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"), Ok(Ok(Preface::Own)));
}

#[test]
fn what_is_not_written_as_the_text_says_is_refused() {
    let lines: [&[u8]; 9] = [
        b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1 65536\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n",
        b"PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n",
        b"PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n",
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01",
        b"proxy UNKNOWN\r\n",
    ];
    let endless = [&b"PROXY UNKNOWN "[..], &[b'x'; 200]].concat();
    let binaries = [
        v2(0x11, 0x11, &V4),
        v2(0x22, 0x11, &V4),
        v2(0x21, 0x12, &V4),
        v2(0x21, 0x31, &[0; 216]),
        v2(0x21, 0x11, &V4[..11]),
        v2(0x21, 0x11, &[0; 5000]),
    ];
    for bytes in lines.into_iter().chain([&*endless]).chain(binaries.iter().map(Vec::as_slice)) {
        assert_eq!(read_preface(bytes), Err(MalformedPreface), "{}", bytes.escape_ascii());
    }
}

/// Every kind of preface, with the first bytes of a conversation behind some of them.
fn prefaces() -> Vec<Vec<u8>> {
    vec![
        b"PROXY TCP4 192.0.2.7 198.51.100.1 4660 443\r\n".to_vec(),
        b"PROXY TCP6 2001:db8::7 2001:db8::1 4660 443\r\nGET /".to_vec(),
        b"PROXY UNKNOWN\r\n".to_vec(),
        LOCAL.to_vec(),
        v2(0x21, 0x11, &V4),
        v2(0x21, 0x21, &[7; 36]),
        [v2(0x21, 0x11, &[&V4[..], &[4, 0, 3, 1, 2, 3]].concat()), b"\x16\x03\x01".to_vec()].concat(),
    ]
}

/// The way the gate reads: exactly as many bytes as the preface surely has. The rest is what belongs to the connection.
fn read_as_it_comes(bytes: &[u8]) -> (Option<Preface>, &[u8]) {
    let mut taken = FIRST_READ;
    while let Some(so_far) = bytes.get(..taken) {
        match read_preface(so_far) {
            Ok(Ok(preface)) => return (Some(preface), &bytes[taken..]),
            Ok(Err(more)) => {
                assert!(more > 0, "or reading would never end");
                taken += more;
            }
            Err(MalformedPreface) => break,
        }
    }
    (None, bytes)
}

#[test]
fn not_a_byte_is_taken_from_what_follows() {
    for preface in
        [b"PROXY TCP4 192.0.2.7 198.51.100.1 4660 443\r\n".to_vec(), LOCAL.to_vec(), v2(0x21, 0x21, &[7; 36])]
    {
        let bytes = [&preface[..], b"GET / HTTP/1.1\r\n"].concat();
        let (read, rest) = read_as_it_comes(&bytes);
        assert!(read.is_some());
        assert_eq!(rest, b"GET / HTTP/1.1\r\n", "after {}", preface.escape_ascii());
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_preface_makes_the_gate_panic_or_read_for_ever(bytes in mutated(prefaces())) {
        let (preface, rest) = read_as_it_comes(&bytes);
        let taken = bytes.len() - rest.len();
        prop_assert!(taken <= 16 + 4096);
        // What was read by pieces is what is read at once
        if let Some(preface) = preface {
            prop_assert_eq!(read_preface(&bytes[..taken]), Ok(Ok(preface)));
        }
    }

    #[test]
    fn no_forwarding_header_makes_a_stranger_somebody_else(lines in prop::collection::vec(line(), 0..4), peer in any::<[u8; 4]>()) {
        let headers: HeaderMap = lines.iter().filter_map(|(name, value)| {
            Some((HeaderName::from_static(name), HeaderValue::from_bytes(value).ok()?))
        }).collect();
        let peer = IpAddr::from(peer);
        let told = told(&headers, peer, &proxies());
        if !proxies().trusts(peer) {
            prop_assert_eq!(told, Ok(Told { client: peer, https: None }));
        }
    }
}

fn line() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let names = prop::sample::select(vec!["forwarded", "x-forwarded-for", "x-forwarded-proto"]);
    let values = ["for=192.0.2.7;proto=https, for=\"[2001:db8::7]:9\"", "6.6.6.6, 10.0.0.2", "https, http"];
    (names, mutated(values.map(|value| value.as_bytes().to_vec()).to_vec()))
}

#[test]
fn an_ipv4_proxy_is_known_in_both_notations() {
    let mapped: SocketAddr = "[::ffff:10.0.0.1]:5".parse().unwrap();
    assert!(proxies().trusts(mapped.ip()) && !proxies().trusts(ip("::ffff:11.0.0.1")));
}
