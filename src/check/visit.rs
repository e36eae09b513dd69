//! What one address of the target has to say over TCP: whether it opens, its certificate, and the page behind it.

use std::net::SocketAddr;
use std::time::Duration;

use super::certificate::{Problem, Seen};
use super::dial::{Dialer, Handshake};
use super::report::{Failure, Outcome, Step, What};
use super::target::Target;
use super::web::{self, Page};

/// See the module's text.
pub(super) struct Visit {
    pub(super) address: SocketAddr,
    pub(super) steps: Vec<Step>,
    pub(super) page: Option<Page>,
    pub(super) clock_ahead: Option<i64>,
}

/// A page behind such a certificate is not looked at unless somebody wants it.
const UNTRUSTED: &str = "the certificate is not trusted; --insecure goes on all the same";

impl Visit {
    /// Goes as far as it gets; `insecure`: also behind a certificate that browsers would warn of.
    pub(super) async fn pay(address: SocketAddr, dialer: &Dialer, target: &Target, insecure: bool) -> Visit {
        let mut visit = Visit { address, steps: Vec::new(), page: None, clock_ahead: None };
        let (took, opened) = dialer.timed(dialer.tcp(address)).await;
        let is_open = opened.is_ok();
        visit.note(What::Tcp, took, opened.map(|_| "open".to_owned()));
        if is_open && (!target.tls || visit.handshake(dialer, target, insecure).await) {
            visit.fetch(dialer, target).await;
        }
        visit
    }

    async fn fetch(&mut self, dialer: &Dialer, target: &Target) {
        let fetching = async { web::page(dialer.http(self.address).await?, target).await };
        let (took, page) = dialer.timed(fetching).await;
        let told = page.as_ref().map(|page| format!("callbox {}", page.version)).map_err(Failure::clone);
        self.note(What::Page, took, told);
        self.page = page.ok();
        self.clock_ahead = self.clock_ahead.or(self.page.as_ref().and_then(|page| page.clock_ahead));
    }

    /// Whether to go on behind it.
    async fn handshake(&mut self, dialer: &Dialer, target: &Target, insecure: bool) -> bool {
        let (took, shaken) = dialer.timed(dialer.tls(self.address, true)).await;
        let Seen { verdict, days_left, issuer } = match &shaken {
            Ok(Handshake { certificate, .. }) => certificate.clone(),
            Err(failure) => {
                self.note(What::Tls, took, Err(failure.clone()));
                return false;
            }
        };
        let version = shaken.map_or("", |shaken| shaken.version);
        let told = format!("{version}, good for {days_left} days, by {issuer}");
        self.note(What::Tls, took, verdict.clone().map(|()| told).map_err(Failure::Certificate));
        if verdict.is_ok() || insecure {
            return true;
        }
        if matches!(verdict, Err(Problem::Expired(_) | Problem::NotYetValid(_))) {
            // Whose clock it is that is wrong, an untrusted server may say.
            let asking = async { Ok(web::clock(dialer.http(self.address).await?, target).await) };
            self.clock_ahead = dialer.timed(asking).await.1.ok().flatten();
        }
        self.steps.push(Step {
            what: What::Page,
            on: self.address.to_string(),
            address: Some(self.address),
            took: Duration::ZERO,
            outcome: Outcome::NotTried(UNTRUSTED.to_owned()),
        });
        false
    }

    fn note(&mut self, what: What, took: Duration, done: Result<String, Failure>) {
        self.steps.push(Step::tried(what, &self.address.to_string(), self.address, took, done));
    }
}
