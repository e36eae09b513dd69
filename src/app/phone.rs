//! The code on the terminal that a phone scans, to find out from outside what the start cannot know; and what it found out, on
//! the same terminal.

use std::io::{self, IsTerminal, Write};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::trust::Trust;
use crate::check::{self, Phone, Target, Way};
use crate::config::{Config, Tls};
use crate::http::{Outcome, Report, Site};

/// What is waited for.
pub(super) struct Waiting {
    /// For the phone.
    pub(super) link: String,
    target: Target,
    reports: watch::Receiver<Vec<Report>>,
}

/// Waits for a phone that opens `base`, the page's link, if somebody looks at this terminal.
pub(super) fn wait_for(site: &Site, config: &Config, trust: &Trust, base: &str) -> Option<Waiting> {
    let target = Target::read(base).ok().filter(|_| io::stdout().is_terminal())?;
    let opened = site.probes().open();
    let trusted = matches!(config.tls, Tls::Files { .. }) || matches!(trust, Trust::Ordered(_));
    // A warning in the phone's browser would be the end of the test.
    let clear = opened.link_in_the_clear(base).filter(|_| !trusted);
    let reports = site.probes().watch(&opened.id)?;
    Some(Waiting { link: clear.unwrap_or_else(|| opened.link(base)), target, reports })
}

impl Waiting {
    /// Prints each report as it comes, as long as the code is good.
    pub(super) async fn print(mut self, shutdown: CancellationToken) {
        let mut printed = 0;
        while let Some(Ok(())) = shutdown.run_until_cancelled(self.reports.changed()).await {
            let reports = self.reports.borrow_and_update().clone();
            for report in reports.iter().skip(printed) {
                let text = table(&phone(report), &self.target);
                let _ = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
            }
            printed = reports.len();
        }
    }
}

fn table(phone: &Phone, target: &Target) -> String {
    let colours = std::env::var_os("NO_COLOR").is_none();
    format!("\nA phone has tried this server:\n\n{}", check::phone_table(phone, target, &super::firewalls(), colours))
}

fn phone(report: &Report) -> Phone {
    let way = |outcome: &Outcome| Way {
        transport: outcome.transport.clone(),
        url: outcome.url.clone(),
        ok: outcome.ok,
        ms: outcome.ms,
        error: outcome.error.clone(),
    };
    Phone {
        browser: report.browser.clone(),
        nat: report.nat.clone(),
        from_inside: report.from_inside,
        results: report.results.iter().map(way).collect(),
    }
}
