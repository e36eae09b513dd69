//! From the configuration to what each room asks for: the one place where both are known.

use std::net::{IpAddr, SocketAddr};

use super::{Config, Tls, Turn};
use crate::data_dir::DataDir;
use crate::http::{CallOptions, TurnPort};
use crate::pass::{SeatKey, TurnPasses};
use crate::proxies::TrustedProxies;
use crate::turn::{self, PeerPolicy};
use crate::{admin, discovery, gate, http, hub, relay, tls};

/// How long a person's relay credentials are good for. A page asks for new ones well before, so it only bounds how long
/// a copied password is of use; a call longer than this is not cut.
const TURN_TTL: std::time::Duration = std::time::Duration::from_secs(60 * 60);

/// What was drawn by the dice: some of it at the first start and kept in `data_dir`.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Makes the seats' tokens. Kept.
    pub seat: SeatKey,
    /// Reads and makes invitations. The key and what became of them are kept.
    pub invitations: hub::Invitations,
    /// Who may use the relay. The secret is kept when none is configured.
    pub turn: TurnPasses,
    /// Signs the relay's nonces; new at every start.
    pub nonces: [u8; 32],
}

impl Config {
    /// Where the gate listens.
    pub fn gate(&self) -> gate::Options {
        gate::Options {
            listen: self.listen,
            turn_listen: self.turn.iter().flat_map(|turn| turn.listen.clone()).collect(),
            redirect_listen: self.http_listen,
            max_connections: self.max_connections,
            max_connections_per_address: self.max_connections_per_address,
            proxies: self.proxies(),
            proxy_protocol: self.proxy_protocol,
        }
    }

    /// Whether a connection from `peer` must begin with the PROXY protocol.
    pub fn expects_preface(&self, peer: IpAddr) -> bool {
        self.proxy_protocol && self.proxies().trusts(peer)
    }

    /// Where operators ask; `None`: nowhere.
    pub fn admin(&self) -> Option<admin::Options> {
        let admin = self.admin.clone()?;
        Some(admin::Options { listen: admin.listen, token: admin.token, names: self.names.clone() })
    }

    fn proxies(&self) -> TrustedProxies {
        TrustedProxies::new(self.trusted_proxies.clone())
    }

    /// Where the certificate comes from that everybody gets who asks for nothing special, good for `names`; `None`: TLS is
    /// off.
    pub fn certificate(&self, dir: &DataDir, names: Vec<String>) -> Option<tls::Source> {
        match &self.tls {
            Tls::Files { cert, key } => Some(tls::Source::Files { cert: cert.clone(), key: key.clone() }),
            Tls::SelfSigned | Tls::Auto | Tls::Acme => Some(tls::Source::SelfSigned { dir: dir.clone(), names }),
            Tls::Off => None,
        }
    }

    /// What is known beforehand about the public addresses.
    pub fn discovery(&self) -> discovery::Wishes {
        let turn = self.turn.as_ref();
        discovery::Wishes {
            typed: turn.map(|turn| turn.external_ips.clone()).unwrap_or_default(),
            stun_servers: turn.map(|turn| turn.external_ip_stun.clone()).unwrap_or_default(),
        }
    }

    /// What the relay needs: `one_port`, the address that the gate got; `host`, the interfaces' addresses; `public`, those
    /// that peers reach this machine by where they are others. `None`: the relay is off.
    pub fn relay(
        &self,
        keys: &Keys,
        one_port: SocketAddr,
        host: Vec<IpAddr>,
        public: Vec<IpAddr>,
    ) -> Option<relay::Options> {
        let turn = self.turn.as_ref()?;
        let mut options = relay::Options::new(turn.rules(keys, host));
        options.listen = std::iter::once(one_port).chain(turn.listen.iter().copied()).collect();
        options.workers = turn.workers;
        options.fast = turn.fast_paths;
        options.ports = turn.ports.clone().map_or(relay::Ports::None, relay::Ports::Range);
        options.nat_discovery = turn.nat_discovery;
        options.external_ips = public;
        Some(options)
    }

    /// What the site needs besides its certificates, `one_port` being the port that the gate got.
    pub fn site(&self, keys: Keys, one_port: u16) -> http::Options {
        http::Options {
            rooms: hub::Options {
                max_people: self.rooms.max_people,
                max_rooms: self.rooms.max_rooms,
                open: self.rooms.open,
                lobby: self.rooms.lobby,
                joins_per_minute: self.rooms.max_joins_per_address,
                rooms_per_minute: self.rooms.max_new_rooms_per_address,
                ..hub::Options::default()
            },
            seat_key: keys.seat,
            invitations: keys.invitations,
            call: CallOptions {
                name: Some(self.call.name.clone()),
                logo: self.call.logo.clone(),
                relay_only: self.call.relay_only,
                video_bitrate: self.call.video_bitrate,
                video_codecs: self.call.video_codecs.clone(),
                languages: self.call.languages.clone(),
            },
            public_dir: self.public_dir.clone(),
            turn_ports: self.turn_ports(one_port),
            turn_is_virtual: self.turn.as_ref().is_some_and(|turn| turn.ports.is_none()),
            other_relays: self.other_relays(one_port),
            cluster: None,
            turn_passes: keys.turn,
            turn_ttl: TURN_TTL,
            max_sockets: self.max_connections,
            max_sockets_per_address: self.max_connections_per_address,
            proxies: self.proxies(),
            certificates: None,
            is_at_443: self.public_port.unwrap_or(one_port) == 443,
        }
    }

    /// The relays of the cluster's other nodes, at the port where people reach this one unless another is named.
    fn other_relays(&self, one_port: u16) -> Vec<(String, u16)> {
        let (Some(cluster), Some(_)) = (&self.cluster, &self.turn) else { return Vec::new() };
        let port = self.public_port.unwrap_or(one_port);
        cluster.relays.iter().map(|(host, named)| (host.clone(), named.unwrap_or(port))).collect()
    }

    /// The one port first: it passes the most networks. What maps another port to it may map TCP alone, so UDP is offered
    /// at both.
    fn turn_ports(&self, one_port: u16) -> Vec<TurnPort> {
        let Some(turn) = &self.turn else { return Vec::new() };
        let clear = |port| TurnPort { port, udp: true, tcp: true, tls: false };
        let first = TurnPort { tls: self.tls != Tls::Off, ..clear(self.public_port.unwrap_or(one_port)) };
        let mapped = self.public_port.filter(|port| *port != one_port);
        let direct = mapped.map(|_| TurnPort { tcp: false, ..clear(one_port) });
        let further = turn.listen.iter().map(|address| clear(address.port()));
        std::iter::once(first).chain(direct).chain(further).collect()
    }
}

impl Turn {
    fn rules(&self, keys: &Keys, host: Vec<IpAddr>) -> turn::Options {
        let mut rules = turn::Options::new(self.realm.clone(), keys.nonces, keys.turn.clone());
        rules.quotas = turn::Quotas {
            allocations: Some(self.max_allocations),
            per_user: Some(self.max_allocations_per_user),
            per_address: Some(self.max_allocations_per_address),
            permissions: self.max_permissions as usize,
            channels: self.max_channels as usize,
            connections: self.max_peer_connections as usize,
            bits_per_second: u64::from(self.max_rate) * 1000,
            total_bits_per_second: u64::from(self.max_total_rate) * 1000,
        };
        rules.mobility = self.mobility;
        rules.peers_of_circle = self.peers_of_room;
        rules.peers = PeerPolicy { allowed: self.allowed_peers.clone(), denied: self.denied_peers.clone(), host };
        rules
    }
}
