//! The table of relayed transport addresses: who holds which port. It answers two questions without a lock: is this
//! peer one of ours (the hairpin), and is this port free.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::hairpin::SessionId;
use super::stream::StreamInbox;

/// Every port of the range, for both families: one pointer each.
#[derive(Debug)]
pub(super) struct RelayedTable {
    ports: RangeInclusive<u16>,
    v4: Box<[ArcSwapOption<Holder>]>,
    v6: Box<[ArcSwapOption<Holder>]>,
}

/// Who has a port.
#[derive(Debug)]
pub(super) struct Holder {
    /// The relayed transport address as clients and peers see it.
    pub(super) address: SocketAddr,
    /// Where its session lives.
    pub(super) home: Home,
}

/// Where a session lives.
#[derive(Clone, Debug)]
pub(super) enum Home {
    /// At a UDP worker.
    Worker {
        /// Which one.
        worker: usize,
        /// Its name there.
        session: SessionId,
    },
    /// In the task of a stream.
    Stream(Arc<StreamInbox>),
    /// Nowhere yet: kept for the holder of a RESERVATION-TOKEN.
    Kept,
}

impl RelayedTable {
    pub(super) fn new(ports: RangeInclusive<u16>) -> RelayedTable {
        let empty = || ports.clone().map(|_| ArcSwapOption::const_empty()).collect();
        RelayedTable { v4: empty(), v6: empty(), ports }
    }

    /// Who holds `address`, if it is a relayed transport address of ours.
    pub(super) fn holder(&self, address: SocketAddr) -> Option<arc_swap::Guard<Option<Arc<Holder>>>> {
        let holder = self.slot(address)?.load();
        holder.as_ref().is_some_and(|holder| holder.address == address).then_some(holder)
    }

    /// Takes the port of `address` in its family, unless somebody has it.
    pub(super) fn claim(self: &Arc<Self>, address: SocketAddr, home: Home) -> Option<Lease> {
        let slot = self.slot(address)?;
        // Looking first keeps the walk over a crowded range cheap.
        if slot.load().is_some() {
            return None;
        }
        let before = slot.compare_and_swap(&None::<Arc<Holder>>, Some(Arc::new(Holder { address, home })));
        before.is_none().then(|| Lease { table: self.clone(), address })
    }

    fn slot(&self, address: SocketAddr) -> Option<&ArcSwapOption<Holder>> {
        let index = address.port().checked_sub(*self.ports.start())?;
        let family = match address.ip() {
            IpAddr::V4(_) => &self.v4,
            IpAddr::V6(_) => &self.v6,
        };
        family.get(usize::from(index))
    }
}

/// A port held in the table; dropping it frees the port.
#[derive(Debug)]
pub(super) struct Lease {
    table: Arc<RelayedTable>,
    address: SocketAddr,
}

impl Lease {
    /// The relayed transport address.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says where the session lives, once a kept port is taken.
    pub(super) fn move_in(&self, home: Home) {
        if let Some(slot) = self.table.slot(self.address) {
            slot.store(Some(Arc::new(Holder { address: self.address, home })));
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(slot) = self.table.slot(self.address) {
            slot.store(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Arc<RelayedTable> {
        Arc::new(RelayedTable::new(50000..=50001))
    }

    #[test]
    fn a_port_has_one_holder_per_family_until_it_is_given_back() {
        let (table, v4, v6) = (table(), "192.0.2.1:50000".parse().unwrap(), "[2001:db8::1]:50000".parse().unwrap());
        let lease = table.claim(v4, Home::Kept).expect("free");
        assert!(table.claim("192.0.2.9:50000".parse().unwrap(), Home::Kept).is_none());
        assert!(table.claim(v6, Home::Kept).is_some());
        drop(lease);
        assert!(table.claim(v4, Home::Kept).is_some());
    }

    #[test]
    fn only_the_exact_address_is_ours() {
        let table = table();
        let lease = table.claim("192.0.2.1:50001".parse().unwrap(), Home::Kept).expect("free");
        assert!(table.holder(lease.address()).is_some());
        assert!(table.holder("192.0.2.2:50001".parse().unwrap()).is_none());
        assert!(table.holder("192.0.2.1:50000".parse().unwrap()).is_none());
        assert!(table.holder("192.0.2.1:1".parse().unwrap()).is_none());
    }
}
