//! The configuration: defaults, `callbox.toml`, `CALLBOX_*` and flags become one typed [`Config`], or every problem at
//! once, each with its place, value and remedy. After start-up no `Config` exists: each room got its own options.
//!
//! `config.example.toml` is compiled in as the lowest layer, so it is complete and true by construction.

mod layer;
mod options;
mod problem;
mod read;
mod read_tls;
mod reader;
mod reload;
mod schema;
mod show;
mod toml;
mod values;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use crate::acme;
use crate::invitation::JwtKey;
use crate::pass::Secret;
use crate::relay::FastPaths;
use crate::store;
use read::read;
use reader::Reader;

pub use options::Keys;
pub use problem::{Origin, Problem, Problems};
pub use reload::{Reload, Snapshot, reload};

/// The sources above the defaults, as the command line found them.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The file named by `--config`; `None`: `callbox.toml` in the current directory, when it is there.
    pub file: Option<PathBuf>,
    /// The environment; only names that begin with `CALLBOX_` count.
    pub variables: Vec<(String, String)>,
    /// Key, flag with its dashes, and the text given.
    pub flags: Vec<(&'static str, &'static str, String)>,
}

/// Everything an operator can say, typed.
#[derive(Clone, Debug)]
pub struct Config {
    /// The one port.
    pub listen: SocketAddr,
    /// The port of the one port that people use, where it is another.
    pub public_port: Option<u16>,
    /// Whether the router in front is asked to forward our ports.
    pub map_ports: bool,
    /// DNS names and addresses people open; empty: this machine's own.
    pub names: Vec<String>,
    /// Certificate, seat key, TURN secret.
    pub data_dir: PathBuf,
    /// How long relayed calls go on after the signal to stop.
    pub drain_timeout: Duration,
    /// TCP connections at once.
    pub max_connections: usize,
    /// TCP connections at once from one address.
    pub max_connections_per_address: usize,
    /// Where plain HTTP is redirected from.
    pub http_listen: Option<SocketAddr>,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether their connections begin with the PROXY protocol.
    pub proxy_protocol: bool,
    /// The folder offered at `/files/`.
    pub public_dir: Option<PathBuf>,
    /// Where the certificate comes from.
    pub tls: Tls,
    /// How trusted certificates are ordered.
    pub acme: Acme,
    /// The relay; `None`: switched off.
    pub turn: Option<Turn>,
    /// Rooms, and who may come in.
    pub rooms: Rooms,
    /// The page and its calls.
    pub call: Call,
    /// Where operators ask; `None`: nowhere.
    pub admin: Option<Admin>,
    /// Other servers with the same rooms; `None`: there are none.
    pub cluster: Option<Cluster>,
    /// What is logged.
    pub log: Log,
}

/// `[tls]`, already decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// PEM files.
    Files {
        /// The chain.
        cert: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
    /// Ordered for what is public where that can work, and made here for everything else.
    Auto,
    /// Ordered for everything in `names`, and made here meanwhile.
    Acme,
    /// Made here.
    SelfSigned,
    /// Plain HTTP.
    Off,
}

/// `[tls.acme]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acme {
    /// Where and as whom.
    pub options: acme::Options,
    /// `None`: whichever can work.
    pub challenge: Option<acme::Challenge>,
    /// The operator agrees to the authority's terms.
    pub accept_terms: bool,
}

/// `[rooms]`.
#[derive(Clone, Debug)]
pub struct Rooms {
    /// Seats in a room.
    pub max_people: usize,
    /// Rooms at once.
    pub max_rooms: usize,
    /// Newcomers from one address in a minute; 0: no limit.
    pub max_joins_per_address: u32,
    /// Rooms opened from one address in a minute; 0: no limit.
    pub max_new_rooms_per_address: u32,
    /// A room is there as soon as somebody joins.
    pub open: bool,
    /// Other programs' keys that sign invitations.
    pub invitation_keys: Vec<JwtKey>,
    /// Newcomers knock from the beginning.
    pub lobby: bool,
}

/// `[call]`.
#[derive(Clone, Debug)]
pub struct Call {
    /// What the page calls itself.
    pub name: String,
    /// An image beside the name.
    pub logo: Option<PathBuf>,
    /// BCP 47 tags; empty: all that the page has.
    pub languages: Vec<String>,
    /// Callers never connect directly.
    pub relay_only: bool,
    /// Kilobits a second of pictures from one page to everybody; 0: no limit of the owner's.
    pub video_bitrate: u32,
    /// As SDP names them, best first; empty: the page chooses.
    pub video_codecs: Vec<String>,
}

