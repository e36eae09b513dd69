//! What an address says of whose it is: the subscriber who is counted as one, and the network that may be shown, enough to see
//! that two are neighbours, too little to find a person.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// What is counted as one: one household has one IPv4 address, in whatever notation, or one /64 of IPv6 in which it may take any
/// address (RFC 6177, 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subscriber(IpAddr);

impl Subscriber {
    /// Who has `address`.
    pub fn of(address: IpAddr) -> Subscriber {
        Subscriber(match address.to_canonical() {
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
            v4 => v4,
        })
    }
}

impl fmt::Display for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The network of an address: a /24 of IPv4, a /48 of IPv6, which is what a provider gives to a site (RFC 6177).
pub fn shortened(address: IpAddr) -> IpNet {
    let address = address.to_canonical();
    let length = if address.is_ipv4() { 24 } else { 48 };
    IpNet::new_assert(address, length).trunc()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_household_is_one_however_its_address_is_written() {
        let of = |text: &str| Subscriber::of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("192.0.2.7"), of("::ffff:192.0.2.7"));
        assert_ne!(of("::ffff:192.0.2.7"), of("::ffff:192.0.2.8"), "mapped ones are not all of one /64");
    }

    #[test]
    fn what_tells_a_person_from_their_neighbours_is_left_out() {
        let short = |text: &str| shortened(text.parse().unwrap()).to_string();
        assert_eq!(short("192.0.2.77"), "192.0.2.0/24");
        assert_eq!(short("::ffff:192.0.2.77"), "192.0.2.0/24");
        assert_eq!(short("2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
    }
}
