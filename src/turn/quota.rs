//! How many allocations there are, in all, of each user and from each address. Taken once per Allocate and given back by
//! itself at the allocation's end; no packet comes here.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use super::options::Quotas;
use super::refusal::Refusal;
use super::testing;
use crate::address::Subscriber;
use crate::pass;

/// What is in use. Its size is bounded by the allocations there are.
#[derive(Debug, Default)]
pub(super) struct Usage(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    total: u32,
    users: HashMap<Box<str>, u32>,
    addresses: HashMap<Subscriber, u32>,
    /// Those of `addresses` that are for a test.
    tests: HashMap<Subscriber, u32>,
}

/// One allocation's place in the counts; dropping it gives the place back.
#[derive(Debug)]
pub(super) struct Place {
    usage: Arc<Usage>,
    username: Box<str>,
    address: Subscriber,
    is_test: bool,
}

/// A place for one more allocation, if the quotas have one.
pub(super) fn take(usage: &Arc<Usage>, quotas: &Quotas, username: &str, ip: IpAddr) -> Result<Place, Refusal> {
    let (address, mut counts) = (Subscriber::of(ip), usage.lock());
    if full(quotas.allocations, Some(&counts.total)) {
        return Err(Refusal::InsufficientCapacity);
    }
    let is_test = pass::is_for_test(username);
    let per_user = if is_test { Some(testing::ALLOCATIONS) } else { quotas.per_user };
    if full(per_user, counts.users.get(person(username))) || counts.has_enough_from(ip, is_test, quotas) {
        return Err(Refusal::QuotaReached);
    }
    counts.total += 1;
    *counts.users.entry(person(username).into()).or_default() += 1;
    counts.count(address, is_test);
    Ok(Place { usage: usage.clone(), username: username.into(), address, is_test })
}

impl Place {
    pub(super) fn username(&self) -> &str {
        &self.username
    }

    /// Whether it was taken with credentials for a test.
    pub(super) fn is_test(&self) -> bool {
        self.is_test
    }

    /// The allocation's client moves to `ip` (RFC 8016): it counts there from now on, if there is a place.
    pub(super) fn move_to(&mut self, quotas: &Quotas, ip: IpAddr) -> Result<(), Refusal> {
        let address = Subscriber::of(ip);
        if address == self.address {
            return Ok(());
        }
        let mut counts = self.usage.lock();
        if counts.has_enough_from(ip, self.is_test, quotas) {
            return Err(Refusal::QuotaReached);
        }
        counts.count(address, self.is_test);
        counts.give_back(&self.address, self.is_test);
        self.address = address;
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.usage.lock();
        counts.total -= 1;
        give_back(&mut counts.users, person(&self.username));
        counts.give_back(&self.address, self.is_test);
    }
}

impl Counts {
    /// A proxy on this machine brings everybody's connections from one address: loopback is not counted.
    fn has_enough_from(&self, ip: IpAddr, is_test: bool, quotas: &Quotas) -> bool {
        let address = Subscriber::of(ip);
        let tests = is_test && full(Some(testing::ALLOCATIONS), self.tests.get(&address));
        !ip.is_loopback() && (tests || full(quotas.per_address, self.addresses.get(&address)))
    }

    fn count(&mut self, address: Subscriber, is_test: bool) {
        *self.addresses.entry(address).or_default() += 1;
        if is_test {
            *self.tests.entry(address).or_default() += 1;
        }
    }

    fn give_back(&mut self, address: &Subscriber, is_test: bool) {
        give_back(&mut self.addresses, address);
        if is_test {
            give_back(&mut self.tests, address);
        }
    }
}

impl Usage {
    pub(super) fn total(&self) -> u32 {
        self.lock().total
    }

    /// The counts are whole even if a thread died here: every change is one addition.
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn full(limit: Option<u32>, used: Option<&u32>) -> bool {
    limit.is_some_and(|limit| used.copied().unwrap_or(0) >= limit)
}

fn give_back<Q: ?Sized + Hash + Eq, K: Hash + Eq + std::borrow::Borrow<Q>>(counts: &mut HashMap<K, u32>, key: &Q) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// Whose allocations count together: credentials that expire are made out anew all the time, to the same person.
fn person(username: &str) -> &str {
    pass::holder(username).unwrap_or(username)
}
