//! Opens relayed transport addresses: which IP address a client is shown, which port is drawn, which socket is bound.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::options::{FastPaths, Ports};
use super::relayed::{Home, Lease, RelayedTable};
use super::socket::{is_local, relay_listener, relay_socket};
use crate::turn::{NotOpened, Open, PortWish, RelayKind, Token};

/// Ports that other processes hold may slow an allocation down by this many failed binds, no more.
const MOST_BINDS: usize = 64;

/// RFC 8656, 7.2: a reserved port "MUST be held for at least 30 seconds".
const KEPT_FOR: Duration = Duration::from_secs(30);

/// Reserved ports at once. They count to nobody's quota, since nobody holds them yet.
const MOST_KEPT: usize = 64;

/// Virtual addresses need no free port of this machine, so they take the standard range.
const VIRTUAL_PORTS: std::ops::RangeInclusive<u16> = 49152..=65535;

/// See the module's text. Shared by all workers and streams; locks only for a reserved port.
#[derive(Debug)]
pub(super) struct Opener {
    pub(super) table: Arc<RelayedTable>,
    ports: std::ops::RangeInclusive<u16>,
    /// See [`Options::external_ips`](super::Options::external_ips); a home's router may get another one at any time.
    external_ips: ArcSwap<Vec<IpAddr>>,
    /// No socket at all, whatever is asked for.
    virtual_only: bool,
    gro: bool,
    kept: Mutex<HashMap<Token, Kept>>,
}

#[derive(Debug)]
struct Kept {
    address: Relayed,
    until: Instant,
}

/// One relayed transport address with its socket, unless it is virtual. Dropping it gives the port back.
#[derive(Debug)]
pub(super) struct Relayed {
    pub(super) lease: Lease,
    pub(super) socket: Option<UdpSocket>,
    /// RFC 6062: where peers connect to.
    pub(super) listener: Option<TcpListener>,
}

/// The answer to [`Open`], with the sockets the core does not want to see.
#[derive(Debug)]
pub(super) struct OpenedSockets {
    pub(super) v4: Result<Relayed, NotOpened>,
    pub(super) v6: Result<Relayed, NotOpened>,
}

impl Opener {
    pub(super) fn over(ports: Ports, external_ips: Vec<IpAddr>, fast: FastPaths) -> Opener {
        let virtual_only = ports == Ports::None;
        let ports = match ports {
            Ports::Range(range) => range,
            Ports::None => VIRTUAL_PORTS,
        };
        let table = Arc::new(RelayedTable::new(ports.clone()));
        let external_ips = ArcSwap::from_pointee(external_ips);
        Opener { table, ports, external_ips, virtual_only, gro: fast.gro, kept: Mutex::default() }
    }

    /// Relayed addresses that are opened from now on have these.
    pub(super) fn know_as(&self, external_ips: Vec<IpAddr>) {
        self.external_ips.store(Arc::new(external_ips));
    }

    /// Whether arriving packets may be joined.
    pub(super) fn gro(&self) -> bool {
        self.gro
    }

    /// Opens what is asked for. `server`: the local address the client's packets come to.
    pub(super) fn open(&self, open: &Open, server: IpAddr, home: &Home, now: Instant) -> OpenedSockets {
        drop(self.kept(now));
        let family = |wanted: bool, ipv6: bool| match wanted {
            true => self.open_one(open, self.advertised(ipv6, server).ok_or(NotOpened::NoSuchFamily)?, home, now),
            false => Err(NotOpened::NotAsked),
        };
        OpenedSockets { v4: family(open.v4, false), v6: family(open.v6, true) }
    }

    fn open_one(&self, open: &Open, ip: IpAddr, home: &Home, now: Instant) -> Result<Relayed, NotOpened> {
        match open.port {
            PortWish::Any => self.draw(open.kind, ip, home, |_| true),
            PortWish::Even => self.draw(open.kind, ip, home, |port| port % 2 == 0),
            PortWish::EvenAndKeepNext(token) => self.draw_pair(open.kind, ip, home, token, now),
            PortWish::Kept(token) => self.take_kept(&token, ip, home, now),
        }
    }

    /// Walks the whole range once, in an order that differs from one allocation to the next.
    fn draw(&self, kind: RelayKind, ip: IpAddr, home: &Home, fits: impl Fn(u16) -> bool) -> Result<Relayed, NotOpened> {
        let mut binds = 0;
        for port in shuffled(&self.ports).filter(|&port| fits(port)) {
            match self.try_port(kind, SocketAddr::new(ip, port), home) {
                Ok(relayed) => return Ok(relayed),
                Err(Taken::Here) => {}
                Err(Taken::Elsewhere(cause)) => {
                    binds += 1;
                    if binds == MOST_BINDS || cause.kind() != io::ErrorKind::AddrInUse {
                        tracing::debug!(%cause, "no socket for a relayed transport address");
                        return Err(NotOpened::NoPort);
                    }
                }
            }
        }
        Err(NotOpened::NoPort)
    }

