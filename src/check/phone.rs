//! What a phone found out with the test page, in the form of a check: so that the same table and the same causes serve it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::Deserialize;

use super::report::{Facts, Failure, Observations, Outcome, Step, What};
use super::target::Target;

/// A phone's report, as the admin API tells it.
#[derive(Clone, Debug, Deserialize)]
pub struct Phone {
    /// As it calls itself.
    pub browser: String,
    /// What is between it and the Internet, in the page's words.
    pub nat: String,
    /// It came from a private network, so it says nothing about the world outside.
    pub from_inside: bool,
    /// Each way to the relay that it tried.
    pub results: Vec<Way>,
}

/// One way to the relay.
#[derive(Clone, Debug, Deserialize)]
pub struct Way {
    /// `stun`, `udp`, `tcp` or `tls`.
    pub transport: String,
    /// A STUN or TURN address.
    pub url: String,
    /// Whether data came through.
    pub ok: bool,
    /// How long that took, in milliseconds.
    pub ms: f64,
    /// Begins with what kind of failure it was: `unreachable`, `refused`, `silent`, `unusable`.
    pub error: String,
}

impl Phone {
    /// As if this had been seen here. `target`: what the phone opened.
    pub fn observed(&self, target: &Target) -> Observations {
        // Which address the browser dialled, it keeps to itself.
        let ip = target.ip().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let page = Step {
            what: What::Page,
            on: self.browser.clone(),
            address: Some(SocketAddr::new(ip, target.port)),
            took: Duration::ZERO,
            outcome: Outcome::Good("opened it".to_owned()),
        };
        let nat = Step {
            what: What::Nat,
            on: "the phone".to_owned(),
            address: None,
            took: Duration::ZERO,
            outcome: Outcome::Good(self.nat.clone()),
        };
        let ways = self.results.iter().filter_map(|way| way.step(ip));
        let steps = std::iter::once(page).chain(ways).chain([nat]).collect();
        Observations { target: target.clone(), steps, facts: Facts::default() }
    }
}

impl Way {
    fn step(&self, ip: IpAddr) -> Option<Step> {
        let what = match &*self.transport {
            "stun" => What::Stun,
            "udp" => What::TurnUdp,
            "tcp" => What::TurnTcp,
            "tls" => What::TurnTls,
            _ => return None,
        };
        let port = self.url.split('?').next()?.rsplit_once(':')?.1.parse().ok()?;
        let outcome = match (self.ok, self.error.split(':').next()) {
            (true, _) => Outcome::Good("works".to_owned()),
            (false, Some("unusable")) => Outcome::NotTried("this browser does not take such an address".to_owned()),
            (false, Some("silent")) => Outcome::Bad(Failure::NoEcho),
            (false, Some("refused")) => Outcome::Bad(self.refusal()),
            (false, _) => Outcome::Bad(Failure::NoAnswer),
        };
        let took = Duration::from_millis(self.ms.clamp(0.0, 3_600_000.0) as u64);
        Some(Step { what, on: self.url.clone(), address: Some(SocketAddr::new(ip, port)), took, outcome })
    }

    /// The relay's code, if the browser told it.
    fn refusal(&self) -> Failure {
        let numbers = self.error.split(|c: char| !c.is_ascii_digit());
        let code = numbers.filter_map(|number| number.parse().ok()).find(|code| (300..600).contains(code));
        code.map_or(Failure::Other(self.error.clone()), Failure::Relay)
    }
}
