//! What the router in front forwards, where it is asked to.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use tokio::sync::watch;

use super::sheet::Sheet;
use crate::router::Standing;

#[derive(Debug)]
pub(super) struct Router(pub(super) Option<watch::Receiver<Standing>>);

impl Collector for Router {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(standing) = &self.0 else { return Ok(()) };
        let standing = standing.borrow();
        let ((forwarded, wanted), mut sheet) = (standing.count(), Sheet(encoder));
        sheet.gauge("router_ports_wanted", "Ports that the router in front was asked to forward", wanted)?;
        sheet.gauge("router_ports_forwarded", "Of these, ports that it forwards", forwarded)?;
        let reached = u64::from(standing.reached().is_some());
        sheet.gauge("router_reached", "1 while the router has a public address and forwards the page's port", reached)
    }
}
