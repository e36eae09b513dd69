//! The steps of a check, in the order of the table. What does not depend on each other runs at the same time, so that a
//! server behind a firewall takes one wait and not ten.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::net::lookup_host;

use super::dial::Dialer;
use super::line::Line;
use super::relay::{self, Allocation};
use super::report::{Facts, Failure, Observations, Outcome, Step, What};
use super::stun::{self, Binding};
use super::target::Target;
use super::visit::Visit;
use super::web::{self, Ice, Page, Probe, Transport};
use super::{Options, disk};
use crate::turn::is_special;

/// Addresses of one name that are tried: browsers do not try more either.
const MOST_ADDRESSES: usize = 4;

/// A clock that is further off than this is told of: credentials and certificates have ends.
const CLOCK_TOLERANCE: i64 = 30;

/// A run over one target.
struct Run {
    dialer: Dialer,
    target: Target,
    steps: Vec<Step>,
    facts: Facts,
}

/// Everything that can be seen of `target`.
pub(super) async fn run(target: Target, options: &Options) -> Result<Observations, Failure> {
    let dialer = Dialer::new(target.clone(), &options.roots, options.patience, options.preface.clone())?;
    let facts = Facts { inside: options.inside.clone(), ..Facts::default() };
    let steps = options.data_dir.iter().map(|folder| disk::look(folder)).collect();
    let mut run = Run { dialer, target, steps, facts };
    let addresses = run.resolve().await;
    let visits =
        join_all(addresses.iter().map(|address| Visit::pay(*address, &run.dialer, &run.target, options.insecure)))
            .await;
    let mut found = None;
    for visit in visits {
        run.steps.extend(visit.steps);
        run.facts.clock_ahead = run.facts.clock_ahead.or(visit.clock_ahead);
        if let (None, Some(page)) = (&found, visit.page) {
            run.facts.version = Some(page.version.clone());
            found = Some((visit.address, page));
        }
    }
    match found {
        Some((address, page)) => run.go_on(address, page, &addresses).await,
        None => run.skip(&[What::WebSocket, What::Stun, What::RelayToRelay], "there is no page to begin with"),
    }
    Ok(Observations { target: run.target, steps: run.steps, facts: run.facts })
}

impl Run {
    /// The target's addresses, IPv6 after IPv4.
    async fn resolve(&mut self) -> Vec<SocketAddr> {
        let port = self.target.port;
        if let Some(ip) = self.target.ip() {
            return vec![(ip, port).into()];
        }
        let host = self.target.host.clone();
        let looking = async { Ok(lookup_host((host.as_str(), port)).await?.collect::<Vec<_>>()) };
        let (took, found) = self.dialer.timed(looking).await;
        let mut addresses: Vec<SocketAddr> = Vec::new();
        let outcome = match found {
            Ok(all) if !all.is_empty() => {
                let mut of = |v4: bool| {
                    let these = all.iter().filter(|address| address.is_ipv4() == v4);
                    let before = addresses.len();
                    addresses.extend(these.take(MOST_ADDRESSES / 2));
                    let list: Vec<String> = addresses[before..].iter().map(|at| at.ip().to_string()).collect();
                    if list.is_empty() { "none".to_owned() } else { list.join(", ") }
                };
                let told = format!("A: {}; AAAA: {}", of(true), of(false));
                let is_ours = |public: &Vec<IpAddr>| addresses.iter().any(|at| public.contains(&at.ip()));
                match &self.facts.inside {
                    Some(public) if !public.is_empty() && !is_ours(public) => {
                        Outcome::Bad(Failure::LeadsElsewhere(told))
                    }
                    _ => Outcome::Good(told),
                }
            }
            Ok(_) => Outcome::Bad(Failure::NoSuchName("the name has none".to_owned())),
            Err(Failure::NoAnswer) => Outcome::Bad(Failure::NoSuchName("no name server answered".to_owned())),
            Err(why) => Outcome::Bad(Failure::NoSuchName(why.to_string())),
        };
        self.steps.push(Step { what: What::Dns, on: self.target.host.clone(), address: None, took, outcome });
        addresses
    }

