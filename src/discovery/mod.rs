//! Which addresses this machine has, and by which of them the rest of the world reaches it: from its interfaces, from the
//! cloud it says it runs in, from STUN servers that were named. Nobody who was not asked for by the operator or by the
//! machine itself ever hears of us; typed-in addresses win and then nobody is asked at all.

mod interfaces;
mod metadata;
mod stun_client;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

pub use interfaces::Interface;

use crate::surroundings::{Cloud, Container};
use crate::turn::is_special;

/// What is looked at. The paths and addresses are fields so that a test can be a cloud.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Holds `sys/class/dmi/id`, `sys/class/net` and the marks of containers: `/`.
    pub root: PathBuf,
    /// Where clouds answer questions about the machine that asks.
    pub metadata: SocketAddr,
    /// The interfaces that are up, loopback left out.
    pub interfaces: Vec<Interface>,
}

/// What the operator said about it.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// These are the public addresses: nothing else is looked for.
    pub typed: Vec<IpAddr>,
    /// STUN servers, as `host:port`. Whoever runs one learns that this machine asked.
    pub stun_servers: Vec<String>,
}

/// What was found. `addresses` are the candidates for links, for relayed transport addresses and for IP certificates.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// At most a few, the most trustworthy first; none on a machine that only a private network reaches.
    pub addresses: Vec<PublicAddress>,
    /// The cloud that the machine says it runs in.
    pub cloud: Option<Cloud>,
    /// Whether this is a container, and of which kind.
    pub container: Option<Container>,
}

/// One address by which the world reaches this machine, or so it seems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicAddress {
    /// The address.
    pub ip: IpAddr,
    /// Where it is known from.
    pub how: How,
    /// `false`: no interface has it, so something in front of us translates addresses (1:1 NAT, a router, a container's
    /// bridge) and has to pass the ports on.
    pub on_interface: bool,
    /// Whether a connection from here to there came back to us.
    pub reached: Reached,
}

/// Where an address is known from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// The operator wrote it.
    Typed,
    /// An interface has it.
    Interface(String),
    /// The cloud's metadata service told it.
    Metadata(Cloud),
    /// This STUN server saw it.
    Stun(String),
    /// The router in front of this machine told it, in this language.
    Router(&'static str),
}

/// What came of connecting to oneself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Not tried, or nothing listens there.
    Unknown,
    /// It works from here. A firewall for others may still be in the way.
    Yes,
    /// Nothing answered, which proves nothing: many networks do not lead a machine back to itself.
    No,
}

/// Link-local, so no router passes the question on (RFC 3927, 2.7).
const METADATA: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(169, 254, 169, 254)), 80);

/// For connecting to oneself: through a cloud's gateway and back.
const REACH: Duration = Duration::from_secs(1);

impl Machine {
    /// This one, at this moment.
    pub fn this() -> Machine {
        Machine { root: "/".into(), metadata: METADATA, interfaces: interfaces::up() }
    }

    /// The container that it is, if it is one.
    pub fn container(&self) -> Option<Container> {
        Container::below(&self.root, self.interfaces.iter().map(|interface| &*interface.name))
    }
}

/// Looks for the public addresses. Takes two seconds at most, and on a machine with a public IPv4 address on an
/// interface asks nobody. Never fails: what is not found is not there.
pub async fn find(machine: &Machine, wishes: &Wishes) -> Found {
    let (cloud, container) = (Cloud::below(&machine.root), machine.container());
    let mut addresses = Vec::new();
    let mut add = |ip: IpAddr, how: How| {
        if !addresses.iter().any(|known: &PublicAddress| known.ip == ip) {
            let on_interface = machine.interfaces.iter().any(|interface| interface.ip == ip);
            addresses.push(PublicAddress { ip, how, on_interface, reached: Reached::Unknown });
        }
    };
    if !wishes.typed.is_empty() {
        wishes.typed.iter().for_each(|ip| add(*ip, How::Typed));
        return Found { addresses, cloud, container };
    }
    let public = machine.interfaces.iter().filter(|interface| is_public(interface.ip));
    public.for_each(|interface| add(interface.ip, How::Interface(interface.name.clone())));
    // IPv6 has no address translation worth the name: what no interface has does not exist.
    if !machine.interfaces.iter().any(|interface| interface.ip.is_ipv4() && is_public(interface.ip)) {
        let from_cloud = async { Some((metadata::public_ipv4(cloud?, machine.metadata).await?, cloud?)) };
        let (from_cloud, seen) = tokio::join!(from_cloud, stun_client::ask_all(&wishes.stun_servers));
        if let Some((ip, cloud)) = from_cloud {
            add(ip, How::Metadata(cloud));
        }
        seen.into_iter().filter(|(ip, _)| is_public(*ip)).for_each(|(ip, server)| add(ip, How::Stun(server)));
    }
    Found { addresses, cloud, container }
}

