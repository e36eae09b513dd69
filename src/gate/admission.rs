//! How many connections may be open, in all and from one address, so that one stranger cannot use up the descriptors.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts connections. The table holds only addresses with an open one, so it never outgrows the limit.
#[derive(Debug)]
pub(super) struct Admission {
    most: usize,
    most_per_address: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One admitted connection; gives its place back when dropped. It travels with the stream, as a WebSocket outlives the
/// HTTP connection it began as.
#[derive(Debug)]
pub(super) struct Pass {
    admission: Arc<Admission>,
    address: IpAddr,
}

impl Admission {
    pub(super) fn new(most: usize, most_per_address: usize) -> Admission {
        Admission { most, most_per_address, open: Mutex::default() }
    }

    /// A place for a connection from `client`, or `None` when there is none left. Loopback is not limited by address:
    /// that is a proxy on this machine, which stands for everybody.
    pub(super) fn admit(self: &Arc<Self>, client: IpAddr) -> Option<Pass> {
        let address = counted_as(client);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let from_here = open.by_address.get(&address).copied().unwrap_or(0);
        if open.all >= self.most || (from_here >= self.most_per_address && !client.is_loopback()) {
            return None;
        }
        open.all += 1;
        open.by_address.insert(address, from_here + 1);
        Some(Pass { admission: self.clone(), address })
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut open = self.admission.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all -= 1;
        if let Some(count) = open.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

/// One household has one IPv4 address, or one /64 of IPv6 in which it may take any address (RFC 6177, 2).
fn counted_as(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_cannot_take_every_place() {
        let admission = Arc::new(Admission::new(3, 2));
        let _held: Vec<_> = (0..2).map(|_| admission.admit(ip("192.0.2.7")).unwrap()).collect();
        assert!(admission.admit(ip("192.0.2.7")).is_none());
        assert!(admission.admit(ip("192.0.2.8")).is_some());
    }

    #[test]
    fn the_limit_for_all_counts_everybody_and_a_place_comes_back() {
        let admission = Arc::new(Admission::new(2, 2));
        let first = admission.admit(ip("192.0.2.1")).unwrap();
        let _second = admission.admit(ip("127.0.0.1")).unwrap();
        assert!(admission.admit(ip("192.0.2.3")).is_none());
        drop(first);
        assert!(admission.admit(ip("192.0.2.3")).is_some());
    }

    #[test]
    fn changing_the_lower_half_of_an_ipv6_address_gains_nothing() {
        let admission = Arc::new(Admission::new(9, 1));
        let _held = admission.admit(ip("2001:db8:0:1::7")).unwrap();
        assert!(admission.admit(ip("2001:db8:0:1:ffff::8")).is_none());
        assert!(admission.admit(ip("2001:db8:0:2::7")).is_some());
    }

    #[test]
    fn a_proxy_on_this_machine_stands_for_everybody() {
        let admission = Arc::new(Admission::new(9, 1));
        let held: Vec<_> = (0..3).map(|_| admission.admit(ip("::1")).unwrap()).collect();
        drop(held);
        assert!(admission.open.lock().unwrap().by_address.is_empty());
    }
}
