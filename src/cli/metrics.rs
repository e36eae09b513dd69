//! `callbox metrics NAME`: what a monitoring needs to look at callbox, ready to be saved: where Prometheus finds the figures,
//! rules that alert, a dashboard for Grafana.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::Context;
use clap::ValueEnum;

use crate::config::Config;

/// What can be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Monitoring {
    /// The lines for prometheus.yml that fetch the figures
    Prometheus,
    /// Rules for Prometheus that alert
    Alerts,
    /// A dashboard for Grafana
    Grafana,
}

/// The text for it.
///
/// # Errors
/// When the configuration has no admin listener to fetch figures from.
pub(super) fn text(what: Monitoring, config: &Config) -> anyhow::Result<String> {
    Ok(match what {
        Monitoring::Prometheus => scrape(config)?,
        Monitoring::Alerts => include_str!("metrics/alerts.yml").to_owned(),
        Monitoring::Grafana => include_str!("metrics/grafana.json").to_owned(),
    })
}

fn scrape(config: &Config) -> anyhow::Result<String> {
    let admin = config.admin.as_ref().context("admin.listen is empty, so there are no figures; set it")?;
    // The token itself is not printed: it belongs into a file that only Prometheus reads.
    let authorization = match &admin.token {
        Some(_) => "    authorization: { type: Bearer, credentials_file: /etc/prometheus/callbox.token }\n",
        None => "",
    };
    let target = reachable(admin.listen);
    Ok(format!(
        "scrape_configs:\n  - job_name: callbox\n{authorization}    static_configs:\n      - targets: [\"{target}\"]\n"
    ))
}

/// A wildcard is listened on, not called: a neighbour writes this machine's name there.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = if listen.ip().is_unspecified() { IpAddr::from(Ipv4Addr::LOCALHOST) } else { listen.ip() };
    SocketAddr::new(ip, listen.port())
}
