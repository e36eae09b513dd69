//! What all sessions share: the options, the quotas in use, and which IP addresses are our own.

use std::net::IpAddr;
use std::sync::RwLock;

use super::options::Options;

/// The rules every session of this server plays by. Shared behind an `Arc`; read-only on the way of a packet.
#[derive(Debug)]
pub struct Rules {
    #[expect(dead_code, reason = "read by the session, next commit")]
    pub(super) options: Options,
    own: RwLock<Vec<IpAddr>>,
}

impl Rules {
    /// Rules from their options.
    pub fn new(options: Options) -> Rules {
        Rules { options, own: RwLock::default() }
    }

    /// Says that `ip` carries relayed transport addresses of ours. Advertised addresses become known by themselves
    /// in [`Session::opened`](super::Session::opened); tell only what is bound but advertised under another name.
    pub fn add_own(&self, ip: IpAddr) {
        let mut own = self.own.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        if !own.contains(&ip) {
            own.push(ip);
        }
    }

    /// Whether `ip` carries relayed transport addresses of ours: reached by the hairpin, and by nothing else.
    pub fn is_own(&self, ip: IpAddr) -> bool {
        self.own.read().unwrap_or_else(|poisoned| poisoned.into_inner()).contains(&ip)
    }
}
