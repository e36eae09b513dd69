//! How many connections, or WebSockets, may be open, in all and from one address, so that one stranger cannot use up the
//! descriptors or the places of everybody else.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::address::Subscriber;

/// Counts what is open. The table holds only addresses with an open one, so it never outgrows the limit.
#[derive(Debug)]
pub struct Admission {
    most: usize,
    most_per_address: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_address: HashMap<Subscriber, usize>,
}

/// One place; gives it back when dropped. It travels with the stream, as a WebSocket outlives the HTTP connection it
/// began as.
#[derive(Debug)]
pub struct Place {
    admission: Arc<Admission>,
    /// `None`: counted among all alone.
    address: Option<Subscriber>,
}

impl Admission {
    /// At most `most` places, and of them `most_per_address` for one address, IPv6 by its /64.
    pub fn new(most: usize, most_per_address: usize) -> Admission {
        Admission { most, most_per_address, open: Mutex::default() }
    }

    /// A place for `client`, or `None` when there is none left. A proxy stands for everybody and is limited by the
    /// total alone: `is_proxy`, and whoever comes from this machine itself.
    pub fn admit(self: &Arc<Self>, client: IpAddr, is_proxy: bool) -> Option<Place> {
        {
            let mut open = self.open();
            if open.all >= self.most {
                return None;
            }
            open.all += 1;
        }
        let mut place = Place { admission: self.clone(), address: None };
        (is_proxy || client.is_loopback() || place.count_for(client)).then_some(place)
    }

    /// How many places are taken.
    pub fn taken(&self) -> usize {
        self.open().all
    }

    /// How many there are.
    pub fn most(&self) -> usize {
        self.most
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Counts the place as one of `client`, once a proxy has told who that is; `false` when they have too many.
    pub fn count_for(&mut self, client: IpAddr) -> bool {
        let address = Subscriber::of(client);
        let mut open = self.admission.open();
        let from_there = open.by_address.get(&address).copied().unwrap_or(0);
        if from_there >= self.admission.most_per_address {
            return false;
        }
        open.by_address.insert(address, from_there + 1);
        let before = self.address.replace(address);
        open.give_back(before);
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.admission.open();
        open.all -= 1;
        open.give_back(self.address);
    }
}

impl Open {
    fn give_back(&mut self, address: Option<Subscriber>) {
        let Some(address) = address else { return };
        if let Some(count) = self.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
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
        let _held: Vec<_> = (0..2).map(|_| admission.admit(ip("192.0.2.7"), false).unwrap()).collect();
        assert!(admission.admit(ip("192.0.2.7"), false).is_none());
        assert!(admission.admit(ip("192.0.2.8"), false).is_some());
    }

    #[test]
    fn the_limit_for_all_counts_everybody_and_a_place_comes_back() {
        let admission = Arc::new(Admission::new(2, 2));
        let first = admission.admit(ip("192.0.2.1"), false).unwrap();
        let _second = admission.admit(ip("127.0.0.1"), false).unwrap();
        assert!(admission.admit(ip("192.0.2.3"), false).is_none());
        drop(first);
        assert!(admission.admit(ip("192.0.2.3"), false).is_some());
    }

    #[test]
    fn changing_the_lower_half_of_an_ipv6_address_gains_nothing() {
        let admission = Arc::new(Admission::new(9, 1));
        let _held = admission.admit(ip("2001:db8:0:1::7"), false).unwrap();
        assert!(admission.admit(ip("2001:db8:0:1:ffff::8"), false).is_none());
        assert!(admission.admit(ip("2001:db8:0:2::7"), false).is_some());
    }

    #[test]
    fn whoever_a_proxy_stands_for_is_limited_like_anybody_else() {
        let admission = Arc::new(Admission::new(9, 1));
        let proxied = || admission.admit(ip("192.0.2.80"), true).unwrap();
        let (mut first, mut second) = (proxied(), proxied());
        assert!(first.count_for(ip("192.0.2.7")));
        assert!(!second.count_for(ip("192.0.2.7")));
        assert!(admission.admit(ip("192.0.2.7"), false).is_none());
        drop((first, second));
        assert!(admission.admit(ip("192.0.2.7"), false).is_some());
    }

    #[test]
    fn a_proxy_on_this_machine_stands_for_everybody() {
        let admission = Arc::new(Admission::new(9, 1));
        let held: Vec<_> = (0..3).map(|_| admission.admit(ip("::1"), false).unwrap()).collect();
        drop(held);
        assert!(admission.open.lock().unwrap().by_address.is_empty());
    }
}
