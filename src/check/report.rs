//! What a check observes, step by step, before anybody judges it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::Serialize;

use super::certificate::Problem;
use super::target::Target;

/// Everything that was seen of one target.
#[derive(Clone, Debug, Serialize)]
pub struct Observations {
    /// What was checked.
    #[serde(serialize_with = "as_text")]
    pub target: Target,
    /// In the order of the table.
    pub steps: Vec<Step>,
    /// What the steps found out besides.
    pub facts: Facts,
}

/// What was found out on the way.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Facts {
    /// Of the callbox that answers.
    pub version: Option<String>,
    /// By how many seconds its clock is ahead of ours.
    pub clock_ahead: Option<i64>,
    /// The addresses that relayed transport addresses have.
    pub relayed: Vec<IpAddr>,
    /// Relayed addresses lead to callers of this relay alone (`turn.ports = "none"`): nobody else ever sends there.
    pub relayed_are_virtual: bool,
    /// Relayed addresses that were asked by STUN whether the same server is there, and did not say so.
    pub relayed_silent: Vec<IpAddr>,
    /// The check runs on the server's machine; and these are its public addresses, as far as it knows.
    pub inside: Option<Vec<IpAddr>>,
}

/// One thing that was tried.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// What.
    pub what: What,
    /// On what, as a reader knows it: a name, an address, a TURN URL.
    pub on: String,
    /// The address that was dialled, if it came to that.
    pub address: Option<SocketAddr>,
    /// How long it took.
    #[serde(rename = "ms", serialize_with = "milliseconds")]
    pub took: Duration,
    /// What came of it.
    pub outcome: Outcome,
}

/// What can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The name leads to addresses.
    Dns,
    /// A TCP connection opens.
    Tcp,
    /// TLS, with a certificate that browsers accept.
    Tls,
    /// The page of a callbox.
    Page,
    /// A signaling connection lives.
    WebSocket,
    /// The server and those it shares its rooms with hear each other.
    OtherServers,
    /// Both clocks agree.
    Clock,
    /// The server answers over UDP.
    Stun,
    /// Data through the relay, reached over UDP.
    TurnUdp,
    /// Reached over TCP.
    TurnTcp,
    /// Reached over TLS.
    TurnTls,
    /// Data between two relayed addresses of different transports.
    RelayToRelay,
    /// Relayed addresses are the server's own.
    RelayedAddress,
    /// What is between this machine and the Internet.
    Nat,
    /// How long packets may be.
    PathMtu,
    /// How many packets arrive.
    Loss,
    /// The server's folder takes what is written there.
    DataDir,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It works; with what there is to know about it.
    Good(String),
    /// It does not.
    Bad(Failure),
    /// It was not tried, because of this.
    NotTried(String),
}

/// How a step failed, as far as this end can see: no guess at the cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "of")]
pub enum Failure {
    /// The name leads nowhere.
    NoSuchName(String),
    /// The name leads to other machines than this one.
    LeadsElsewhere(String),
    /// Not a sign of life.
    NoAnswer,
    /// There is a machine, and it says that nothing listens there.
    Refused,
    /// Something on the way says that it does not let this through.
    Prohibited,
    /// This machine has no way there.
    NoRoute,
    /// The connection was ended.
    Closed,
    /// What came is no TLS.
    NotTls,
    /// TLS broke down, in these words.
    TlsBroken(String),
    /// TLS works, and a browser would warn.
    Certificate(Problem),
    /// A page came that is no callbox's; who answered.
    NotCallbox(String),
    /// This status instead of what was asked for.
    Status(u16),
    /// The WebSocket did not begin, with this status.
    NoWebSocket(u16),
    /// The WebSocket began, and carried nothing.
    SilentWebSocket,
    /// The relay refused, with this code (RFC 8656, 19).
    Relay(u16),
    /// The relay was there, and data did not come back through it.
    NoEcho,
    /// Relayed addresses are not the server's.
    WrongRelayedAddress,
    /// The server has lost the others.
    Apart,
    /// The clocks differ.
    ClockDiffers,
    /// Packets of this many bytes do not come through.
    LargePacketsLost(usize),
    /// Of a hundred packets, so many did not come back.
    PacketsLost(usize),
    /// There is no room to write.
    DiskFull,
    /// Something else, in these words.
    Other(String),
}

