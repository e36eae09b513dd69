//! Connections at the one port and its neighbours.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::sheet::Sheet;
use crate::gate::{Counts, Outcome};

#[derive(Debug)]
pub(super) struct Gate(pub(super) Counts);

impl Collector for Gate {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut sheet = Sheet(encoder);
        sheet.gauge("connections", "TCP connections that are open", self.0.open())?;
        sheet.gauge("connections_max", "TCP connections that may be open", self.0.most())?;
        let outcomes = Outcome::ALL.map(|(outcome, name)| ([("outcome", name)], self.0.of(outcome)));
        sheet.counters("connection_outcomes", "What became of TCP connections", outcomes)
    }
}
