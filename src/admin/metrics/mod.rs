//! Figures for Prometheus, in the OpenMetrics text format. Nothing is counted here: each collector reads, at the scrape, what
//! its room counts anyway. Labels have few values and never name a room, a person or an address of somebody.

mod cluster;
mod gate;
mod process;
mod relay;
mod rooms;
mod router;
mod sheet;
mod tls;

use http::StatusCode;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::Parts;
use super::answer::{Answer, Problem, typed};

/// Every collector.
pub(super) fn registry(parts: &Parts) -> Registry {
    let mut all = Registry::default();
    // Their names are everybody's, so they have no prefix of ours.
    all.register_collector(Box::new(process::Process::begun_now()));
    let ours = all.sub_registry_with_prefix("callbox");
    ours.register_collector(Box::new(process::Build));
    ours.register_collector(Box::new(rooms::Rooms(parts.site.clone())));
    ours.register_collector(Box::new(cluster::Cluster(parts.site.clone())));
    ours.register_collector(Box::new(gate::Gate(parts.gate.clone())));
    ours.register_collector(Box::new(relay::Relay { streams: parts.relay.clone(), budget: parts.budget.clone() }));
    ours.register_collector(Box::new(router::Router(parts.router.clone())));
    let (certificates, trusted) = (parts.certificates.clone(), parts.trusted.clone());
    ours.register_collector(Box::new(tls::Tls { certificates, trusted }));
    all
}

/// What all of them read at this moment.
pub(super) fn answer(registry: &Registry) -> Result<Answer, Problem> {
    let mut text = String::new();
    encode(&mut text, registry)
        .map_err(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the figures could not be written"))?;
    Ok(typed(StatusCode::OK, "application/openmetrics-text; version=1.0.0; charset=utf-8", text))
}
