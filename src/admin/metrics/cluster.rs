//! How this server stands among those that share its rooms; nothing where it is alone.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::sheet::Sheet;
use crate::http::{Site, Standing};

#[derive(Debug)]
pub(super) struct Cluster(pub(super) Site);

impl Collector for Cluster {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut sheet = Sheet(encoder);
        let Some(Standing { is_reached, since, nodes, kept, guests, elsewhere, .. }) = self.0.standing() else {
            return Ok(());
        };
        sheet.gauge("cluster_redis_up", "1 while Redis can be reached, else 0", u64::from(is_reached))?;
        if let Some(since) = since {
            let help = "When Redis was reached or lost last, in unix time";
            sheet.gauge("cluster_redis_changed_timestamp_seconds", help, since.as_secs())?;
        }
        sheet.gauge("cluster_nodes", "Servers that are alive, this one among them, by Redis' last word", nodes)?;
        let rooms = [("here", kept), ("elsewhere", elsewhere.len())].map(|(kept, rooms)| ([("kept", kept)], rooms));
        let help = "Rooms that this server keeps, and those that others keep and people connected here are in";
        sheet.gauges("cluster_rooms", help, rooms)?;
        sheet.gauge("cluster_guests", "People connected to other servers in rooms that this one keeps", guests)?;
        let visitors: usize = elsewhere.iter().map(|room| room.visitors).sum();
        sheet.gauge("cluster_visitors", "People connected here in rooms that others keep", visitors)
    }
}
