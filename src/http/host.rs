//! Under which name a browser reached us, and whether a socket is opened by our own page.

use std::net::IpAddr;

use http::header::{self, HeaderMap};
use http::uri::Authority;
use http::{Request, Uri};

use super::{Connection, Scheme};

/// The host a browser used, without its port; an IPv6 address keeps its brackets. So the relay's addresses are right on a
/// laptop, in a home network and under a domain alike, with nothing configured.
pub(super) fn host<B>(request: &Request<B>, connection: &Connection) -> String {
    match authority(request) {
        Some(authority) => authority.host().to_owned(),
        None => match connection.local.ip().to_canonical() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        },
    }
}

/// Whether the page that opens a socket came from here. A program that is no browser sends no `Origin` and needs no
/// protection from foreign pages; a browser always sends one (RFC 6455, 10.2).
///
/// A page that came in the clear may have been written by anybody on the way, so where we know of https it is foreign. The
/// other way round says nothing: a proxy may take TLS off without telling us.
pub(super) fn is_own_page<B>(request: &Request<B>, scheme: Scheme) -> bool {
    let Some(origin) = request.headers().get(header::ORIGIN) else { return true };
    let origin: Option<Uri> = origin.to_str().ok().and_then(|origin| origin.parse().ok());
    let (Some(origin), Some(own)) = (origin, authority(request)) else { return false };
    let encrypted = origin.scheme_str() == Some("https");
    if scheme == Scheme::Https && !encrypted {
        return false;
    }
    let default = if encrypted { 443 } else { 80 };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(default);
    let foreign = origin.authority();
    foreign.is_some_and(|page| page.host().eq_ignore_ascii_case(own.host()) && port(page) == port(&own))
}

/// `:authority` in HTTP/2, `Host` in HTTP/1.1.
fn authority<B>(request: &Request<B>) -> Option<Authority> {
    request.uri().authority().cloned().or_else(|| host_header(request.headers()))
}

fn host_header(headers: &HeaderMap) -> Option<Authority> {
    headers.get(header::HOST)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, headers: &[(&str, &str)]) -> Request<()> {
        let request = headers.iter().fold(Request::get(uri), |request, (name, value)| request.header(*name, *value));
        request.body(()).unwrap()
    }

    fn is_own(host: &str, origin: &str) -> bool {
        is_own_page(&request("/ws", &[("host", host), ("origin", origin)]), Scheme::Https)
    }

    #[test]
    fn only_our_own_page_may_open_a_socket() {
        assert!(is_own("call.example.org", "https://call.example.org"));
        assert!(is_own("call.example.org:443", "https://call.example.org"));
        assert!(is_own("call.example.org:8443", "https://CALL.example.org:8443"));
        assert!(is_own("[::1]:8443", "https://[::1]:8443"));
        assert!(is_own_page(&request("/ws", &[("host", "call.example.org")]), Scheme::Https), "no browser");
        for foreign in [
            "https://evil.example",
            "https://call.example.org:8443",
            "null",
            "",
            "file://",
            "https://call.example.org.evil",
        ] {
            assert!(!is_own("call.example.org", foreign), "{foreign}");
        }
    }

    #[test]
    fn a_page_in_the_clear_is_foreign_where_https_is_spoken() {
        assert!(!is_own("call.example.org", "http://call.example.org"));
        let clear = request("/ws", &[("host", "call.example.org"), ("origin", "http://call.example.org")]);
        assert!(is_own_page(&clear, Scheme::Http));
        let unsaid = request("/ws", &[("host", "call.example.org"), ("origin", "https://call.example.org")]);
        assert!(is_own_page(&unsaid, Scheme::Http), "a proxy took TLS off and did not say so");
    }

    #[test]
    fn the_relay_is_offered_under_the_name_the_browser_used() {
        let connection = Connection {
            client: "[::1]:5000".parse().unwrap(),
            local: "[2001:db8::1]:443".parse().unwrap(),
            scheme: Scheme::Https,
        };
        assert_eq!(host(&request("/ws", &[("host", "192.0.2.7:8443")]), &connection), "192.0.2.7");
        assert_eq!(host(&request("/ws", &[("host", "[::1]:8443")]), &connection), "[::1]");
        assert_eq!(host(&request("https://call.example.org/ws", &[]), &connection), "call.example.org");
        assert_eq!(host(&request("/ws", &[]), &connection), "[2001:db8::1]");
        assert_eq!(host(&request("/ws", &[("host", "a b\"c")]), &connection), "[2001:db8::1]");
    }
}
