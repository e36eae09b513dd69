//! Where callers come from, as a hub may know it: a keyed hash of what one subscriber has of the address.

use std::net::IpAddr;

use aws_lc_rs::{hmac, rand};

use crate::address::Subscriber;
use crate::hub::Network;

/// Hashes addresses, under a key of this run of the server or of the whole cluster.
#[derive(Debug)]
pub(super) struct Networks(hmac::Key);

impl Networks {
    pub(super) fn new(key: Option<&[u8; 32]>) -> Networks {
        let mut own = [0; 32];
        rand::fill(&mut own).expect("the system's generator does not fail once it has started");
        Networks(hmac::Key::new(hmac::HMAC_SHA256, key.unwrap_or(&own)))
    }

    pub(super) fn of(&self, client: IpAddr) -> Network {
        let hash = hmac::sign(&self.0, Subscriber::of(client).to_string().as_bytes());
        let first = hash.as_ref().first_chunk().expect("SHA-256 has 32 bytes");
        Network(u64::from_be_bytes(*first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_household_is_one_network_on_every_node_and_none_without_the_key() {
        let (one, other) = (Networks::new(Some(&[1; 32])), Networks::new(Some(&[1; 32])));
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(one.of(ip("2001:db8::1")), other.of(ip("2001:db8::2")));
        assert_eq!(one.of(ip("192.0.2.1")), other.of(ip("::ffff:192.0.2.1")));
        assert_ne!(one.of(ip("192.0.2.1")), other.of(ip("192.0.2.2")));
        assert_ne!(one.of(ip("192.0.2.1")), Networks::new(None).of(ip("192.0.2.1")));
    }
}
