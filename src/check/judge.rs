//! From what was seen to why it is so: for each failure the one cause that is most likely, and whether calls suffer from it.
//! Pure: it knows the observations and nothing else.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::Serialize;

use super::certificate::Problem;
use super::report::{Failure, Observations, Step, What};
use crate::turn::is_special;

/// What is to be said of one step that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Which step, by its place.
    pub step: usize,
    /// Callers will notice.
    pub essential: bool,
    /// The most likely one.
    pub cause: Cause,
}

/// Why something fails. Each has its words and its remedy in `words`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "cause", content = "of")]
pub enum Cause {
    /// The name has no address.
    NoSuchName,
    /// The name leads to another machine.
    DnsElsewhere,
    /// One of the name's families does not lead to this server.
    OtherFamilyBroken(Family),
    /// Nothing listens on this port.
    NothingListens(Port),
    /// Something silent drops what is for this port: a cloud's security group, mostly.
    Filtered(Port),
    /// A firewall on the server turns this port away.
    HostFirewall(Port),
    /// TCP is passed on at this port and UDP is not.
    UdpNotPassedOn(u16),
    /// This machine has no network.
    NoNetwork,
    /// From inside this proves nothing.
    FromInside,
    /// Plain HTTP where TLS should be.
    NoTls,
    /// Something on the way ends TLS.
    TlsCut,
    /// Something on the way shows a certificate of its own.
    TlsIntercepted(String),
    /// callbox made the certificate.
    SelfMade,
    /// Somebody's own certificate.
    SelfSigned,
    /// It is over.
    CertificateExpired,
    /// It is not yet good.
    CertificateNotYet,
    /// It is for other names.
    CertificateNames(Vec<String>),
    /// Something else is wrong with it.
    CertificateBroken,
    /// A browser takes it for the page at most, and not for the relay.
    BrowserDistrusts,
    /// This machine's clock is wrong.
    ClockHere,
    /// The two clocks differ by so many seconds.
    ClocksDiffer(i64),
    /// Something else has the port.
    NotCallbox,
    /// A proxy does not reach callbox behind it.
    ProxyWithoutBackend,
    /// A proxy does not pass WebSockets on.
    ProxyWithoutWebSocket,
    /// A proxy changes `Host` or `Origin`.
    ProxyChangesHost,
    /// A proxy holds back what goes over a WebSocket.
    ProxyHoldsBack,
    /// A proxy passes HTTP on and no relay.
    ProxyWithoutRelay,
    /// The server does not hear those with whom it shares its rooms.
    Apart,
    /// As many are connected as may be.
    ServerFull,
    /// This address has tested enough.
    TestedEnough,
    /// The relay has no more to give.
    RelayFull,
    /// The relay does not know its own credentials.
    CredentialsRefused,
    /// Relayed addresses are no addresses of the server.
    WrongExternalIp(IpAddr),
    /// Data between relayed addresses gets lost.
    RelayLosesData,
    /// A line on the way is narrower than it says.
    NarrowPath(usize),
    /// A line on the way loses packets.
    LossyPath,
    /// The server cannot write down what must outlive it.
    DiskFull,
    /// Nothing that is known.
    Unknown,
}

/// A port and what is spoken there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Port {
    /// Its number.
    pub number: u16,
    /// UDP, or TCP.
    pub udp: bool,
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// For each step that failed its cause.
pub fn judge(seen: &Observations) -> Vec<Verdict> {
    let case = Case { seen };
    let failed = seen.steps.iter().enumerate().filter_map(|(at, step)| Some((at, step, step.failure()?)));
    let judged = failed.map(|(at, step, failure)| {
        let cause = case.cause(step, failure);
        let harmless = matches!(cause, Cause::FromInside | Cause::BrowserDistrusts);
        let essential = !harmless && case.is_essential(step);
        Verdict { step: at, essential, cause }
    });
    judged.collect()
}

/// Whether callers will notice nothing.
pub fn is_good(seen: &Observations) -> bool {
    let reached = seen.steps.iter().any(|step| step.what == What::Page && step.is_good());
    reached && judge(seen).iter().all(|verdict| !verdict.essential)
}

struct Case<'a> {
    seen: &'a Observations,
}