/// `[turn]`.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Addresses besides the one port.
    pub listen: Vec<SocketAddr>,
    /// Ports for relayed addresses; `None`: none are opened.
    pub ports: Option<RangeInclusive<u16>>,
    /// Typed in; empty: found by itself.
    pub external_ips: Vec<IpAddr>,
    /// STUN servers, as `host:port`, that may be asked for them.
    pub external_ip_stun: Vec<String>,
    /// Of the TURN login.
    pub realm: String,
    /// Shared secrets, the issuing one first; empty: the one kept in `data_dir`.
    pub secrets: Vec<Secret>,
    /// Static users.
    pub users: HashMap<String, Secret>,
    /// Opened although special.
    pub allowed_peers: Vec<IpNet>,
    /// Closed besides the special ones.
    pub denied_peers: Vec<IpNet>,
    /// Only what others in the same room have signalled is reached.
    pub peers_of_room: bool,
    /// Whether clients may move to another address.
    pub mobility: bool,
    /// Two addresses for NAT behaviour discovery.
    pub nat_discovery: Option<[IpAddr; 2]>,
    /// UDP threads; `None`: one per core.
    pub workers: Option<NonZeroUsize>,
    /// Which may be used; `None`: what is good on this machine.
    pub fast_paths: Option<FastPaths>,
    /// Relayed connections at once.
    pub max_allocations: u32,
    /// Relayed connections at once of one username.
    pub max_allocations_per_user: u32,
    /// Relayed connections at once of one client address.
    pub max_allocations_per_address: u32,
    /// Peers' addresses of one relayed connection.
    pub max_permissions: u32,
    /// Channels of one relayed connection.
    pub max_channels: u32,
    /// TCP connections to peers of one relayed connection.
    pub max_peer_connections: u32,
    /// Kilobits a second of one relayed connection, each way; 0: no limit.
    pub max_rate: u32,
    /// Kilobits a second in all, both ways together; 0: no limit.
    pub max_total_rate: u32,
    /// Bytes that may be sent in a calendar month; `None`: no limit.
    pub monthly_budget: Option<u64>,
}

/// `[admin]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    /// Its address.
    pub listen: SocketAddr,
    /// Whether somebody wrote that address down: then the server does not start without it.
    pub is_wanted: bool,
    /// `None` only on loopback.
    pub token: Option<Secret>,
}

/// `[cluster]`.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Where the nodes leave word for each other.
    pub store: store::Address,
    /// What they share.
    pub secret: Secret,
    /// The hosts of the other nodes' relays, with a port where it is another than ours.
    pub relays: Vec<(String, Option<u16>)>,
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// A level or a filter.
    pub filter: String,
    /// One JSON object a line.
    pub json: bool,
}

/// The configuration that `inputs` make, or everything that is wrong with them.
pub fn load(inputs: Inputs) -> Result<Config, Problems> {
    let mut reader = Reader::new(inputs);
    let config = read(&mut reader);
    config.filter(|_| reader.problems().is_empty()).ok_or_else(|| Problems(reader.problems().to_vec()))
}

/// The effective configuration as TOML, each value with its origin, secrets masked; or everything that is wrong.
pub fn show(inputs: Inputs) -> Result<String, Problems> {
    load(inputs.clone())?;
    Ok(show::show(&Reader::new(inputs)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_key_is_accepted_and_then_ignored() {
        let mut reader = Reader::new(Inputs { file: Some("config.example.toml".into()), ..Inputs::default() });
        read(&mut reader).expect("the example is right");
        let keys: BTreeSet<String> = reader.keys().into_iter().collect();
        assert_eq!(*reader.asked.borrow(), keys, "left: the keys that are read; right: those of the example");
    }

    #[test]
    fn the_example_explains_every_key() {
        let example: Vec<&str> = schema::EXAMPLE.lines().collect();
        let explained = |at: usize| at > 0 && (example[at - 1].starts_with('#') || example[at - 1].contains(" = "));
        let keys = (0..example.len()).filter(|at| example[*at].contains(" = ") && !example[*at].starts_with('#'));
        assert_eq!(keys.filter(|at| !explained(*at)).map(|at| example[at]).collect::<Vec<_>>(), [""; 0]);
    }
}
