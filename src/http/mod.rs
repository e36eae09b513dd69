//! Everything a browser fetches: the embedded call page, its settings, the public folder, and the WebSocket that leads to
//! the hub. Speaks HTTP/1.1 and HTTP/2 over any stream it is handed; it knows nothing of ports, handshakes or TURN
//! messages, only the addresses and credentials a page needs to reach the relay.

mod answer;
mod body;
mod candidates;
mod conditional;
mod files;
mod frames;
mod headers;
mod host;
mod ice;
mod journal;
mod listing;
mod networks;
mod outbox;
mod page;
mod relay_door;
mod rooms;
mod settings;
mod site;
mod socket;
mod streams;
mod switchboard;
mod tally;
mod test_door;
mod trust;
mod upgrade;
mod web_socket;
mod wire;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use self::body::Body;
pub use self::ice::IceServer;
pub use self::relay_door::RelayDoor;
pub use self::rooms::{Cluster, Elsewhere};
pub use self::site::Site;
pub use self::tally::{Figures, Refused, Tally};
pub use self::test_door::{Opened, Outcome, Probes, Report};
pub use self::wire::{Ice, decode, encode};
pub use crate::cluster::{RoomElsewhere, Standing};
pub use crate::hub::RelayUse;
pub use crate::hub::{CallView, DoorSigns, Known, PersonView, RelayBudget, RoomName, RoomView};

use crate::hub;
use crate::pass::{SeatKey, TurnPasses};
use crate::proxies::TrustedProxies;
use crate::tls::Certificates;

/// What a [`Site`] offers and to whom.
#[derive(Clone, Debug)]
pub struct Options {
    /// The hub's limits.
    pub rooms: hub::Options,
    /// Makes the tokens that bring people back to their seats; from `data_dir`, so that they outlive a restart.
    pub seat_key: SeatKey,
    /// Reads and makes invitations, with the memory of what became of them.
    pub invitations: hub::Invitations,
    /// What the page shows and offers.
    pub call: CallOptions,
    /// The folder offered at `/files/`, with a directory index. `None`: there is no such page.
    pub public_dir: Option<PathBuf>,
    /// Where the relay listens, as seen by a browser. Empty when the relay is off.
    pub turn_ports: Vec<TurnPort>,
    /// Relayed addresses lead to callers of this relay alone: no port is open for them.
    pub turn_is_virtual: bool,
    /// Where the relays of other nodes listen, which take the same credentials.
    pub other_relays: Vec<(String, u16)>,
    /// Issues each person's credentials for the relay.
    pub turn_passes: TurnPasses,
    /// How long those credentials are good for; pages ask for new ones before.
    pub turn_ttl: Duration,
    /// WebSockets at the same time; one more is answered 503.
    pub max_sockets: usize,
    /// WebSockets at the same time from one address, IPv6 by its /64: one HTTP/2 connection holds many of them,
    /// and a proxy's connections are everybody's.
    pub max_sockets_per_address: usize,
    /// Whose `Forwarded` and `X-Forwarded-*` lines count.
    pub proxies: TrustedProxies,
    /// The certificates in use, for `/trust` and for promising https; `None`: TLS is somebody else's.
    pub certificates: Option<Certificates>,
    /// What makes this site one node of several; `None`: it is alone.
    pub cluster: Option<Cluster>,
    /// Whether people open the page at port 443, where a name's whole site is.
    pub is_at_443: bool,
}

/// What the page shows and offers, told to it by `/settings.json`.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    /// The site's name, shown in the title; `None`: callbox.
    pub name: Option<String>,
    /// An image file shown beside the name, served at `/logo`.
    pub logo: Option<PathBuf>,
    /// Pages use the relay even where a direct way exists, so that people do not learn each other's addresses.
    pub relay_only: bool,
    /// Kilobits a second of pictures that one page sends to everybody together; 0: as many as the page finds right.
    pub video_bitrate: u32,
    /// Codecs for pictures by their names in SDP, best first; empty: the page chooses.
    pub video_codecs: Vec<String>,
    /// Languages offered, as BCP 47 tags, in order; empty: all the page has.
    pub languages: Vec<String>,
}

/// One port of the relay, and what may be spoken there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnPort {
    /// The port number as browsers reach it, which behind a port mapping is not the one listened on.
    pub port: u16,
    /// STUN and TURN over UDP.
    pub udp: bool,
    /// TURN over plain TCP.
    pub tcp: bool,
    /// TURN over TLS.
    pub tls: bool,
}

/// What is known of a connection before its first request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Who called; behind a trusted proxy, the address that the proxy saw.
    pub client: SocketAddr,
    /// Our own end: stands in for a missing `Host`.
    pub local: SocketAddr,
    /// Whether the browser's side is encrypted.
    pub scheme: Scheme,
}

/// How the browser reaches us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS, ours or a proxy's.
    Https,
}
