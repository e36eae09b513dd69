//! Under which names and addresses this machine can be opened: for the certificate and for the printed links.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// What is known without asking anybody outside.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    configured: Vec<String>,
    host_name: Option<String>,
    interfaces: Vec<Interface>,
}

#[derive(Clone, Debug)]
struct Interface {
    ip: IpAddr,
    /// A bridge of containers or virtual machines: nobody outside this machine gets here by it.
    inner: bool,
}

impl Addresses {
    /// Looks at the interfaces that are up; `configured` names come first everywhere.
    pub(super) fn of_this_machine(configured: &[String]) -> Addresses {
        Addresses { configured: configured.to_vec(), host_name: host_name(), interfaces: interfaces() }
    }

    /// Everything a certificate must be good for.
    pub(super) fn names(&self) -> Vec<String> {
        let local = ["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string(), Ipv6Addr::LOCALHOST.to_string()];
        let own = self.interfaces.iter().map(|interface| interface.ip.to_string());
        let mut names: Vec<String> =
            self.configured.iter().cloned().chain(local).chain(self.host_name.clone()).collect();
        names.extend(own);
        names.sort();
        names.dedup();
        names
    }

    /// The interfaces' addresses.
    pub(super) fn ips(&self) -> Vec<IpAddr> {
        self.interfaces.iter().map(|interface| interface.ip).collect()
    }

    /// Where people on other machines open the page, the best first: what was configured, else the interfaces.
    pub(super) fn outside(&self) -> Vec<String> {
        if !self.configured.is_empty() {
            return self.configured.clone();
        }
        let mut ips: Vec<IpAddr> = self.interfaces.iter().filter(|i| !i.inner).map(|i| i.ip).collect();
        // People type and read IPv4 addresses more easily.
        ips.sort_by_key(IpAddr::is_ipv6);
        ips.iter().map(IpAddr::to_string).collect()
    }
}

/// `host` as it stands in a link.
pub(super) fn in_link(host: &str) -> String {
    if host.parse::<Ipv6Addr>().is_ok() { format!("[{host}]") } else { host.to_owned() }
}

fn host_name() -> Option<String> {
    let name = nix::unistd::gethostname().ok()?.into_string().ok()?.to_lowercase();
    let fit = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
    (fit && !name.is_empty()).then_some(name)
}

fn interfaces() -> Vec<Interface> {
    let Ok(all) = getifaddrs() else { return Vec::new() };
    let up =
        all.filter(|i| i.flags.contains(InterfaceFlags::IFF_UP) && !i.flags.contains(InterfaceFlags::IFF_LOOPBACK));
    let mut found = Vec::new();
    for interface in up {
        let Some(address) = interface.address else { continue };
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::from(v4.ip()));
        let Some(ip) = v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::from(v6.ip()))) else { continue };
        if can_stand_in_a_link(ip) {
            found.push(Interface { ip, inner: is_inner(&interface.interface_name) });
        }
    }
    found
}

/// A link-local address needs a zone (RFC 4007), which no browser takes in a link.
fn can_stand_in_a_link(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !v4.is_link_local(),
        IpAddr::V6(v6) => !v6.is_unicast_link_local(),
    }
}

fn is_inner(name: &str) -> bool {
    ["docker", "br-", "veth", "virbr", "cni", "podman", "lxc"].iter().any(|prefix| name.starts_with(prefix))
}