    /// What needs a page to be known: the rest.
    async fn go_on(&mut self, address: SocketAddr, page: Page, addresses: &[SocketAddr]) {
        let socket = async { web::websocket(self.dialer.http(address).await?, &self.target).await };
        let (took, lived) = self.dialer.timed(socket).await;
        self.note(What::WebSocket, address, took, lived.map(|()| "signaling answers".to_owned()));
        self.clock();
        let Ice { probes, is_virtual, apart } = match page.ice {
            Ok(ice) => ice,
            Err(failure) => return self.note(What::Stun, address, Duration::ZERO, Err(failure)),
        };
        self.facts.relayed_are_virtual = is_virtual;
        if let Some(apart) = apart {
            let heard = if apart { Err(Failure::Apart) } else { Ok("hear each other".to_owned()) };
            self.note(What::OtherServers, address, Duration::ZERO, heard);
        }
        if probes.is_empty() {
            return self.skip(&[What::Stun], "the relay of this server is switched off");
        }
        let bindings = self.stun(&probes, addresses).await;
        self.relays(&probes, addresses).await;
        self.relay_to_relay(&probes, addresses).await;
        self.relayed_addresses(addresses).await;
        let lines: Vec<Line> = Line::all(&bindings).collect();
        for line in &lines {
            self.steps.push(line.nat(&bindings).await);
        }
        for line in &lines {
            self.steps.push(line.width(&self.dialer).await);
        }
        for line in &lines {
            self.steps.push(line.loss().await);
        }
    }

    fn clock(&mut self) {
        let Some(ahead) = self.facts.clock_ahead else { return };
        let outcome = match ahead {
            ahead if ahead.abs() > CLOCK_TOLERANCE => Outcome::Bad(Failure::ClockDiffers),
            ahead => Outcome::Good(format!("{} s apart", ahead.abs())),
        };
        let on = self.target.host.clone();
        self.steps.push(Step { what: What::Clock, on, address: None, took: Duration::ZERO, outcome });
    }

    /// STUN on each port over each family.
    async fn stun(&mut self, probes: &[Probe], addresses: &[SocketAddr]) -> Vec<(SocketAddr, Binding)> {
        let tries = tries(probes, addresses, |transport| transport == Transport::Stun);
        let asked = join_all(tries.iter().map(|(_, server)| self.dialer.timed(stun::binding(*server)))).await;
        let mut bindings = Vec::new();
        for ((probe, server), (took, binding)) in tries.into_iter().zip(asked) {
            let told = binding.as_ref().map(|_| "answers".to_owned()).map_err(Failure::clone);
            bindings.extend(binding.ok().map(|binding| (server, binding)));
            self.steps.push(Step::tried(What::Stun, &probe.url, server, took, told));
        }
        bindings
    }

    /// Data through the relay on each way to it.
    async fn relays(&mut self, probes: &[Probe], addresses: &[SocketAddr]) {
        let tries = tries(probes, addresses, |transport| transport != Transport::Stun);
        let done = join_all(tries.iter().map(|(probe, server)| self.through(probe, *server, probe, *server))).await;
        for ((probe, server), (took, relayed)) in tries.into_iter().zip(done) {
            if let Some(ip) = relayed.as_ref().ok().map(SocketAddr::ip)
                && !self.facts.relayed.contains(&ip)
            {
                self.facts.relayed.push(ip);
            }
            let told = relayed.map(|relayed| format!("data came back through {relayed}"));
            self.steps.push(Step::tried(what(probe.transport), &probe.url, server, took, told));
        }
    }

    /// Between two ways to the relay that work by themselves, and are not alike.
    async fn relay_to_relay(&mut self, probes: &[Probe], addresses: &[SocketAddr]) {
        let tries = tries(probes, addresses, |transport| transport != Transport::Stun);
        let works = |(probe, server): &&(&Probe, SocketAddr)| {
            let is = |step: &&Step| step.on == probe.url && step.address == Some(*server) && step.is_good();
            self.steps.iter().find(is).is_some()
        };
        let working: Vec<_> = tries.iter().filter(works).collect();
        let first = working.first();
        let second = first.and_then(|(first, _)| working.iter().find(|(probe, _)| probe.transport != first.transport));
        let (Some((a, a_at)), Some((b, b_at))) = (first, second) else {
            return self.skip(&[What::RelayToRelay], "not two different ways to the relay work");
        };
        let (took, done) = self.through(a, *a_at, b, *b_at).await;
        let on = format!("{} - {}", what(a.transport), what(b.transport));
        self.steps.push(Step::tried(What::RelayToRelay, &on, *a_at, took, done.map(|_| "data came back".to_owned())));
    }