    /// "the server MUST try to allocate a pair of ports": an even one, and the next one kept under `token`.
    fn draw_pair(
        &self,
        kind: RelayKind,
        ip: IpAddr,
        home: &Home,
        token: Token,
        now: Instant,
    ) -> Result<Relayed, NotOpened> {
        if self.kept(now).len() >= MOST_KEPT {
            return Err(NotOpened::NoPort);
        }
        for port in
            shuffled(&self.ports).filter(|port| port % 2 == 0 && self.ports.contains(&(port + 1))).take(MOST_BINDS)
        {
            let pair = self
                .try_port(kind, SocketAddr::new(ip, port), home)
                .and_then(|even| Ok((even, self.try_port(kind, SocketAddr::new(ip, port + 1), &Home::Kept)?)));
            if let Ok((even, next)) = pair {
                self.kept(now).insert(token, Kept { address: next, until: now + KEPT_FOR });
                return Ok(even);
            }
        }
        Err(NotOpened::NoPort)
    }

    fn take_kept(&self, token: &Token, ip: IpAddr, home: &Home, now: Instant) -> Result<Relayed, NotOpened> {
        let mut all = self.kept(now);
        let same_family = all.get(token).is_some_and(|kept| kept.address.lease.address().is_ipv4() == ip.is_ipv4());
        let kept = same_family.then(|| all.remove(token)).flatten().ok_or(NotOpened::NoPort)?;
        kept.address.lease.move_in(home.clone());
        Ok(kept.address)
    }

    /// The ports kept at `now`; those nobody came for are given back.
    fn kept(&self, now: Instant) -> MutexGuard<'_, HashMap<Token, Kept>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, kept| now < kept.until);
        kept
    }

    fn try_port(&self, kind: RelayKind, address: SocketAddr, home: &Home) -> Result<Relayed, Taken> {
        let lease = self.table.claim(address, home.clone()).ok_or(Taken::Here)?;
        let (mut socket, mut listener) = (None, None);
        match kind {
            RelayKind::Udp => socket = Some(relay_socket(bindable(address), self.gro).map_err(Taken::Elsewhere)?),
            RelayKind::Tcp if !self.virtual_only => {
                listener = Some(relay_listener(bindable(address)).map_err(Taken::Elsewhere)?);
            }
            RelayKind::Tcp | RelayKind::Virtual => {}
        }
        Ok(Relayed { lease, socket, listener })
    }

    /// The IP address shown to a client: the configured one of the family, else the one its own packets came to, else
    /// the one this machine uses towards the rest of the world.
    fn advertised(&self, ipv6: bool, server: IpAddr) -> Option<IpAddr> {
        let configured = self.external_ips.load().iter().copied().find(|ip| ip.is_ipv6() == ipv6);
        configured.or_else(|| if server.is_ipv6() == ipv6 { Some(server) } else { sibling(server) })
    }
}

enum Taken {
    /// By an allocation of ours.
    Here,
    /// By another process; or there is another reason why no socket can be bound.
    Elsewhere(io::Error),
}

