//! Whom clients may send to. A relay must not be a way into its host's network, in whatever notation an address comes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::options::PeerPolicy;

impl PeerPolicy {
    /// Whether a client may send to `peer`. An IPv6 address that stands for an IPv4 one must be allowed as both.
    pub(super) fn allows(&self, peer: IpAddr) -> bool {
        self.allows_as_written(peer) && embedded_ipv4(peer).is_none_or(|ip| self.allows_as_written(ip.into()))
    }

    fn allows_as_written(&self, peer: IpAddr) -> bool {
        match (longest_match(&self.allowed, peer), longest_match(&self.denied, peer)) {
            (None, None) => !is_special(peer) && !self.host.contains(&peer),
            (allowed, denied) => allowed > denied,
        }
    }
}

/// The length of the longest prefix among `nets` that holds `ip`.
fn longest_match(nets: &[IpNet], ip: IpAddr) -> Option<u8> {
    nets.iter().filter(|net| net.contains(&ip)).map(IpNet::prefix_len).max()
}

/// The IPv4 address that packets to this IPv6 address end up at.
fn embedded_ipv4(ip: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(ip) = ip else { return None };
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let v4 = |high: u16, low: u16| Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match [a, b, c, d, e, f] {
        // v4-compatible ::a.b.c.d (RFC 4291, 2.5.5.1) and v4-mapped ::ffff:a.b.c.d (2.5.5.2)
        [0, 0, 0, 0, 0, 0 | 0xFFFF] => v4(g, h),
        // v4-translated ::ffff:0:a.b.c.d (RFC 2765, 2.1)
        [0, 0, 0, 0, 0xFFFF, 0] => v4(g, h),
        // NAT64's well-known prefix 64:ff9b::/96 (RFC 6052, 2.1)
        [0x64, 0xFF9B, 0, 0, 0, 0] => v4(g, h),
        // 6to4 2002:a.b.c.d::/48 (RFC 3056, 2)
        [0x2002, high, low, ..] => v4(high, low),
        // Teredo 2001::/32: the client's address stands last, inverted (RFC 4380, 4)
        [0x2001, 0, ..] => v4(!g, !h),
        _ => None,
    }
}

/// Whether `ip` lies in a block that is no place on the public Internet.
pub fn is_special(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            SPECIAL_V4.iter().any(|&(net, len)| ip.to_bits() >> (32 - len) == net.to_bits() >> (32 - len))
        }
        IpAddr::V6(ip) => {
            SPECIAL_V6.iter().any(|&(net, len)| ip.to_bits() >> (128 - len) == net.to_bits() >> (128 - len))
        }
    }
}

/// The IANA IPv4 special-purpose registry (RFC 6890 and its updates) where not globally reachable, and multicast.
const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),       // this network (RFC 791, 3.2)
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private use (RFC 1918)
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // shared address space (RFC 6598)
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback (RFC 1122, 3.2.1.3)
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link local, cloud metadata (RFC 3927)
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private use (RFC 1918)
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // IETF protocol assignments (RFC 6890, 2.1)
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation (RFC 5737)
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // 6to4 relay anycast (RFC 7526)
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private use (RFC 1918)
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarking (RFC 2544)
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation (RFC 5737)
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation (RFC 5737)
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast (RFC 5771)
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, limited broadcast (RFC 1112, 4; RFC 8190)
];

/// The IANA IPv6 special-purpose registry where not globally reachable, multicast, and what was deprecated.
const SPECIAL_V6: [(Ipv6Addr, u32); 14] = [
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 0), 96), // unspecified, loopback, v4-compatible (RFC 4291)
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xFFFF, 0, 0), 96), // v4-mapped (RFC 4291)
    (Ipv6Addr::new(0, 0, 0, 0, 0xFFFF, 0, 0, 0), 96), // v4-translated (RFC 2765)
    (Ipv6Addr::new(0x64, 0xFF9B, 1, 0, 0, 0, 0, 0), 48), // local-use NAT64 (RFC 8215)
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64), // discard (RFC 6666)
    (Ipv6Addr::new(0x100, 0, 0, 1, 0, 0, 0, 0), 64), // dummy prefix (RFC 9780)
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // IETF protocol assignments, Teredo (RFC 2928)
    (Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 0), 32), // documentation (RFC 3849)
    (Ipv6Addr::new(0x3FFF, 0, 0, 0, 0, 0, 0, 0), 20), // documentation (RFC 9637)
    (Ipv6Addr::new(0x5F00, 0, 0, 0, 0, 0, 0, 0), 16), // segment routing (RFC 9602)
    (Ipv6Addr::new(0xFC00, 0, 0, 0, 0, 0, 0, 0), 7), // unique local (RFC 4193)
    (Ipv6Addr::new(0xFE80, 0, 0, 0, 0, 0, 0, 0), 10), // link local (RFC 4291)
    (Ipv6Addr::new(0xFEC0, 0, 0, 0, 0, 0, 0, 0), 10), // site local, deprecated (RFC 3879)
    (Ipv6Addr::new(0xFF00, 0, 0, 0, 0, 0, 0, 0), 8), // multicast (RFC 4291)
];