impl Found {
    /// By which the world reaches this machine, or so it seems.
    pub fn public(&self) -> Vec<IpAddr> {
        self.addresses.iter().map(|address| address.ip).collect()
    }

    /// The addresses for relayed candidates where they must be told: those that no interface has, one of each family. The
    /// relay tells a client the address of the interface it came in by, which is right for all others.
    pub fn translated(&self) -> Vec<IpAddr> {
        let of = |v4: bool| self.addresses.iter().find(|address| address.ip.is_ipv4() == v4);
        let told = [of(true), of(false)].into_iter().flatten();
        told.filter(|address| !address.on_interface || address.how == How::Typed).map(|address| address.ip).collect()
    }

    /// Takes the address that the router in front tells, in the place of what it told before. Typed-in addresses win, and what is
    /// known already from somebody else stays known from there.
    pub fn learn(&mut self, told: Option<(IpAddr, &'static str)>) {
        self.addresses.retain(|address| !matches!(address.how, How::Router(_)));
        let typed = self.addresses.iter().any(|address| address.how == How::Typed);
        let known = |ip: IpAddr| self.addresses.iter().any(|address| address.ip == ip);
        if let Some((ip, language)) = told.filter(|(ip, _)| !typed && !known(*ip)) {
            let how = How::Router(language);
            self.addresses.push(PublicAddress { ip, how, on_interface: false, reached: Reached::Unknown });
        }
    }

    /// Whether an interface has a public IPv4 address: nothing in front of this machine has to forward ports then.
    pub fn is_directly_reached(&self) -> bool {
        self.addresses.iter().any(|address| address.ip.is_ipv4() && address.on_interface)
    }

    /// Connects to every address at `port`, or at `mapped` where somebody translates, and notes what came of it: STUN is answered
    /// there over TCP.
    pub async fn confirm(&mut self, port: u16, mapped: u16) {
        // All at once: a machine may have many addresses, and whoever started it waits.
        let looks = self.addresses.iter_mut().map(|address| async move {
            let port = if address.on_interface { port } else { mapped };
            address.reached = if reaches(SocketAddr::new(address.ip, port)).await { Reached::Yes } else { Reached::No };
        });
        futures_util::future::join_all(looks).await;
    }
}

/// Whether a STUN server answers at `address`: on our own port that is us, or somebody a router put in our place, which
/// the operator then sees in the browser.
async fn reaches(address: SocketAddr) -> bool {
    let asked = async {
        let stream = TcpStream::connect(address).await.ok()?;
        stun_client::ask_stream(stream).await
    };
    timeout(REACH, asked).await.ok().flatten().is_some()
}

/// Whether strangers can reach it if a firewall lets them.
fn is_public(ip: IpAddr) -> bool {
    !is_special(ip)
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            How::Typed => f.write_str("typed in"),
            How::Interface(name) => write!(f, "on {name}"),
            How::Metadata(cloud) => write!(f, "told by {cloud}'s metadata"),
            How::Stun(server) => write!(f, "seen by {server}"),
            How::Router(language) => write!(f, "told by the router ({language})"),
        }
    }
}

impl fmt::Display for PublicAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", self.ip, self.how)?;
        if !self.on_interface {
            f.write_str(", on no interface of this machine: NAT in front of it has to pass the ports on")?;
        }
        match self.reached {
            Reached::Yes => f.write_str("; reached from here"),
            Reached::No => f.write_str("; not reached from here (many networks never allow that)"),
            Reached::Unknown => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
