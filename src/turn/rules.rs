//! What all sessions share: the options, the server's keys, the quotas in use, and which IP addresses are our own.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::action::Route;
use super::allocated::{Allocated, Holders};
use super::bucket::{Bucket, SharedBucket};
use super::circles::Circles;
use super::nonce;
use super::options::{Options, PeerPolicy, Quotas};
use super::overview::Refused;
use super::quota::Usage;
use super::revoked::Revoked;
use super::testing;
use crate::clock::Now;
use crate::pass::{self, TurnPasses};

/// The rules every session of this server plays by. Shared behind an `Arc`; read-only on the way of a packet.
pub struct Rules {
    pub(super) options: Options,
    /// Signs what we hand out and want back unchanged: nonces, tokens, tickets.
    pub(super) key: hmac::Key,
    pub(super) nonce_prefix: String,
    /// A password nobody has.
    pub(super) decoy: String,
    /// What an operator may change while allocations live; read by a pointer's load on the way of a packet.
    live: ArcSwap<Live>,
    pub(super) usage: Arc<Usage>,
    pub(super) revoked: Revoked,
    circles: Circles,
    pub(super) holders: Holders,
    own: RwLock<Vec<IpAddr>>,
    /// The reasons why nobody new is served: [`NoMore`], added up.
    closed: AtomicU8,
    pub(super) total_rate: SharedBucket,
    pub(super) refused: Refused,
}

/// Why nobody new is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoMore {
    /// The server is about to stop.
    Draining = 1,
    /// What it may relay in this month is used up.
    UsedUp = 2,
}

/// See [`Rules::change`].
pub(super) struct Live {
    pub(super) passes: TurnPasses,
    pub(super) quotas: Quotas,
    peers: PeerPolicy,
    /// USERHASH (RFC 8489, 14.4) of every static user.
    pub(super) userhashes: HashMap<Vec<u8>, String>,
}

impl Live {
    fn new(options: &Options) -> Live {
        let Options { realm, passes, quotas, peers, .. } = options;
        let userhashes = passes.static_users().map(|name| (userhash(name, realm), name.to_owned())).collect();
        Live { passes: passes.clone(), quotas: *quotas, peers: peers.clone(), userhashes }
    }
}

