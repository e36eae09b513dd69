//! The interfaces of this machine and their addresses.

use std::net::IpAddr;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// One address of one interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// As the kernel calls it.
    pub name: String,
    /// Loopback and link-local ones are left out: the latter need a zone (RFC 4007), which no browser takes in a link.
    pub ip: IpAddr,
}

impl Interface {
    /// Whether it is a bridge of containers or virtual machines: nobody outside this machine gets here by it.
    pub fn is_inner(&self) -> bool {
        ["docker", "br-", "veth", "virbr", "cni", "podman", "lxc"].iter().any(|prefix| self.name.starts_with(prefix))
    }
}

/// Those that are up.
pub(super) fn up() -> Vec<Interface> {
    let Ok(all) = getifaddrs() else { return Vec::new() };
    let up =
        all.filter(|i| i.flags.contains(InterfaceFlags::IFF_UP) && !i.flags.contains(InterfaceFlags::IFF_LOOPBACK));
    let mut found = Vec::new();
    for interface in up {
        let Some(address) = interface.address else { continue };
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::from(v4.ip()));
        let Some(ip) = v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::from(v6.ip()))) else { continue };
        if !is_link_local(ip) {
            found.push(Interface { name: interface.interface_name, ip });
        }
    }
    found
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}
