//! Where a page finds the relay and with which credentials, in the shape of `RTCIceServer`.

use serde::Serialize;

use super::TurnPort;
use crate::pass::TurnCredentials;

/// One entry of `RTCConfiguration.iceServers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IceServer {
    /// `stun:`, `turn:` and `turns:` addresses (RFC 7064, RFC 7065).
    pub urls: Vec<String>,
    /// For `turn:` and `turns:`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For `turn:` and `turns:`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// The relay at `host`, as its ports are, and those of other nodes; without credentials only its STUN part.
pub(super) fn servers(
    host: &str,
    ports: &[TurnPort],
    others: &[(String, u16)],
    credentials: Option<&TurnCredentials>,
) -> Vec<IceServer> {
    let stun = ports.iter().find(|port| port.udp).map(|port| format!("stun:{host}:{}", port.port));
    let stun = stun.map(|url| IceServer { urls: vec![url], username: None, credential: None });
    let turn = credentials.map(|credentials| IceServer {
        urls: turn_urls(host, ports).into_iter().chain(others.iter().flat_map(other_urls)).collect(),
        username: Some(credentials.username.clone()),
        credential: Some(credentials.password.expose().to_owned()),
    });
    stun.into_iter().chain(turn.filter(|server| !server.urls.is_empty())).collect()
}

/// Every UDP port, because a network may pass one and not the other; of TCP and TLS the first, because every address more
/// makes browsers slower (Chromium warns from the fifth on).
fn turn_urls(host: &str, ports: &[TurnPort]) -> Vec<String> {
    let udp = ports.iter().filter(|port| port.udp).map(|port| format!("turn:{host}:{}?transport=udp", port.port));
    let tcp = ports.iter().find(|port| port.tcp).map(|port| format!("turn:{host}:{}?transport=tcp", port.port));
    let tls = ports.iter().find(|port| port.tls).map(|port| format!("turns:{host}:{}?transport=tcp", port.port));
    udp.chain(tcp).chain(tls).collect()
}

/// Another node's: its callers are on both, so a way over UDP and one for networks without it are enough.
fn other_urls((host, port): &(String, u16)) -> [String; 2] {
    ["udp", "tcp"].map(|transport| format!("turn:{host}:{port}?transport={transport}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pass::Secret;

    #[test]
    fn a_page_gets_one_way_of_each_kind_and_every_udp_port() {
        let ports = [
            TurnPort { port: 443, udp: true, tcp: true, tls: true },
            TurnPort { port: 3478, udp: true, tcp: true, tls: false },
        ];
        let credentials = TurnCredentials { username: "9:a".into(), password: Secret::new("pw") };
        let servers = servers("[::1]", &ports, &[("b.test".to_owned(), 444)], Some(&credentials));
        assert_eq!(servers[0].urls, ["stun:[::1]:443"]);
        assert_eq!(
            servers[1].urls,
            [
                "turn:[::1]:443?transport=udp",
                "turn:[::1]:3478?transport=udp",
                "turn:[::1]:443?transport=tcp",
                "turns:[::1]:443?transport=tcp",
                "turn:b.test:444?transport=udp",
                "turn:b.test:444?transport=tcp"
            ]
        );
        assert_eq!(servers[1].credential.as_deref(), Some("pw"));
    }

    #[test]
    fn without_a_relay_there_is_nothing_to_offer() {
        assert!(servers("localhost", &[], &[], None).is_empty());
    }
}
