//! Every key read into its type, and what is right by itself and wrong together.

use std::collections::HashMap;
use std::fs::{self, File};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use super::problem::Origin;
use super::reader::Reader;
use super::{Admin, Call, Cluster, Config, Log, Rooms, Turn, read_tls, values};
use crate::pass::Secret;
use crate::relay::FastPaths;
use crate::store;
use crate::tls::Roots;

/// Reads every key even after one was wrong: `None` only says that the problems are in the reader.
pub(super) fn read(reader: &mut Reader) -> Option<Config> {
    let listen = reader.parsed("listen", values::address);
    let public_port = reader.number("public_port", 0, u16::MAX.into());
    let map_ports = reader.switch("map_ports");
    let names = reader.each("names", values::host);
    let data_dir = reader.parsed("data_dir", not_empty).map(PathBuf::from);
    let drain_timeout = reader.parsed("drain_timeout", values::duration);
    let max_connections = reader.number("max_connections", 1, 1_000_000) as usize;
    let max_connections_per_address = reader.number("max_connections_per_address", 1, 1_000_000) as usize;
    let http_listen = reader.optional("http.listen", values::address);
    let trusted_proxies = reader.each("http.trusted_proxies", values::block);
    let proxy_protocol = reader.switch("http.proxy_protocol");
    let public_dir = reader.optional("http.public_dir", folder);
    let tls = read_tls::mode(reader);
    let acme = read_tls::acme(reader);
    let turn = read_turn(reader);
    let rooms = read_rooms(reader);
    let call = read_call(reader);
    let admin = read_admin(reader);
    let cluster = read_cluster(reader);
    let log = read_log(reader);
    contradictions(reader, listen, http_listen, turn.as_ref());
    Some(Config {
        listen: listen?,
        public_port: u16::try_from(public_port).ok().filter(|port| *port > 0),
        map_ports,
        names,
        data_dir: data_dir?,
        drain_timeout: drain_timeout?,
        max_connections,
        max_connections_per_address,
        http_listen,
        trusted_proxies,
        proxy_protocol,
        public_dir,
        tls: tls?,
        acme: acme?,
        turn: turn.filter(|_| reader.switch("turn.enabled")),
        rooms,
        call: call?,
        admin,
        cluster,
        log: log?,
    })
}

fn read_rooms(reader: &mut Reader) -> Rooms {
    let max_people = reader.number("rooms.max_people", 2, 64) as usize;
    let max_rooms = reader.number("rooms.max_rooms", 1, 1_000_000) as usize;
    let max_joins_per_address = reader.number("rooms.max_joins_per_address", 0, 1_000_000);
    let max_new_rooms_per_address = reader.number("rooms.max_new_rooms_per_address", 0, 1_000_000);
    let open = reader.switch("rooms.open");
    let invitation_keys = reader.each("rooms.invitation_keys", values::invitation_key);
    let lobby = reader.switch("rooms.lobby");
    Rooms { max_people, max_rooms, max_joins_per_address, max_new_rooms_per_address, open, invitation_keys, lobby }
}

fn read_call(reader: &mut Reader) -> Option<Call> {
    let name = reader.parsed("call.name", not_empty);
    let logo = reader.optional("call.logo", readable_file);
    let languages = reader.each("call.languages", values::language);
    let relay_only = reader.switch("call.relay_only");
    let video_bitrate = reader.number("call.video_bitrate", 0, 100_000);
    let video_codecs = reader.each("call.video_codecs", values::video_codec);
    Some(Call { name: name?, logo, languages, relay_only, video_bitrate, video_codecs })
}

fn read_turn(reader: &mut Reader) -> Option<Turn> {
    let listen = reader.each("turn.listen", values::fixed_address);
    let ports = reader.parsed("turn.ports", values::ports);
    let external_ips = read_external_ips(reader);
    let external_ip_stun = reader.each("turn.external_ip_stun", values::server);
    let realm = reader.parsed("turn.realm", not_empty);
    let secrets = read_secrets(reader);
    let users = read_users(reader);
    let allowed_peers = reader.each("turn.allowed_peers", values::block);
    let denied_peers = reader.each("turn.denied_peers", values::block);
    let peers_of_room = reader.parsed("turn.peers", |text| values::choice(text, &[("any", false), ("room", true)]));
    let nat_discovery = read_nat_discovery(reader, &listen);
    let mobility = reader.switch("turn.mobility");
    let workers = NonZeroUsize::new(reader.number("turn.workers", 0, 1024) as usize);
    let fast_paths = read_fast_paths(reader);
    let max_allocations = reader.number("turn.max_allocations", 1, 10_000_000);
    let max_allocations_per_user = reader.number("turn.max_allocations_per_user", 1, 1_000_000);
    let max_allocations_per_address = reader.number("turn.max_allocations_per_address", 1, 10_000_000);
    let max_permissions = reader.number("turn.max_permissions", 1, 10_000);
    // There are no more channel numbers (RFC 8656, 12).
    let max_channels = reader.number("turn.max_channels", 1, 4096);
    let max_peer_connections = reader.number("turn.max_peer_connections", 1, 10_000);
    let max_rate = reader.number("turn.max_rate", 0, 100_000_000);
    let max_total_rate = reader.number("turn.max_total_rate", 0, 100_000_000);
    let monthly_budget = reader.optional("turn.monthly_budget", values::size).filter(|bytes| *bytes > 0);
    Some(Turn {
        listen,
        ports: ports?,
        external_ips,
        external_ip_stun,
        realm: realm?,
        secrets,
        users,
        allowed_peers,
        denied_peers,
        peers_of_room: peers_of_room?,
        mobility,
        nat_discovery,
        workers,
        fast_paths,
        max_allocations,
        max_allocations_per_user,
        max_allocations_per_address,
        max_permissions,
        max_channels,
        max_peer_connections,
        max_rate,
        max_total_rate,
        monthly_budget,
    })
}