/// This machine's address of the other family, on the same side: loopback stays loopback.
fn sibling(server: IpAddr) -> Option<IpAddr> {
    let (loopback, any, outside): (IpAddr, IpAddr, IpAddr) = match server {
        // The outside addresses are for documentation (RFC 5737, RFC 3849): only a route is looked up, nothing is sent.
        IpAddr::V4(_) => (
            Ipv6Addr::LOCALHOST.into(),
            Ipv6Addr::UNSPECIFIED.into(),
            Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
        ),
        IpAddr::V6(_) => (Ipv4Addr::LOCALHOST.into(), Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into()),
    };
    if server.is_loopback() {
        return is_local(loopback).then_some(loopback);
    }
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((outside, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Behind a 1:1 NAT the advertised address is not this machine's: then the socket takes every local one.
fn bindable(advertised: SocketAddr) -> SocketAddr {
    let any: IpAddr = if advertised.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    SocketAddr::new(if is_local(advertised.ip()) { advertised.ip() } else { any }, advertised.port())
}

/// Every port of the range once: a random start and a random stride that shares no factor with the range's length.
/// RFC 8656, 7.2: ports should be "randomly assigned", so that nobody can guess them.
fn shuffled(ports: &std::ops::RangeInclusive<u16>) -> impl Iterator<Item = u16> + use<> {
    let first = u32::from(*ports.start());
    let count = (ports.len() as u32).max(1);
    let start = random() % count;
    let stride = std::iter::repeat_with(random).map(|n| n % count).find(|&n| gcd(n, count) == 1).unwrap_or(1);
    // At most 65 535 squared and once more: no overflow.
    (0..count).map(move |step| (first + (start + step * stride) % count) as u16)
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn random() -> u32 {
    let mut bytes = [0; 4];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's generator never fails once the process runs");
    u32::from_ne_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn opener(ports: Ports) -> Opener {
        Opener::over(ports, Vec::new(), FastPaths::default())
    }

    fn wish(kind: RelayKind, port: PortWish) -> Open {
        Open { v4: true, v6: false, kind, port }
    }

    fn port(opened: &OpenedSockets) -> Option<u16> {
        opened.v4.as_ref().ok().map(|relayed| relayed.lease.address().port())
    }

    #[test]
    fn every_port_is_used_before_anybody_hears_508() {
        let opener = opener(Ports::Range(22900..=22909));
        let open = wish(RelayKind::Virtual, PortWish::Any);
        let mut held: Vec<_> = (0..10).map(|_| opener.open(&open, LOOPBACK, &Home::Kept, Instant::now())).collect();
        assert!(held.iter().all(|opened| opened.v4.is_ok()));
        assert_eq!(opener.open(&open, LOOPBACK, &Home::Kept, Instant::now()).v4.err(), Some(NotOpened::NoPort));
        let freed = port(&held.swap_remove(3));
        assert_eq!(port(&opener.open(&open, LOOPBACK, &Home::Kept, Instant::now())), freed);
    }

    #[test]
    fn a_port_of_another_process_is_passed_over() {
        let opener = opener(Ports::Range(22910..=22911));
        let _other = UdpSocket::bind((LOOPBACK, 22910)).unwrap();
        let opened = opener.open(&wish(RelayKind::Udp, PortWish::Any), LOOPBACK, &Home::Kept, Instant::now());
        assert_eq!(port(&opened), Some(22911));
    }

    #[test]
    fn a_reserved_port_waits_thirty_seconds_for_the_holder_of_its_token() {
        let opener = opener(Ports::None);
        let (open, now) = (|port| wish(RelayKind::Virtual, port), Instant::now());
        let even = opener.open(&open(PortWish::EvenAndKeepNext([1; 8])), LOOPBACK, &Home::Kept, now);
        assert_eq!(port(&even).map(|port| port % 2), Some(0));
        assert!(opener.open(&open(PortWish::Kept([2; 8])), LOOPBACK, &Home::Kept, now).v4.is_err());
        let next = opener.open(&open(PortWish::Kept([1; 8])), LOOPBACK, &Home::Kept, now);
        assert_eq!(port(&next), port(&even).map(|port| port + 1));
        assert!(opener.open(&open(PortWish::Kept([1; 8])), LOOPBACK, &Home::Kept, now).v4.is_err());

        opener.open(&open(PortWish::EvenAndKeepNext([3; 8])), LOOPBACK, &Home::Kept, now).v4.expect("a pair");
        assert!(opener.open(&open(PortWish::Kept([3; 8])), LOOPBACK, &Home::Kept, now + KEPT_FOR).v4.is_err());
    }

    #[test]
    fn whoever_reserves_port_after_port_leaves_enough_for_others() {
        let opener = opener(Ports::None);
        let (open, now) = (|port| wish(RelayKind::Virtual, port), Instant::now());
        let reserve = |n: usize, now| {
            let token = (n as u64).to_be_bytes();
            opener.open(&open(PortWish::EvenAndKeepNext(token)), LOOPBACK, &Home::Kept, now).v4.is_ok()
        };
        assert!((0..MOST_KEPT).all(|n| reserve(n, now)));
        assert!(!reserve(MOST_KEPT, now));
        assert!(opener.open(&open(PortWish::Any), LOOPBACK, &Home::Kept, now).v4.is_ok());
        assert!(reserve(MOST_KEPT, now + KEPT_FOR));
    }

    #[test]
    fn a_configured_address_is_shown_even_where_this_machine_does_not_own_it() {
        let opener =
            Opener::over(Ports::Range(22912..=22915), vec!["203.0.113.7".parse().unwrap()], FastPaths::default());
        let opened = opener.open(&wish(RelayKind::Udp, PortWish::Any), LOOPBACK, &Home::Kept, Instant::now());
        let relayed = opened.v4.expect("opened");
        assert_eq!(relayed.lease.address().ip(), "203.0.113.7".parse::<IpAddr>().unwrap());
        assert!(relayed.socket.as_ref().unwrap().local_addr().unwrap().ip().is_unspecified());
        opener.know_as(vec!["203.0.113.8".parse().unwrap()]);
        let next = opener.open(&wish(RelayKind::Udp, PortWish::Any), LOOPBACK, &Home::Kept, Instant::now());
        assert_eq!(next.v4.expect("opened").lease.address().ip(), "203.0.113.8".parse::<IpAddr>().unwrap());
    }
}
