//! `callbox proxy NAME`: what to write into a reverse proxy's configuration, and into callbox's own, so that the page, the
//! WebSocket and, where that proxy can, the relay get through it with the callers' real addresses.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use clap::ValueEnum;

use crate::config::{Config, Tls};

/// The proxies whose notation we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Proxy {
    /// nginx; Debian's nginx-light will do
    Nginx,
    /// Caddy, which passes on HTTP alone
    Caddy,
    /// Traefik's file provider
    Traefik,
    /// HAProxy
    Haproxy,
}

/// How much of a connection the proxy understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    /// It takes TLS off and passes requests on.
    Http,
    /// It passes bytes on; TLS is ours.
    Tcp,
}

/// What callbox.toml needs, and whether it has it.
struct Need {
    line: String,
    met: bool,
}

/// The snippet, with what it needs and cannot do as comments above it: what is printed can be redirected into a file.
pub(super) fn snippet(proxy: Proxy, config: &Config) -> String {
    let layer = if proxy == Proxy::Caddy || config.tls == Tls::Off { Layer::Http } else { Layer::Tcp };
    let upstream = upstream(config.listen);
    let name = config.names.first().map_or("call.example.org", String::as_str);
    let mut text = String::new();
    for line in about(layer, config) {
        let _ = writeln!(text, "# {line}");
    }
    let _ = writeln!(text, "#\n# callbox.toml needs:");
    for Need { line, met } in needs(layer, config) {
        let _ = writeln!(text, "#   {line:<44} ({})", if met { "so it is" } else { "MISSING" });
    }
    text + "\n" + &template(proxy, layer).replace("@NAME@", name).replace("@UPSTREAM@", &upstream.to_string())
}

fn template(proxy: Proxy, layer: Layer) -> &'static str {
    match (proxy, layer) {
        (Proxy::Nginx, Layer::Http) => include_str!("proxy/nginx-http.conf"),
        (Proxy::Nginx, Layer::Tcp) => include_str!("proxy/nginx-tcp.conf"),
        (Proxy::Caddy, _) => include_str!("proxy/Caddyfile"),
        (Proxy::Traefik, Layer::Http) => include_str!("proxy/traefik-http.yaml"),
        (Proxy::Traefik, Layer::Tcp) => include_str!("proxy/traefik-tcp.yaml"),
        (Proxy::Haproxy, Layer::Http) => include_str!("proxy/haproxy-http.cfg"),
        (Proxy::Haproxy, Layer::Tcp) => include_str!("proxy/haproxy-tcp.cfg"),
    }
}

/// What gets through and what does not.
fn about(layer: Layer, config: &Config) -> Vec<String> {
    let port = config.listen.port();
    let udp = format!("UDP {port} goes to callbox directly, past the proxy: open it in the firewall.");
    match (layer, &config.turn) {
        (Layer::Tcp, None) => vec!["The page and signaling get through; TLS is callbox's own.".to_owned()],
        (Layer::Tcp, Some(_)) => {
            vec!["The page, signaling and the relay over TLS get through on 443; TLS is callbox's own.".to_owned(), udp]
        }
        (Layer::Http, None) => vec!["The page and signaling get through; TLS is the proxy's.".to_owned()],
        (Layer::Http, Some(_)) => vec![
            "The page and signaling get through; TLS is the proxy's. An HTTP proxy cannot carry the relay:".to_owned(),
            format!("{udp} So does TCP {port}."),
            "Callers whose network lets out nothing but HTTPS do not reach the relay this way; with TLS in".to_owned(),
            "callbox, `callbox proxy nginx`, `haproxy` and `traefik` print one that carries everything.".to_owned(),
        ],
    }
}

fn needs(layer: Layer, config: &Config) -> Vec<Need> {
    let proxy = upstream(config.listen).ip();
    let trusted = config.trusted_proxies.iter().any(|block| block.contains(&proxy));
    let need = |line: String, met| Need { line, met };
    let mut needs = vec![need(format!("http.trusted_proxies = [\"{proxy}\"]"), trusted)];
    match layer {
        Layer::Http => {
            needs.push(need("http.proxy_protocol = false".to_owned(), !config.proxy_protocol));
            needs.push(need("tls.mode = \"off\"".to_owned(), config.tls == Tls::Off));
        }
        Layer::Tcp => {
            needs.push(need("http.proxy_protocol = true".to_owned(), config.proxy_protocol));
            needs.push(need("public_port = 443".to_owned(), config.public_port == Some(443)));
        }
    }
    let own_port = config.listen.port() != 443;
    needs.push(need("listen at another port than 443".to_owned(), own_port));
    needs
}

/// Where a proxy on this machine finds callbox.
fn upstream(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        // "[::]" takes IPv4 too, and may be IPv4 alone where there is no IPv6.
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) | IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Inputs, load};

    fn config(flags: &[(&'static str, &str)]) -> Config {
        let flags = flags.iter().map(|(key, value)| (*key, "--flag", (*value).to_owned())).collect();
        load(Inputs { file: Some("config.example.toml".into()), flags, ..Inputs::default() }).unwrap()
    }

    #[test]
    fn every_snippet_is_filled_in() {
        for flags in [&[("names", "tea.example.org")][..], &[("names", "tea.example.org"), ("tls.mode", "off")]] {
            for proxy in Proxy::value_variants() {
                let text = snippet(*proxy, &config(flags));
                assert!(!text.contains('@') && text.contains("127.0.0.1:8443"), "{text}");
            }
        }
    }

    #[test]
    fn what_callbox_lacks_is_named_and_what_it_has_is_not_asked_for() {
        assert_eq!(snippet(Proxy::Nginx, &config(&[])).matches("MISSING").count(), 3);
        let set = [("http.trusted_proxies", "127.0.0.1"), ("http.proxy_protocol", "true"), ("public_port", "443")];
        assert!(!snippet(Proxy::Haproxy, &config(&set)).contains("MISSING"));
        let caddy = snippet(Proxy::Caddy, &config(&[]));
        assert!(caddy.contains("tls.mode = \"off\"") && caddy.contains("cannot carry the relay"), "{caddy}");
        assert!(snippet(Proxy::Nginx, &config(&[("listen", "[::]:443")])).matches("MISSING").count() == 4);
    }
}