impl Rules {
    /// Rules from their options.
    pub fn new(options: Options) -> Rules {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &options.key.0);
        Rules {
            nonce_prefix: nonce::prefix(!options.passes.has_secrets()),
            decoy: STANDARD.encode(hmac::sign(&key, b"decoy")),
            live: ArcSwap::from_pointee(Live::new(&options)),
            usage: Arc::default(),
            revoked: Revoked::default(),
            circles: Circles::default(),
            holders: Holders::default(),
            own: RwLock::default(),
            closed: AtomicU8::new(0),
            total_rate: SharedBucket::default(),
            refused: Refused::default(),
            key,
            options,
        }
    }

    /// Takes the passes, the quotas and the peer policy of `options`; the rest stays as it was. Allocations, permissions
    /// and channels that there are live on: what is no longer allowed ends with their next refresh.
    pub fn change(&self, options: &Options) {
        self.live.store(Arc::new(Live::new(options)));
    }

    pub(super) fn live(&self) -> Guard<Arc<Live>> {
        self.live.load()
    }

    /// Says that `ip` carries relayed transport addresses of ours. Advertised addresses become known by themselves
    /// in [`Session::opened`](super::Session::opened); tell only what is bound but advertised under another name.
    pub fn add_own(&self, ip: IpAddr) {
        if !self.is_own(ip) {
            self.own.write().unwrap_or_else(|poisoned| poisoned.into_inner()).push(ip);
        }
    }

    /// Whether `ip` carries relayed transport addresses of ours: reached by the hairpin, and by nothing else.
    pub fn is_own(&self, ip: IpAddr) -> bool {
        self.own.read().unwrap_or_else(|poisoned| poisoned.into_inner()).contains(&ip)
    }

    /// Refuses from now on whatever is signed with credentials made out to `id`, like a wrong password (401): Refresh and
    /// CreatePermission, too. `until`: when the last of them run out, in unix time. Allocations there are the shell ends.
    pub fn revoke(&self, id: &str, until: Duration, now: Now) {
        self.revoked.add(id, until, now);
        self.circles.remove(id);
        self.holders.remove(id);
    }

    /// Takes a [`Rules::revoke`] back, and has `id` belong to `circle`.
    pub fn admit(&self, id: &str, circle: &str) {
        self.revoked.remove(id);
        self.holders.admit(id);
        if self.options.peers_of_circle {
            self.circles.admit(id, circle);
        }
    }

    /// The others of its circle may reach these addresses of `id`, until it is revoked. Of use with
    /// [`Options::peers_of_circle`] alone.
    pub fn announce(&self, id: &str, addresses: &[IpAddr]) {
        self.circles.announce(id, addresses);
    }

    /// Whether [`Rules::announce`] is of use.
    pub fn needs_announcements(&self) -> bool {
        self.options.peers_of_circle
    }

    /// The allocations made with credentials made out to `id` since it was admitted; `None`: it is not.
    pub fn allocated(&self, id: &str) -> Option<Allocated> {
        self.holders.of(id)
    }

    /// Whether credentials made out to `id` are refused by [`Rules::revoke`].
    pub fn is_revoked(&self, id: &str, now: Now) -> bool {
        self.revoked.holds(id, now)
    }

    /// How often requests were refused, by error code.
    pub fn refused(&self) -> impl IntoIterator<Item = (u16, u64)> + use<> {
        self.refused.read()
    }

    /// How many allocations there are now, those still being opened included.
    pub fn allocations(&self) -> u32 {
        self.usage.total()
    }

    /// Refuses new allocations from now on, or takes this reason to refuse them back. Those there are live on and can be
    /// refreshed. The answer is 508, not 486: RFC 8656, 19, has the one for "some capacity limit being reached" of the
    /// server, the other for what one username may have.
    pub fn refuse_allocations(&self, why: NoMore, refuse: bool) {
        match refuse {
            true => self.closed.fetch_or(why as u8, Ordering::Relaxed),
            false => self.closed.fetch_and(!(why as u8), Ordering::Relaxed),
        };
    }

    pub(super) fn are_allocations_open(&self) -> bool {
        self.closed.load(Ordering::Relaxed) == 0
    }

    /// Whether both an allocation's own bit rate, which is another one for a test, and the server's have room for `bytes`;
    /// takes them.
    pub(super) fn affords(&self, own: &mut Bucket, is_test: bool, bytes: usize, now: Now) -> bool {
        let (live, now) = (self.live(), now.monotonic);
        let quotas = &live.quotas;
        let own_rate = if is_test { testing::BITS_PER_SECOND } else { quotas.bits_per_second };
        own.take(bytes, own_rate, now) && self.total_rate.take(bytes, quotas.total_bits_per_second, now).is_ok()
    }

    /// By which way a client may reach `peer`, if it may at all; `holder`: whom its credentials were made out to.
    pub(super) fn route(&self, holder: Option<&str>, peer: IpAddr) -> Option<Route> {
        if holder.is_some_and(|id| id.starts_with(pass::TEST)) {
            return self.is_own(peer).then_some(Route::Hairpin);
        }
        if self.options.peers_of_circle && !holder.is_none_or(|id| self.circles.reaches(id, peer)) {
            return None;
        }
        if self.is_own(peer) {
            return Some(Route::Hairpin);
        }
        (!self.options.virtual_only && self.live().peers.allows(peer)).then_some(Route::Socket)
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("realm", &self.options.realm).finish_non_exhaustive()
    }
}

/// RFC 8489, 14.4: `userhash = SHA-256(OpaqueString(username) ":" OpaqueString(realm))`.
fn userhash(username: &str, realm: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, format!("{username}:{realm}").as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::pass::Secret;

    #[test]
    fn a_changed_password_and_a_newly_denied_peer_count_from_the_next_request() {
        let options = |password: &str, denied: &[&str]| {
            let users = HashMap::from([("alice".to_owned(), Secret::new(password))]);
            let mut options = Options::new("callbox".to_owned(), [7; 32], TurnPasses::new(Vec::new(), users));
            options.peers.denied = denied.iter().map(|net| net.parse().unwrap()).collect();
            options
        };
        let (rules, peer) = (Rules::new(options("old", &[])), "8.8.8.8".parse().unwrap());
        assert_eq!(rules.route(None, peer), Some(Route::Socket));
        rules.change(&options("new", &["8.8.8.0/24"]));
        assert_eq!(rules.live().passes.passwords("alice", Now::read()), [Secret::new("new")]);
        assert_eq!(rules.route(None, peer), None);
    }
}
