//! The text of the wire, as `tests/wire/*.json` documents it: read into the hub's requests, written from its messages.
//! What pages say to each other passes through as the text it came in.

mod decode;
mod encode;

use serde::{Deserialize, Serialize};

pub use self::decode::decode;
pub use self::encode::encode;
use super::ice::IceServer;

/// How one person reaches the relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ice {
    /// The relay's addresses and this person's credentials.
    pub ice_servers: Vec<IceServer>,
    /// How many seconds the credentials are good for.
    pub ice_ttl: u64,
}

/// What an invitation makes of whoever comes by it.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum RoleText {
    Guest,
    Host,
}

/// How a candidate reaches the relay.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum TransportText {
    Udp,
    Tcp,
    Tls,
}
