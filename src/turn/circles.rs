//! `turn.peers = "room"`: holders of short-lived credentials belong to circles, and reach only the addresses that others of
//! their circle have announced. Asked once a request, never for data; bounded by the members there are.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

/// Addresses kept of one member, the newest: a laptop with several networks has a dozen, and who moves brings new ones.
const MOST: usize = 32;

/// See the module's text. An id that was never admitted reaches nothing.
#[derive(Debug, Default)]
pub(super) struct Circles(RwLock<Members>);

#[derive(Debug, Default)]
struct Members {
    by_id: HashMap<Arc<str>, Member>,
    circles: HashMap<Arc<str>, Vec<Arc<str>>>,
}

#[derive(Debug)]
struct Member {
    circle: Arc<str>,
    announced: VecDeque<IpAddr>,
}

impl Circles {
    /// `id` belongs to `circle` and to no other, and has announced nothing there.
    pub(super) fn admit(&self, id: &str, circle: &str) {
        let mut members = self.0.write().unwrap_or_else(PoisonError::into_inner);
        members.remove(id);
        let (id, circle): (Arc<str>, Arc<str>) = (id.into(), circle.into());
        members.circles.entry(circle.clone()).or_default().push(id.clone());
        members.by_id.insert(id, Member { circle, announced: VecDeque::new() });
    }

    /// `id` belongs nowhere; what it announced is no longer reached.
    pub(super) fn remove(&self, id: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// The others of its circle may reach these addresses of `id`.
    pub(super) fn announce(&self, id: &str, addresses: &[IpAddr]) {
        let mut members = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Some(member) = members.by_id.get_mut(id) else { return };
        for address in addresses.iter().map(IpAddr::to_canonical) {
            member.announced.retain(|known| *known != address);
            member.announced.push_back(address);
            if member.announced.len() > MOST {
                member.announced.pop_front();
            }
        }
    }

    /// Whether somebody else in the circle of `id` has announced that address.
    pub(super) fn reaches(&self, id: &str, address: IpAddr) -> bool {
        let members = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let circle = members.by_id.get(id).and_then(|member| members.circles.get(&member.circle));
        let others = circle.into_iter().flatten().filter(|other| ***other != *id);
        let announced = others.filter_map(|other| members.by_id.get(other)).flat_map(|other| &other.announced);
        announced.into_iter().any(|known| *known == address.to_canonical())
    }
}

impl Members {
    fn remove(&mut self, id: &str) {
        let Some(Member { circle, .. }) = self.by_id.remove(id) else { return };
        let Some(ids) = self.circles.get_mut(&circle) else { return };
        ids.retain(|other| **other != *id);
        if ids.is_empty() {
            self.circles.remove(&circle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(n: u8) -> IpAddr {
        [8, 8, 4, n].into()
    }

    #[test]
    fn the_newest_addresses_are_kept_and_all_go_with_their_owner() {
        let circles = Circles::default();
        circles.admit("a", "kitchen");
        circles.admit("b", "kitchen");
        for n in 0..=MOST as u8 {
            circles.announce("b", &[ip(n)]);
        }
        assert_eq!([0, 1, MOST as u8].map(|n| circles.reaches("a", ip(n))), [false, true, true]);
        assert!(!circles.reaches("b", ip(1)), "one's own address is nobody else's");
        circles.admit("b", "cellar");
        assert!(!circles.reaches("a", ip(1)), "elsewhere nothing was announced yet");
        circles.announce("b", &[ip(1)]);
        assert!(!circles.reaches("a", ip(1)), "another circle");
        circles.remove("a");
        circles.remove("b");
        circles.announce("b", &[ip(1)]);
        let members = circles.0.read().expect("whole");
        assert!(members.by_id.is_empty() && members.circles.is_empty());
    }
}
