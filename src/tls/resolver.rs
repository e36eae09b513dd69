//! Which certificate a handshake gets. Ours has a default, unlike rustls' own: a client that opened an IP address sends
//! no server name (RFC 6066, 3). It can be replaced at any moment; handshakes under way keep the one they got.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// The certificate of the moment.
#[derive(Debug)]
pub(super) struct Resolver {
    default: ArcSwap<CertifiedKey>,
}

impl Resolver {
    pub(super) fn new(default: CertifiedKey) -> Resolver {
        Resolver { default: ArcSwap::from_pointee(default) }
    }

    pub(super) fn current(&self) -> Arc<CertifiedKey> {
        self.default.load_full()
    }

    pub(super) fn replace(&self, default: CertifiedKey) {
        self.default.store(Arc::new(default));
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}