impl Step {
    /// `what` was tried at `address`, and this came of it.
    pub(super) fn tried(
        what: What,
        on: &str,
        address: SocketAddr,
        took: Duration,
        done: Result<String, Failure>,
    ) -> Step {
        let outcome = match done {
            Ok(told) => Outcome::Good(told),
            // A machine with one family alone is not the server's fault.
            Err(Failure::NoRoute) if address.is_ipv6() => {
                Outcome::NotTried("this machine has no way to IPv6".to_owned())
            }
            Err(failure) => Outcome::Bad(failure),
        };
        Step { what, on: on.to_owned(), address: Some(address), took, outcome }
    }

    /// Whether it worked.
    pub fn is_good(&self) -> bool {
        matches!(self.outcome, Outcome::Good(_))
    }

    /// How it failed.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.outcome {
            Outcome::Bad(failure) => Some(failure),
            _ => None,
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            What::Dns => "DNS",
            What::Tcp => "TCP",
            What::Tls => "TLS",
            What::Page => "page",
            What::WebSocket => "WebSocket",
            What::OtherServers => "other servers",
            What::Clock => "clock",
            What::Stun => "STUN",
            What::TurnUdp => "relay, UDP",
            What::TurnTcp => "relay, TCP",
            What::TurnTls => "relay, TLS",
            What::RelayToRelay => "relay to relay",
            What::RelayedAddress => "relayed address",
            What::Nat => "NAT here",
            What::PathMtu => "packet size",
            What::Loss => "packet loss",
            What::DataDir => "data folder",
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NoSuchName(why) => write!(f, "no address: {why}"),
            Failure::LeadsElsewhere(told) => write!(f, "leads to other machines ({told})"),
            Failure::NoAnswer => f.write_str("no answer"),
            Failure::Refused => f.write_str("refused: nothing listens there"),
            Failure::Prohibited => f.write_str("turned away on the way"),
            Failure::NoRoute => f.write_str("no way there from this machine"),
            Failure::Closed => f.write_str("the connection was closed"),
            Failure::NotTls => f.write_str("what answers speaks no TLS"),
            Failure::TlsBroken(why) => write!(f, "TLS failed: {why}"),
            Failure::Certificate(problem) => write!(f, "certificate: {problem}"),
            Failure::NotCallbox(who) => write!(f, "not a callbox: {who}"),
            Failure::Status(status) => write!(f, "status {status}"),
            Failure::NoWebSocket(status) => write!(f, "no WebSocket, but status {status}"),
            Failure::SilentWebSocket => f.write_str("opened, and then nothing came"),
            Failure::Relay(code) => write!(f, "the relay refused: {code}"),
            Failure::NoEcho => f.write_str("a relayed address was given, and data sent there never arrived"),
            Failure::WrongRelayedAddress => f.write_str("not where the server is"),
            Failure::Apart => f.write_str("this server does not hear them"),
            Failure::ClockDiffers => f.write_str("the clocks differ"),
            Failure::LargePacketsLost(size) => write!(f, "packets of {size} bytes are lost"),
            Failure::PacketsLost(percent) => write!(f, "{percent} of 100 small packets did not come back"),
            Failure::DiskFull => f.write_str("nothing can be written there: it is full"),
            Failure::Other(why) => f.write_str(why),
        }
    }
}

/// What the system says of a connection or a socket.
impl From<std::io::Error> for Failure {
    fn from(cause: std::io::Error) -> Failure {
        use std::io::ErrorKind as Kind;
        match cause.kind() {
            Kind::ConnectionRefused => Failure::Refused,
            // An ICMP "administratively prohibited" comes as the first or the second, by family.
            Kind::HostUnreachable | Kind::PermissionDenied => Failure::Prohibited,
            Kind::NetworkUnreachable | Kind::AddrNotAvailable => Failure::NoRoute,
            Kind::TimedOut => Failure::NoAnswer,
            Kind::ConnectionReset | Kind::UnexpectedEof | Kind::BrokenPipe | Kind::ConnectionAborted => Failure::Closed,
            _ => Failure::Other(cause.to_string()),
        }
    }
}

fn as_text<S: serde::Serializer>(target: &Target, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(target)
}

fn milliseconds<S: serde::Serializer>(took: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(took.as_millis() as u64)
}