impl Case<'_> {
    fn cause(&self, step: &Step, failure: &Failure) -> Cause {
        if self.proves_nothing(step, failure) {
            return Cause::FromInside;
        }
        match (step.what, failure) {
            (_, Failure::NoSuchName(_)) => Cause::NoSuchName,
            (_, Failure::LeadsElsewhere(_)) => Cause::DnsElsewhere,
            (_, Failure::NoRoute) => Cause::NoNetwork,
            (_, Failure::Certificate(problem)) => self.certificate(problem),
            (What::Clock, _) => Cause::ClocksDiffer(self.seen.facts.clock_ahead.unwrap_or(0)),
            (What::PathMtu, Failure::LargePacketsLost(size)) => Cause::NarrowPath(*size),
            (_, Failure::PacketsLost(_)) => Cause::LossyPath,
            (_, Failure::DiskFull) => Cause::DiskFull,
            (_, Failure::Apart) => Cause::Apart,
            (What::RelayedAddress, _) => self.wrong_address(step),
            (What::Tcp, _) => self.tcp(step, failure),
            (What::Tls, Failure::NotTls) => Cause::NoTls,
            (What::Tls, _) => Cause::TlsCut,
            (_, Failure::Status(502..=504)) => Cause::ProxyWithoutBackend,
            (_, Failure::Status(429)) => Cause::TestedEnough,
            (What::Page, Failure::Status(_) | Failure::NotCallbox(_)) => Cause::NotCallbox,
            (What::Page, _) => Cause::TlsCut,
            (What::WebSocket, failure) => web_socket(failure),
            (_, Failure::Relay(code)) => relay(*code),
            (What::Stun | What::TurnUdp, _) => self.udp(step, failure),
            (What::TurnTcp | What::TurnTls, _) => self.stream(step, failure),
            (_, Failure::NoEcho) => Cause::RelayLosesData,
            _ => Cause::Unknown,
        }
    }

    /// Many networks do not lead a machine back to itself by its public address.
    fn proves_nothing(&self, step: &Step, failure: &Failure) -> bool {
        let silent = matches!(failure, Failure::NoAnswer | Failure::Refused | Failure::Prohibited | Failure::Closed);
        let public = step.address.is_some_and(|address| !is_special(address.ip()));
        self.seen.facts.inside.is_some() && silent && public
    }

    fn certificate(&self, problem: &Problem) -> Cause {
        // By how much the server's clock contradicts ours; a server whose certificate is at fault has a right clock.
        let ahead = self.seen.facts.clock_ahead.unwrap_or(0);
        match problem {
            Problem::OwnAuthority => Cause::SelfMade,
            Problem::SelfSigned => Cause::SelfSigned,
            Problem::UnknownIssuer(issuer) => Cause::TlsIntercepted(issuer.clone()),
            Problem::Expired(days) if ahead < 0 && -ahead >= days * DAY => Cause::ClockHere,
            Problem::NotYetValid(days) if ahead > (days - 1).max(0) * DAY => Cause::ClockHere,
            Problem::Expired(_) => Cause::CertificateExpired,
            Problem::NotYetValid(_) => Cause::CertificateNotYet,
            Problem::OtherNames(names) => Cause::CertificateNames(names.clone()),
            Problem::Other(_) => Cause::CertificateBroken,
        }
    }

    fn tcp(&self, step: &Step, failure: &Failure) -> Cause {
        if let Some(family) = self.only_this_family_fails(step) {
            return Cause::OtherFamilyBroken(family);
        }
        closed(Port { number: port(step), udp: false }, failure)
    }

    fn udp(&self, step: &Step, failure: &Failure) -> Cause {
        let number = port(step);
        match failure {
            Failure::NoEcho => Cause::RelayLosesData,
            // callbox has the port for both: whoever answers for TCP alone passes TCP alone on.
            Failure::Refused if self.works(step, |other| is_stream(other.what) && port(other) == number) => {
                Cause::UdpNotPassedOn(number)
            }
            failure => closed(Port { number, udp: true }, failure),
        }
    }

    /// TURN over TCP or TLS.
    fn stream(&self, step: &Step, failure: &Failure) -> Cause {
        let number = port(step);
        match failure {
            Failure::NoEcho => Cause::RelayLosesData,
            Failure::NoAnswer if self.is_distrust(step) => Cause::BrowserDistrusts,
            Failure::NoAnswer | Failure::Closed | Failure::Other(_) | Failure::TlsBroken(_)
                if self.works(step, |other| other.what == What::Page && port(other) == number) =>
            {
                Cause::ProxyWithoutRelay
            }
            Failure::NotTls => Cause::NoTls,
            failure => closed(Port { number, udp: false }, failure),
        }
    }

    /// A browser does not say that it distrusts a relay's certificate; it only fails where the same port works in the clear.
    fn is_distrust(&self, step: &Step) -> bool {
        let in_the_clear = |other: &Step| other.what == What::TurnTcp && port(other) == port(step);
        let shook_hands = self.seen.steps.iter().any(|other| other.what == What::Tls);
        step.what == What::TurnTls && !shook_hands && self.works(step, in_the_clear)
    }

    fn wrong_address(&self, step: &Step) -> Cause {
        step.on.parse().map_or(Cause::Unknown, Cause::WrongExternalIp)
    }

    /// The family, when the same works over the other one.
    fn only_this_family_fails(&self, step: &Step) -> Option<Family> {
        let v4 = step.address?.is_ipv4();
        let is_other = |other: &&Step| {
            let there = other.address.is_some_and(|address| address.is_ipv4() != v4 && address.port() == port(step));
            other.what == step.what && other.is_good() && there
        };
        self.seen.steps.iter().find(is_other)?;
        Some(if v4 { Family::V4 } else { Family::V6 })
    }

    /// Whether something like that works at the same address.
    fn works(&self, step: &Step, like: impl Fn(&Step) -> bool) -> bool {
        let ip = step.address.map(|address| address.ip());
        self.seen
            .steps
            .iter()
            .any(|other| other.is_good() && other.address.map(|address| address.ip()) == ip && like(other))
    }

    /// The page's own port is what callers come by; other ports and a second family are there for some of them.
    fn is_essential(&self, step: &Step) -> bool {
        let other_family_works = self.only_this_family_fails(step).is_some();
        match step.what {
            What::Dns | What::Page | What::WebSocket | What::OtherServers => true,
            What::RelayToRelay | What::RelayedAddress => true,
            What::Tcp => !other_family_works,
            // Whoever went on all the same knows of it.
            What::Tls => !self.works(step, |other| other.what == What::Page),
            What::Clock | What::Nat | What::PathMtu | What::Loss | What::DataDir => false,
            What::Stun | What::TurnUdp | What::TurnTcp | What::TurnTls => {
                let no_way_left = !self.seen.steps.iter().any(|other| other.what == step.what && other.is_good());
                no_way_left || (port(step) == self.seen.target.port && !other_family_works)
            }
        }
    }
}

