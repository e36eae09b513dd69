//! How much one address may ask for in a while, in memory that has an end.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::address::Subscriber;

/// Addresses remembered at most, some 200 KiB. More than that test at a time only if somebody wants the table full; then
/// whoever is not in it waits.
const MOST: usize = 4096;

/// For each address the moment up to which what it took is paid for; it may run ahead of now by one period.
#[derive(Debug)]
pub(super) struct Allowance {
    units: u64,
    period: Duration,
    paid_until: Mutex<HashMap<Subscriber, Instant>>,
}

impl Allowance {
    /// So many units at once, that come back over one period.
    pub(super) fn new(units: u64, period: Duration) -> Allowance {
        Allowance { units, period, paid_until: Mutex::default() }
    }

    /// Takes `units` from what `client` has, IPv6 by its /64, if they are there.
    pub(super) fn take(&self, client: IpAddr, units: u64, now: Instant) -> bool {
        let mut table = self.paid_until.lock().unwrap_or_else(PoisonError::into_inner);
        let client = Subscriber::of(client);
        if !table.contains_key(&client) && table.len() >= MOST {
            table.retain(|_, paid_until| *paid_until > now);
            if table.len() >= MOST {
                return false;
            }
        }
        let before = table.get(&client).map_or(now, |paid_until| (*paid_until).max(now));
        let after = before + self.period.mul_f64(units as f64 / self.units as f64);
        let enough = after <= now + self.period;
        if enough {
            table.insert(client, after);
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn what_is_used_up_comes_back_and_others_have_their_own() {
        let (allowance, now) = (Allowance::new(4, MINUTE), Instant::now());
        let take = |client: &str, at| allowance.take(client.parse().unwrap(), 2, at);
        assert_eq!([take("192.0.2.7", now), take("192.0.2.7", now), take("192.0.2.7", now)], [true, true, false]);
        assert!(take("192.0.2.8", now));
        assert!(!take("192.0.2.7", now + MINUTE / 4));
        assert!(take("192.0.2.7", now + MINUTE / 2));
        assert!(take("2001:db8::1", now) && take("2001:db8::2", now) && !take("2001:db8::3", now), "one household");
    }

    #[test]
    fn a_crowd_fills_the_table_and_not_the_memory() {
        let (allowance, now) = (Allowance::new(4, MINUTE), Instant::now());
        let address = |n: u32| IpAddr::from((0x0a00_0000 + n).to_be_bytes());
        let taken = (0..5000).filter(|n| allowance.take(address(*n), 4, now)).count();
        assert_eq!((taken, allowance.paid_until.lock().unwrap().len()), (MOST, MOST));
        assert!(allowance.take(address(5000), 4, now + MINUTE), "those who have all of theirs back are forgotten");
        assert_eq!(allowance.paid_until.lock().unwrap().len(), 1);
    }
}
