//! Addresses as they may be shown: enough to see that two are neighbours, too little to find a person.

use std::net::IpAddr;

use ipnet::IpNet;

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
    fn what_tells_a_person_from_their_neighbours_is_left_out() {
        let short = |text: &str| shortened(text.parse().unwrap()).to_string();
        assert_eq!(short("192.0.2.77"), "192.0.2.0/24");
        assert_eq!(short("::ffff:192.0.2.77"), "192.0.2.0/24");
        assert_eq!(short("2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
    }
}
