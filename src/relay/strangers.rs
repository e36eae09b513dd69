//! How many packets of strangers a worker serves. Their source addresses may be forged, so every reply may hit somebody
//! who never asked: a network gets no more of them than a few calls a second need. Memory is fixed, whatever comes.
//!
//! Clients with an allocation never come here, so a flood does not touch running calls.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Networks are told apart by a seeded hash into this many buckets: 32 KiB a worker.
const BUCKETS: usize = 4096;

/// A call takes about ten packets before its allocations stand, and a page one every few seconds for its own address:
/// enough for a school behind one address, and for a victim of forged requests less than 30 kB a second.
const PER_SECOND: u32 = 200;

/// That many may come at once, as when a server was restarted and everybody returns.
const BURST: u32 = 1000;

/// See the module's text.
#[derive(Debug)]
pub(super) struct Strangers {
    /// For each bucket when it will be full again, in microseconds since `start` (GCRA).
    buckets: Box<[u64]>,
    seed: RandomState,
    start: Instant,
}

impl Strangers {
    pub(super) fn new(now: Instant) -> Strangers {
        Strangers { buckets: vec![0; BUCKETS].into_boxed_slice(), seed: RandomState::new(), start: now }
    }

    /// Whether one more packet from that address is to be served.
    pub(super) fn admit(&mut self, ip: IpAddr, now: Instant) -> bool {
        const STEP: u64 = Duration::from_secs(1).as_micros() as u64 / PER_SECOND as u64;
        // Nobody outside can forge a loopback address, and nobody outside would be hit.
        if ip.is_loopback() {
            return true;
        }
        let now = now.saturating_duration_since(self.start).as_micros() as u64;
        let bucket = &mut self.buckets[self.seed.hash_one(network(ip)) as usize % BUCKETS];
        let next = (*bucket).max(now) + STEP;
        let admitted = next - now <= STEP * u64::from(BURST);
        if admitted {
            *bucket = next;
        }
        admitted
    }
}

/// What one attacker or one site has: an IPv4 /24, an IPv6 /48.
fn network(ip: IpAddr) -> u64 {
    match ip {
        IpAddr::V4(ip) => u64::from(ip.to_bits() >> 8),
        // Above any of IPv4: no IPv6 address in use begins with 16 zero bits.
        IpAddr::V6(ip) => (ip.to_bits() >> 80) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(strangers: &mut Strangers, ip: &str, count: u32, now: Instant) -> u32 {
        let ip = ip.parse().unwrap();
        (0..count).map(|_| u32::from(strangers.admit(ip, now))).sum()
    }

    #[test]
    fn a_network_gets_a_burst_and_then_its_rate() {
        let now = Instant::now();
        let mut strangers = Strangers::new(now);
        assert_eq!(admitted(&mut strangers, "198.51.100.1", 5000, now), BURST);
        assert_eq!(admitted(&mut strangers, "198.51.100.77", 10, now), 0);
        let later = now + Duration::from_secs(1);
        assert_eq!(admitted(&mut strangers, "198.51.100.1", 5000, later), PER_SECOND);
        assert_eq!(admitted(&mut strangers, "198.51.100.1", 5000, later + Duration::from_secs(3600)), BURST);
    }

    #[test]
    fn one_flooding_network_does_not_shut_out_the_others() {
        let now = Instant::now();
        let mut strangers = Strangers::new(now);
        admitted(&mut strangers, "2001:db8:1::1", 5000, now);
        let others = (2..100).filter(|n| admitted(&mut strangers, &format!("2001:db8:{n:x}::1"), 1, now) == 1);
        // Now and then two share a bucket.
        assert!(others.count() > 95);
    }

    #[test]
    fn this_machine_itself_is_never_held_back() {
        let now = Instant::now();
        assert_eq!(admitted(&mut Strangers::new(now), "127.0.0.1", 5000, now), 5000);
    }
}