fn read_admin(reader: &mut Reader) -> Option<Admin> {
    const LISTEN: &str = "admin.listen";
    let listen = reader.optional(LISTEN, values::address);
    let token = read_admin_token(reader);
    let listen = listen?;
    if token.is_none() && !listen.ip().to_canonical().is_loopback() {
        let words = "anybody who reaches it could end calls: set admin.token too, or listen on \"127.0.0.1:9443\"";
        reader.contradiction(&[LISTEN, "admin.token", "admin.token_file"], words);
    }
    Some(Admin { listen, is_wanted: reader.origin(LISTEN) != Origin::Default, token })
}

fn read_admin_token(reader: &mut Reader) -> Option<Secret> {
    const LEAST: usize = 16;
    let from_file = reader.file("admin.token_file");
    let written = reader.text("admin.token");
    if !from_file.is_empty() && !written.is_empty() {
        reader.contradiction(&["admin.token", "admin.token_file"], "is given twice: keep one of the two");
    }
    let (key, token) = if written.is_empty() { ("admin.token_file", from_file) } else { ("admin.token", written) };
    // In a header, where spaces at its ends would be lost.
    let can_be_sent = token.chars().all(|c| c.is_ascii_graphic());
    if !token.is_empty() && (token.len() < LEAST || !can_be_sent) {
        let words = format!(
            "must have at least {LEAST} letters, digits or signs without spaces; `openssl rand -hex 16` makes one"
        );
        reader.complain(key, words);
    }
    (!token.is_empty()).then(|| Secret::new(token))
}

fn read_external_ips(reader: &mut Reader) -> Vec<IpAddr> {
    let given = reader.list("turn.external_ip");
    if given.iter().all(|text| text == "auto") {
        return Vec::new();
    }
    let ips = reader.each("turn.external_ip", values::external_address);
    let twice = |v4: bool| ips.iter().filter(|ip| ip.is_ipv4() == v4).count() > 1;
    if twice(true) || twice(false) {
        reader.complain("turn.external_ip", "must be at most one IPv4 and one IPv6 address".to_owned());
    }
    ips
}

fn read_fast_paths(reader: &mut Reader) -> Option<FastPaths> {
    let given = reader.list("turn.fast_paths");
    if given == ["auto"] {
        return None;
    }
    let has = |name: &str| given.iter().any(|text| text == name);
    if !given.iter().all(|text| ["gro", "gso", "sendmmsg"].contains(&text.as_str())) {
        let words = "must be [\"auto\"], or a list of \"gro\", \"gso\" and \"sendmmsg\"";
        reader.complain("turn.fast_paths", words.to_owned());
    }
    Some(FastPaths { gro: has("gro"), gso: has("gso"), sendmmsg: has("sendmmsg") })
}

fn read_nat_discovery(reader: &mut Reader, listen: &[SocketAddr]) -> Option<[IpAddr; 2]> {
    const KEY: &str = "turn.nat_discovery";
    let ips = reader.each(KEY, values::own_address);
    match ips[..] {
        [] => {}
        [_, _] if listen.is_empty() => {
            reader.contradiction(
                &[KEY, "turn.listen"],
                "needs a second port: name one in turn.listen, such as \"[::]:3478\"",
            );
        }
        [one, other] if one != other && one.is_ipv4() == other.is_ipv4() => return Some([one, other]),
        _ => reader.complain(KEY, "must be two different addresses of one family, or none".to_owned()),
    }
    None
}

fn read_secrets(reader: &mut Reader) -> Vec<Secret> {
    let from_file = reader.file("turn.secrets_file");
    let written = reader.each("turn.secrets", not_empty);
    if !from_file.is_empty() && !written.is_empty() {
        reader.contradiction(&["turn.secrets_file", "turn.secrets"], "turn.secrets is set too; keep one of the two");
    }
    let lines = from_file.lines().filter(|line| !line.is_empty()).map(str::to_owned);
    lines.chain(written).map(Secret::new).collect()
}

