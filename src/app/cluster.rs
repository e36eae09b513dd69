//! This server as one node of several: the site and the store do not know each other and are tied here.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use tokio_util::sync::CancellationToken;

use crate::cluster::{NodeId, Order};
use crate::config::Config;
use crate::http::{self, Elsewhere, Site};
use crate::store::{self, Keys, Queue};

/// A node that has not begun to talk to the others.
pub(super) struct Membership {
    options: store::Options,
    orders: Arc<Queue>,
}

#[derive(Debug)]
struct Orders(Arc<Queue>);

impl Elsewhere for Orders {
    fn order(&self, order: Order) {
        self.0.put(order);
    }
}

/// Longer than any credentials for the relay are good.
const REVOKED_FOR: Duration = Duration::from_secs(2 * 3600);

impl Membership {
    /// `None`: this server is alone.
    pub(super) fn new(config: &Config) -> Option<Membership> {
        let cluster = config.cluster.as_ref()?;
        let mut id = [0; 8];
        rand::fill(&mut id).expect("the system's generator does not fail once it has started");
        let options = store::Options {
            address: cluster.store.clone(),
            node: NodeId(u64::from_be_bytes(id)),
            keys: Arc::new(Keys::new(&cluster.secret)),
            max_rooms: config.rooms.max_rooms,
            revoked_for: REVOKED_FOR,
        };
        Some(Membership { options, orders: Queue::new() })
    }

    /// What the site needs of it.
    pub(super) fn site(&self) -> http::Cluster {
        http::Cluster {
            node: self.options.node,
            network_key: self.options.keys.derived("networks"),
            elsewhere: Arc::new(Orders(self.orders.clone())),
        }
    }

    /// Works until `shutdown`.
    pub(super) async fn run(self, site: Site, shutdown: CancellationToken) {
        store::run(self.options, self.orders, move |input| site.cluster(input), shutdown).await;
    }
}
