//! Which router this machine's packets go to, from the kernel's table of routes (proc_net_route: one line a route, addresses
//! as hexadecimal numbers in the machine's byte order).

use std::fs;
use std::net::{Ipv4Addr, UdpSocket};

/// The way out of this network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) router: Ipv4Addr,
    /// This machine's address as the router sees it.
    pub(super) own: Ipv4Addr,
}

/// Nothing is sent there: connecting a UDP socket only looks up the route.
const DISCARD: u16 = 9;

impl Route {
    /// The one for everywhere else; `None`: there is none for IPv4.
    pub(super) fn out() -> Option<Route> {
        let router = default_router(&fs::read_to_string("/proc/net/route").ok()?)?;
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
        socket.connect((router, DISCARD)).ok()?;
        match socket.local_addr().ok()?.ip() {
            std::net::IpAddr::V4(own) => Some(Route { router, own }),
            std::net::IpAddr::V6(_) => None,
        }
    }
}

/// RTF_UP and RTF_GATEWAY of linux/route.h.
const UP_AND_GATEWAY: u32 = 0x0003;

/// The gateway of the default route that the kernel prefers.
fn default_router(table: &str) -> Option<Ipv4Addr> {
    let routes = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| u32::from_str_radix(fields.get(at)?, 16).ok();
        let (destination, gateway, flags, mask) = (number(1)?, number(2)?, number(3)?, number(7)?);
        let metric: u32 = fields.get(6)?.parse().ok()?;
        let is_default = destination == 0 && mask == 0 && flags & UP_AND_GATEWAY == UP_AND_GATEWAY;
        is_default.then_some((metric, Ipv4Addr::from(gateway.to_ne_bytes())))
    });
    routes.min_by_key(|(metric, _)| *metric).map(|(_, gateway)| gateway)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn the_preferred_default_route_is_taken_and_no_other() {
        let table = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
            wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
            eth0\t00000000\t010210AC\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
            tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n\
            vpn0\t00000000\t0100000A\t0003\t0\t0\t0\t00000080\t0\t0\t0\n\
            eth0\t000210AC\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n\
            broken\n";
        assert_eq!(default_router(table), Some(Ipv4Addr::new(172, 16, 2, 1)));
        assert_eq!(default_router(""), None);
    }
}