    /// Two allocations, and data between them. The relayed address of the first.
    async fn through(
        &self,
        a: &Probe,
        a_at: SocketAddr,
        b: &Probe,
        b_at: SocketAddr,
    ) -> (Duration, Result<SocketAddr, Failure>) {
        let begun = Instant::now();
        let opening = async {
            let (first, second) =
                tokio::join!(Allocation::open(&self.dialer, a, a_at), Allocation::open(&self.dialer, b, b_at));
            Ok((first?, second?))
        };
        let (first, second) = match self.dialer.timed(opening).await {
            (_, Ok(both)) => both,
            (took, Err(failure)) => return (took, Err(failure)),
        };
        let (_, echoed) = self.dialer.timed(relay::echo(&first, &second)).await;
        let (took, relayed) = (begun.elapsed(), first.relayed);
        tokio::join!(first.close(), second.close());
        let echoed = echoed.map_err(|failure| if failure == Failure::NoAnswer { Failure::NoEcho } else { failure });
        (took, echoed.map(|()| relayed))
    }

    /// Whether those whom callers without a relay would send to are this server.
    async fn relayed_addresses(&mut self, addresses: &[SocketAddr]) {
        for ip in self.facts.relayed.clone() {
            let begun = Instant::now();
            let alike = addresses.iter().find(|address| address.is_ipv4() == ip.is_ipv4());
            let outcome = match alike {
                _ if self.facts.relayed_are_virtual => {
                    Outcome::Good("virtual: for callers of this relay alone".to_owned())
                }
                Some(address) if addresses.iter().any(|address| address.ip() == ip) => {
                    Outcome::Good(format!("{} as dialled", address.ip()))
                }
                Some(address) if is_special(ip) && !is_special(address.ip()) => {
                    Outcome::Bad(Failure::WrongRelayedAddress)
                }
                None => Outcome::NotTried("of another family than what was dialled".to_owned()),
                Some(address) => {
                    let (_, answered) = self.dialer.timed(stun::binding((ip, address.port()).into())).await;
                    match answered {
                        Ok(_) => Outcome::Good("another address, and STUN answers there too".to_owned()),
                        Err(_) if is_special(address.ip()) && !is_special(ip) => Outcome::NotTried(
                            "a public address cannot be told from inside: check from outside".to_owned(),
                        ),
                        Err(_) => {
                            self.facts.relayed_silent.push(ip);
                            Outcome::Bad(Failure::WrongRelayedAddress)
                        }
                    }
                }
            };
            self.steps.push(Step {
                what: What::RelayedAddress,
                on: ip.to_string(),
                address: None,
                took: begun.elapsed(),
                outcome,
            });
        }
    }

    fn note(&mut self, what: What, address: SocketAddr, took: Duration, done: Result<String, Failure>) {
        self.steps.push(Step::tried(what, &address.to_string(), address, took, done));
    }

    fn skip(&mut self, what: &[What], why: &str) {
        let on = self.target.host.clone();
        let skipped = |what: &What| Step {
            what: *what,
            on: on.clone(),
            address: None,
            took: Duration::ZERO,
            outcome: Outcome::NotTried(why.to_owned()),
        };
        self.steps.extend(what.iter().map(skipped));
    }
}

/// Each probe that is wanted, at each address.
fn tries<'a>(
    probes: &'a [Probe],
    addresses: &[SocketAddr],
    wanted: impl Fn(Transport) -> bool,
) -> Vec<(&'a Probe, SocketAddr)> {
    let wanted = probes.iter().filter(|probe| wanted(probe.transport));
    let ports = wanted.filter_map(|probe| Some((probe, probe.port()?)));
    ports.flat_map(|(probe, port)| addresses.iter().map(move |at| (probe, SocketAddr::new(at.ip(), port)))).collect()
}

fn what(transport: Transport) -> What {
    match transport {
        Transport::Stun => What::Stun,
        Transport::Udp => What::TurnUdp,
        Transport::Tcp => What::TurnTcp,
        Transport::Tls => What::TurnTls,
    }
}
