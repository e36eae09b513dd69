//! `/test/ice`: each way to the relay by itself, with credentials for a test.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::clock::Now;
use crate::http::Options;
use crate::pass::{TEST, TurnCredentials};

/// Long enough for a test on a bad line.
const TTL: Duration = Duration::from_secs(300);

#[derive(Serialize)]
struct Ice<'a> {
    /// Seconds.
    ttl: u64,
    /// Relayed addresses lead to callers of this relay alone.
    #[serde(rename = "virtual", skip_serializing_if = "is_false")]
    is_virtual: bool,
    /// This is one of several servers, and whether it is cut off from the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    apart: Option<bool>,
    probes: Vec<Probe<'a>>,
}

/// One port and transport.
#[derive(Serialize)]
struct Probe<'a> {
    /// `stun`, `udp`, `tcp` or `tls`.
    transport: &'static str,
    /// RFC 7064, RFC 7065.
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<&'a str>,
}

/// The document. Without a relay there is nothing to try. `apart`: from the other servers, if this is one of several.
pub(super) fn json(host: &str, options: &Options, apart: Option<bool>) -> String {
    let credentials = options.turn_passes.issue(&fresh_id(), TTL, Now::read());
    let probes = probes(host, options, credentials.as_ref());
    let ice = Ice { ttl: TTL.as_secs(), is_virtual: options.turn_is_virtual, apart, probes };
    serde_json::to_string(&ice).expect("texts and a number always have a JSON form")
}

fn probes<'a>(host: &str, options: &Options, credentials: Option<&'a TurnCredentials>) -> Vec<Probe<'a>> {
    let mut probes = Vec::new();
    for port in &options.turn_ports {
        let at = format!("{host}:{}", port.port);
        if port.udp {
            probes.push(Probe { transport: "stun", url: format!("stun:{at}"), username: None, credential: None });
        }
        let Some(credentials) = credentials else { continue };
        let ways = [
            (port.udp, "udp", format!("turn:{at}?transport=udp")),
            (port.tcp, "tcp", format!("turn:{at}?transport=tcp")),
            (port.tls, "tls", format!("turns:{at}?transport=tcp")),
        ];
        probes.extend(ways.into_iter().filter(|(offered, ..)| *offered).map(|(_, transport, url)| Probe {
            transport,
            url,
            username: Some(&credentials.username),
            credential: Some(credentials.password.expose()),
        }));
    }
    probes
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Drawn anew for everybody, so that nobody meets another's quota.
fn fresh_id() -> String {
    let mut bytes = [0; 12];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's generator does not fail once it is seeded");
    format!("{TEST}{}", URL_SAFE_NO_PAD.encode(bytes))
}
