//! Certificates: how long those in use are good for, and how renewing goes. They are labelled by the names and addresses that
//! the operator offers, which are few and nobody's secret.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::sheet::Sheet;
use crate::acme::Report;
use crate::tls::Certificates;

#[derive(Debug)]
pub(super) struct Tls {
    pub(super) certificates: Option<Certificates>,
    pub(super) trusted: Report,
}

impl Collector for Tls {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut sheet = Sheet(encoder);
        let in_use = self.certificates.iter().flat_map(Certificates::in_use).map(|certificate| {
            let kind = if certificate.made_here { "self-signed" } else { "given" };
            let host = certificate.host.unwrap_or_else(|| "default".to_owned());
            ([("host", host), ("kind", kind.to_owned())], certificate.ends.as_secs())
        });
        let help = "When each certificate that is presented ends, in unix time";
        sheet.gauges("certificate_ends_timestamp_seconds", help, in_use)?;
        let standings = self.trusted.standings();
        let each = || standings.iter().map(|standing| ([("subject", standing.subject.to_string())], standing));
        let failures = each().map(|(labels, standing)| (labels, u64::from(standing.failures)));
        sheet.gauges("acme_failures", "Attempts in a row to get a trusted certificate that failed", failures)?;
        let renewals = each().filter_map(|(labels, standing)| Some((labels, standing.renews?.as_secs())));
        let help = "When each trusted certificate will be renewed, in unix time";
        sheet.gauges("acme_renews_timestamp_seconds", help, renewals)?;
        let retries = each().filter_map(|(labels, standing)| Some((labels, standing.trouble.as_ref()?.1.as_secs())));
        let help = "When the next attempt comes after one that failed, in unix time";
        sheet.gauges("acme_next_attempt_timestamp_seconds", help, retries)
    }
}
