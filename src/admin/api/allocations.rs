//! The relayed connections that there are: whose, over what, how much. Each worker is asked when somebody looks.

use serde::Serialize;

use crate::address::shortened;
use crate::admin::Parts;
use crate::turn::{AllocationView, RelayKind, Transport};

/// Told at once, as a worker carries no packets meanwhile.
const MOST: usize = 1000;

#[derive(Debug, Serialize)]
pub(in crate::admin) struct Allocations {
    /// How many there are, of which so many are told.
    total: u64,
    allocations: Vec<Allocation>,
}

#[derive(Debug, Serialize)]
struct Allocation {
    /// The person's id, as in a room's people; or the static user's name.
    user: String,
    is_static: bool,
    network: String,
    transport: &'static str,
    kind: &'static str,
    families: Vec<&'static str>,
    bytes_to_peers: u64,
    bytes_to_client: u64,
    permissions: usize,
    /// Seconds it lives unless it is refreshed.
    expires_in: u64,
}

/// Those that carry most come first.
pub(in crate::admin) async fn allocations(parts: &Parts) -> Allocations {
    let Some(relay) = &parts.relay else { return Allocations { total: 0, allocations: Vec::new() } };
    let mut told = relay.allocations(MOST).await;
    told.sort_by_key(|view| std::cmp::Reverse(view.bytes_to_peers + view.bytes_to_client));
    let counts = relay.counts();
    let alive = counts.allocations_opened.saturating_sub(counts.allocations_closed);
    let allocations: Vec<_> = told.into_iter().map(Allocation::from).collect();
    Allocations { total: alive.max(allocations.len() as u64), allocations }
}

impl From<AllocationView> for Allocation {
    fn from(view: AllocationView) -> Allocation {
        let families = [(view.v4, "ipv4"), (view.v6, "ipv6")];
        Allocation {
            user: view.user,
            is_static: view.is_static,
            network: shortened(view.client.address.ip()).to_string(),
            transport: match view.client.transport {
                Transport::Udp => "udp",
                Transport::Tcp => "tcp",
                Transport::Tls => "tls",
            },
            kind: match view.kind {
                RelayKind::Udp => "udp",
                RelayKind::Tcp => "tcp",
                RelayKind::Virtual => "virtual",
            },
            families: families.into_iter().filter_map(|(has, name)| has.then_some(name)).collect(),
            bytes_to_peers: view.bytes_to_peers,
            bytes_to_client: view.bytes_to_client,
            permissions: view.permissions,
            expires_in: view.left.as_secs(),
        }
    }
}