fn read_users(reader: &mut Reader) -> HashMap<String, Secret> {
    let mut users: HashMap<String, Secret> = HashMap::new();
    for (name, password) in reader.table("turn.users") {
        if password.is_empty() {
            reader.complain("turn.users", format!("{name} needs a password"));
        }
        users.insert(name, Secret::new(password));
    }
    for (line, text) in reader.file("turn.users_file").lines().enumerate().filter(|(_, text)| !text.is_empty()) {
        let pair = text.split_once(':').filter(|(name, password)| !name.is_empty() && !password.is_empty());
        match pair {
            Some((name, password)) if !users.contains_key(name) => {
                users.insert(name.to_owned(), Secret::new(password));
            }
            Some((name, _)) => {
                reader.complain("turn.users_file", format!("{name} is named twice; keep one of the two"))
            }
            None => reader.complain("turn.users_file", format!("its line {} is not name:password", line + 1)),
        }
    }
    users
}

fn read_cluster(reader: &mut Reader) -> Option<Cluster> {
    let store = reader.optional("cluster.redis", store::Address::new);
    let roots = reader.optional("cluster.ca_file", |file| Roots::read(Path::new(file)));
    let store = match roots {
        Some(roots) => store.map(|store| store.trusting(roots)),
        None => store,
    };
    let relays = reader.each("cluster.relays", values::relay);
    let secret = reader.optional("cluster.secret", |text| match text.chars().count() {
        // Short ones can be guessed by whoever reads what goes through Redis.
        0..20 => Err("must have at least 20 characters: `openssl rand -base64 32` prints a good one".to_owned()),
        _ => Ok(Secret::new(text)),
    });
    if store.is_some() && secret.is_none() {
        let words = "needs cluster.secret, the same on every node: `openssl rand -base64 32` prints one";
        reader.contradiction(&["cluster.redis", "cluster.secret"], words);
    }
    Some(Cluster { store: store?, secret: secret?, relays })
}

fn read_log(reader: &mut Reader) -> Option<Log> {
    let filter = reader.parsed("log.level", |text| match text.parse::<tracing_subscriber::filter::Targets>() {
        Ok(_) if !text.is_empty() && is_filter(text) => Ok(text.to_owned()),
        _ => Err("must be \"error\", \"warn\", \"info\", \"debug\", \"trace\", or a filter such as \
                  \"info,callbox::relay=debug\""
            .to_owned()),
    });
    let json = reader.parsed("log.format", |text| values::choice(text, &[("text", false), ("json", true)]));
    Some(Log { filter: filter?, json: json? })
}

/// A lone word that is no level would be taken for the name of a module, and nothing would be logged.
fn is_filter(text: &str) -> bool {
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    text.split(',').all(|part| part.contains('=') || levels.contains(&part.trim().to_lowercase().as_str()))
}

/// What is right by itself and wrong together.
fn contradictions(reader: &mut Reader, listen: Option<SocketAddr>, http: Option<SocketAddr>, turn: Option<&Turn>) {
    let clashes = |a: SocketAddr, b: SocketAddr| {
        let same_ip = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
        a.port() != 0 && a.port() == b.port() && same_ip
    };
    if let (Some(listen), Some(http)) = (listen, http)
        && clashes(listen, http)
    {
        let words = format!("{http} is taken by listen = \"{listen}\", which redirects plain HTTP by itself");
        reader.contradiction(&["http.listen", "listen"], words);
    }
    if http.is_some() && reader.text("tls.mode") == "off" {
        let words = "there is no https to send visitors to: tls.mode is \"off\"; leave http.listen empty";
        reader.contradiction(&["http.listen", "tls.mode"], words);
    }
    if reader.switch("http.proxy_protocol") && reader.list("http.trusted_proxies").is_empty() {
        let words = "counts only from http.trusted_proxies, which is empty: write the proxy's address there";
        reader.contradiction(&["http.proxy_protocol", "http.trusted_proxies"], words);
    }
    let twice = turn.and_then(|turn| turn.listen.iter().find(|address| listen.is_some_and(|l| clashes(**address, l))));
    if let Some(address) = twice {
        let words = format!("{address} is `listen` already, which serves STUN and TURN too; leave it out here");
        reader.contradiction(&["turn.listen", "listen"], words);
    }
    if reader.switch("call.relay_only") && !reader.switch("turn.enabled") {
        let words = "nobody could connect: turn.enabled is false; switch the relay on or this off";
        reader.contradiction(&["call.relay_only", "turn.enabled"], words);
    }
}

pub(super) fn not_empty(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
}

pub(super) fn readable_file(text: &str) -> Result<PathBuf, String> {
    match File::open(text).and_then(|file| file.metadata()) {
        Ok(metadata) if metadata.is_file() => Ok(text.into()),
        Ok(_) => Err("is not a file".to_owned()),
        Err(cause) => Err(format!("is not a file that callbox can read ({cause})")),
    }
}

fn folder(text: &str) -> Result<PathBuf, String> {
    match fs::read_dir(text) {
        Ok(_) => Ok(text.into()),
        Err(cause) => Err(format!("is not a folder that callbox can read ({cause})")),
    }
}
