//! Whose short-lived credentials are refused although their time has not come. Asked once a request, never for data; bounded,
//! because strangers can make people come and go.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::clock::Now;

/// At most this many, about 8 MiB. Beyond, those give way whose credentials run out first: somebody would have to send
/// eighteen people a second out of their rooms to get one credential more than its owner should have.
const MOST: usize = 65_536;

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct Revoked(RwLock<Entries>);

#[derive(Debug, Default)]
struct Entries {
    /// Until when, in unix time.
    ends: HashMap<Arc<str>, Duration>,
    /// The same, those first that end first.
    order: BTreeSet<(Duration, Arc<str>)>,
}

impl Revoked {
    /// Refuses credentials made out to `id` until then, in unix time.
    pub(super) fn add(&self, id: &str, until: Duration, now: Now) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        entries.remove(id);
        let id: Arc<str> = id.into();
        entries.ends.insert(id.clone(), until);
        entries.order.insert((until, id));
        while entries.order.first().is_some_and(|(end, _)| *end <= now.unix || entries.order.len() > MOST) {
            if let Some((_, id)) = entries.order.pop_first() {
                entries.ends.remove(&id);
            }
        }
    }

    /// Accepts them again.
    pub(super) fn remove(&self, id: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Whether `id` is among them.
    pub(super) fn holds(&self, id: &str, now: Now) -> bool {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        entries.ends.get(id).is_some_and(|until| now.unix < *until)
    }
}

impl Entries {
    fn remove(&mut self, id: &str) {
        if let Some((id, until)) = self.ends.remove_entry(id) {
            self.order.remove(&(until, id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_kept_and_those_that_run_out_first_give_way() {
        let (revoked, now) = (Revoked::default(), Now::read());
        let until = |n: usize| now.unix + Duration::from_secs(60 + n as u64);
        for n in 0..MOST + 10 {
            revoked.add(&n.to_string(), until(n), now);
        }
        assert!(!revoked.holds("9", now) && revoked.holds("10", now));
        let entries = revoked.0.read().expect("whole");
        assert_eq!((entries.ends.len(), entries.order.len()), (MOST, MOST));
    }

    #[test]
    fn what_has_run_out_is_forgotten_and_one_id_has_one_entry() {
        let (revoked, now) = (Revoked::default(), Now::read());
        for seconds in [5, 10, 7] {
            revoked.add("a", now.unix + Duration::from_secs(seconds), now);
        }
        let later = now.after(Duration::from_secs(7));
        assert!(!revoked.holds("a", later), "the last word counts");
        revoked.add("b", later.unix + Duration::from_secs(1), later);
        assert_eq!(revoked.0.read().expect("whole").order.len(), 1);
        revoked.remove("b");
        assert!(revoked.0.read().expect("whole").ends.is_empty());
    }
}