const DAY: i64 = 24 * 60 * 60;

/// A port that cannot be reached.
fn closed(port: Port, failure: &Failure) -> Cause {
    match failure {
        Failure::NoAnswer => Cause::Filtered(port),
        Failure::Refused => Cause::NothingListens(port),
        Failure::Prohibited => Cause::HostFirewall(port),
        _ => Cause::Unknown,
    }
}

fn web_socket(failure: &Failure) -> Cause {
    match failure {
        Failure::NoWebSocket(403) => Cause::ProxyChangesHost,
        Failure::NoWebSocket(503) => Cause::ServerFull,
        Failure::NoWebSocket(502 | 504) => Cause::ProxyWithoutBackend,
        Failure::NoWebSocket(_) => Cause::ProxyWithoutWebSocket,
        _ => Cause::ProxyHoldsBack,
    }
}

/// RFC 8656, 19.
fn relay(code: u16) -> Cause {
    match code {
        401 | 438 | 441 => Cause::CredentialsRefused,
        486 => Cause::TestedEnough,
        508 => Cause::RelayFull,
        _ => Cause::Unknown,
    }
}

fn is_stream(what: What) -> bool {
    matches!(what, What::Tcp | What::Page | What::TurnTcp | What::TurnTls)
}

fn port(step: &Step) -> u16 {
    step.address.map_or(0, |address| address.port())
}

/// Each cause once, in the order of the steps it explains.
pub(super) fn causes(verdicts: &[Verdict]) -> Vec<&Cause> {
    let mut known = BTreeSet::new();
    verdicts.iter().map(|verdict| &verdict.cause).filter(|cause| known.insert(*cause)).collect()
}
