//! What is seen, and the one cause it has: each conversation is a network that somebody has.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::certificate::Problem;
use super::judge::{Cause, Family, Port, is_good, judge};
use super::phone::{Phone, Way};
use super::report::{Facts, Failure, Observations, Outcome, Step, What};
use super::table::{Paper, table};
use super::target::Target;
use super::words::words;
use crate::firewall::{Found, Ufw};
use crate::surroundings::Cloud;

const SERVER: &str = "8.8.4.4";
const SERVER_V6: &str = "2620:fe::1";

/// What a check of https://call.example.org/ with its relay on 443 and 3478 sees when all is well.
fn well() -> Observations {
    let mut seen = Observations {
        target: Target::read("call.example.org").unwrap(),
        steps: vec![step(What::Dns, None)],
        facts: Facts::default(),
    };
    for ip in [SERVER, SERVER_V6] {
        seen.steps.extend([What::Tcp, What::Tls, What::Page].map(|what| step(what, Some((ip, 443)))));
    }
    seen.steps.push(step(What::WebSocket, Some((SERVER, 443))));
    seen.steps.push(step(What::Clock, None));
    for (what, ports) in [
        (What::Stun, &[443, 3478][..]),
        (What::TurnUdp, &[443, 3478]),
        (What::TurnTcp, &[443, 3478]),
        (What::TurnTls, &[443]),
    ] {
        for port in ports {
            seen.steps.extend([SERVER, SERVER_V6].map(|ip| step(what, Some((ip, *port)))));
        }
    }
    seen.steps.push(step(What::RelayToRelay, Some((SERVER, 443))));
    seen.steps.push(Step { on: SERVER.to_owned(), ..step(What::RelayedAddress, None) });
    seen
}

fn step(what: What, at: Option<(&str, u16)>) -> Step {
    let address = at.map(|(ip, port)| SocketAddr::new(ip.parse().unwrap(), port));
    let on = address.map_or("call.example.org".to_owned(), |address| address.to_string());
    Step { what, on, address, took: Duration::ZERO, outcome: Outcome::Good(String::new()) }
}

/// The same with every step failing so that `which` names.
fn but(mut seen: Observations, failure: &Failure, which: impl Fn(&Step) -> bool) -> Observations {
    for step in seen.steps.iter_mut().filter(|step| which(step)) {
        step.outcome = Outcome::Bad(failure.clone());
    }
    seen
}

/// Each cause once, and whether calls suffer.
fn said(seen: &Observations) -> (Vec<Cause>, bool) {
    let mut causes: Vec<Cause> = judge(seen).into_iter().map(|verdict| verdict.cause).collect();
    causes.dedup();
    (causes, !is_good(seen))
}

fn is_udp(step: &Step) -> bool {
    matches!(step.what, What::Stun | What::TurnUdp)
}

fn port(step: &Step) -> Option<u16> {
    step.address.map(|address| address.port())
}

fn udp(number: u16) -> Port {
    Port { number, udp: true }
}

fn tcp(number: u16) -> Port {
    Port { number, udp: false }
}

#[test]
fn where_all_is_well_nothing_is_said() {
    assert_eq!(said(&well()), (vec![], false));
}

#[test]
fn udp_that_nobody_answers_is_dropped_by_a_firewall() {
    let seen = but(well(), &Failure::NoAnswer, |step| is_udp(step) && port(step) == Some(443));
    assert_eq!(said(&seen), (vec![Cause::Filtered(udp(443))], true));
}

#[test]
fn a_closed_extra_port_is_told_and_calls_work() {
    let seen = but(well(), &Failure::NoAnswer, |step| port(step) == Some(3478));
    assert_eq!(said(&seen), (vec![Cause::Filtered(udp(3478)), Cause::Filtered(tcp(3478))], false));
}

#[test]
fn udp_refused_where_tcp_answers_was_published_for_tcp_alone() {
    let seen = but(well(), &Failure::Refused, |step| is_udp(step) && port(step) == Some(443));
    assert_eq!(said(&seen), (vec![Cause::UdpNotPassedOn(443)], true));
}

#[test]
fn udp_that_a_firewall_turns_away_aloud_is_the_servers_own() {
    let seen = but(well(), &Failure::Prohibited, is_udp);
    let (causes, bad) = said(&seen);
    assert!(causes.contains(&Cause::HostFirewall(udp(443))) && bad, "{causes:?}");
}

#[test]
fn a_machine_without_a_server_and_one_behind_a_wall_are_told_apart() {
    for (failure, cause) in
        [(Failure::Refused, Cause::NothingListens(tcp(443))), (Failure::NoAnswer, Cause::Filtered(tcp(443)))]
    {
        let seen = but(well(), &failure, |step| step.what == What::Tcp);
        let (causes, bad) = said(&seen);
        assert!(causes.contains(&cause) && bad, "{causes:?}");
    }
}

#[test]
fn an_aaaa_record_that_leads_nowhere_is_named_and_calls_work() {
    let is_v6 = |step: &Step| step.address.is_some_and(|address| address.is_ipv6());
    let mut seen = but(well(), &Failure::NoAnswer, |step| step.what == What::Tcp && is_v6(step));
    seen.steps.retain(|step| step.what == What::Tcp || !is_v6(step));
    assert_eq!(said(&seen), (vec![Cause::OtherFamilyBroken(Family::V6)], false));
}

#[test]
fn each_certificate_has_its_own_cure() {
    let names = vec!["other.example.org".to_owned()];
    for (problem, cause) in [
        (Problem::Expired(3), Cause::CertificateExpired),
        (Problem::NotYetValid(3), Cause::CertificateNotYet),
        (Problem::OtherNames(names.clone()), Cause::CertificateNames(names)),
        (Problem::OwnAuthority, Cause::SelfMade),
        (Problem::SelfSigned, Cause::SelfSigned),
        (Problem::UnknownIssuer("CN=Corp".to_owned()), Cause::TlsIntercepted("CN=Corp".to_owned())),
    ] {
        let mut seen = but(well(), &Failure::Certificate(problem), |step| step.what == What::Tls);
        seen.steps.truncate(3);
        assert_eq!(said(&seen), (vec![cause], true));
    }
}

#[test]
fn a_certificate_that_only_this_machines_clock_refuses_is_the_clocks_fault() {
    for (problem, ahead) in [(Problem::Expired(3), -4 * 86_400), (Problem::NotYetValid(3), 4 * 86_400)] {
        let mut seen = but(well(), &Failure::Certificate(problem), |step| step.what == What::Tls);
        seen.facts.clock_ahead = Some(ahead);
        assert_eq!(said(&seen).0, [Cause::ClockHere]);
        seen.facts.clock_ahead = Some(0);
        assert_ne!(said(&seen).0, [Cause::ClockHere], "the server's clock agrees with ours");
    }
}

#[test]
fn whoever_goes_on_behind_a_bad_certificate_hears_of_it_and_of_nothing_worse() {
    let seen = but(well(), &Failure::Certificate(Problem::OwnAuthority), |step| step.what == What::Tls);
    assert_eq!(said(&seen), (vec![Cause::SelfMade], false));
}

#[test]
fn what_a_proxy_in_front_gets_wrong_is_told_from_its_answers() {
    for (failure, cause) in [
        (Failure::NoWebSocket(426), Cause::ProxyWithoutWebSocket),
        (Failure::NoWebSocket(403), Cause::ProxyChangesHost),
        (Failure::NoWebSocket(502), Cause::ProxyWithoutBackend),
        (Failure::NoWebSocket(503), Cause::ServerFull),
        (Failure::SilentWebSocket, Cause::ProxyHoldsBack),
        (Failure::NoAnswer, Cause::ProxyHoldsBack),
    ] {
        assert_eq!(said(&but(well(), &failure, |step| step.what == What::WebSocket)), (vec![cause], true));
    }
    let http_alone = |step: &Step| matches!(step.what, What::TurnTcp | What::TurnTls) && port(step) == Some(443);
    assert_eq!(said(&but(well(), &Failure::Closed, http_alone)), (vec![Cause::ProxyWithoutRelay], true));
}

#[test]
fn a_foreign_page_is_another_program_and_a_dead_one_a_proxy() {
    let page = |failure| said(&but(well(), &failure, |step| step.what == What::Page)).0;
    assert_eq!(page(Failure::NotCallbox("nginx answers".to_owned())), [Cause::NotCallbox]);
    assert_eq!(page(Failure::Status(502)), [Cause::ProxyWithoutBackend]);
}

#[test]
fn what_the_relay_refuses_for_is_told() {
    for (code, cause) in [(401, Cause::CredentialsRefused), (486, Cause::TestedEnough), (508, Cause::RelayFull)] {
        assert_eq!(said(&but(well(), &Failure::Relay(code), |step| step.what == What::TurnUdp)).0, [cause]);
    }
    assert_eq!(said(&but(well(), &Failure::NoEcho, |step| step.what == What::RelayToRelay)).0, [Cause::RelayLosesData]);
}

#[test]
fn a_relayed_address_that_is_not_the_servers_breaks_calls_with_those_outside_the_relay() {
    for ip in ["10.0.0.5", "9.9.9.9"] {
        let mut seen = well();
        let last = seen.steps.last_mut().unwrap();
        (last.on, last.outcome) = (ip.to_owned(), Outcome::Bad(Failure::WrongRelayedAddress));
        assert_eq!(said(&seen), (vec![Cause::WrongExternalIp(ip.parse().unwrap())], true));
    }
    let title = |ip: &str| words(&Cause::WrongExternalIp(ip.parse::<IpAddr>().unwrap()), "x", None).title;
    assert_ne!(title("10.0.0.5"), title("9.9.9.9"));
}

#[test]
fn from_inside_silence_proves_nothing_and_a_wrong_name_does() {
    let mut seen = but(well(), &Failure::NoAnswer, is_udp);
    seen.facts.inside = Some(vec![SERVER.parse().unwrap()]);
    assert_eq!(said(&seen), (vec![Cause::FromInside], false));
    let elsewhere = Failure::LeadsElsewhere("A: 9.9.9.9".to_owned());
    assert_eq!(said(&but(seen, &elsewhere, |step| step.what == What::Dns)).0[0], Cause::DnsElsewhere);
}

#[test]
fn a_server_that_lost_the_others_lets_nobody_in_and_one_with_a_full_disk_does() {
    let with = |what, failure: &Failure| {
        let mut seen = well();
        seen.steps.push(step(what, None));
        said(&but(seen, failure, |step| step.what == what))
    };
    assert_eq!(with(What::OtherServers, &Failure::Apart), (vec![Cause::Apart], true));
    assert_eq!(with(What::DataDir, &Failure::DiskFull), (vec![Cause::DiskFull], false));
    assert_eq!(with(What::Loss, &Failure::PacketsLost(10)), (vec![Cause::LossyPath], false));
}

#[test]
fn no_page_is_never_good() {
    let mut seen = well();
    for step in seen.steps.iter_mut().filter(|step| step.what == What::Page) {
        step.outcome = Outcome::NotTried("it was not".to_owned());
    }
    assert!(!is_good(&seen));
}

/// One of each.
fn every_cause() -> Vec<Cause> {
    vec![
        Cause::NoSuchName,
        Cause::DnsElsewhere,
        Cause::OtherFamilyBroken(Family::V6),
        Cause::NothingListens(tcp(443)),
        Cause::Filtered(udp(443)),
        Cause::HostFirewall(udp(443)),
        Cause::UdpNotPassedOn(443),
        Cause::NoNetwork,
        Cause::FromInside,
        Cause::NoTls,
        Cause::TlsCut,
        Cause::TlsIntercepted("CN=Corp".to_owned()),
        Cause::SelfMade,
        Cause::SelfSigned,
        Cause::CertificateExpired,
        Cause::CertificateNotYet,
        Cause::CertificateNames(vec!["other.example.org".to_owned()]),
        Cause::CertificateBroken,
        Cause::BrowserDistrusts,
        Cause::ClockHere,
        Cause::ClocksDiffer(90),
        Cause::NotCallbox,
        Cause::ProxyWithoutBackend,
        Cause::ProxyWithoutWebSocket,
        Cause::ProxyChangesHost,
        Cause::ProxyHoldsBack,
        Cause::ProxyWithoutRelay,
        Cause::Apart,
        Cause::ServerFull,
        Cause::TestedEnough,
        Cause::RelayFull,
        Cause::CredentialsRefused,
        Cause::WrongExternalIp([10, 0, 0, 5].into()),
        Cause::WrongExternalIp([9, 9, 9, 9].into()),
        Cause::RelayLosesData,
        Cause::NarrowPath(1500),
        Cause::LossyPath,
        Cause::DiskFull,
        Cause::Unknown,
    ]
}

#[test]
fn what_is_said_stands_in_the_readme_and_nothing_else_does() {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("| `check` says |").expect("the table");
    let rows = section.lines().skip(2).take_while(|line| line.starts_with('|'));
    let told: Vec<&str> = rows.map(|row| row.split('|').nth(1).unwrap().trim()).collect();
    let said: Vec<String> = every_cause().iter().map(|cause| words(cause, "call.example.org", None).title).collect();
    assert_eq!(told, said);
}

#[test]
fn what_a_foreign_server_writes_does_not_drive_the_terminal() {
    let mut seen = well();
    seen.steps[1].on = "turn:\u{1b}[2Jevil".to_owned();
    seen.steps[2].outcome = Outcome::Bad(Failure::Other("\u{9b}31m\u{7}".to_owned()));
    seen.steps[3].outcome = Outcome::Bad(Failure::Other("\u{202e}".to_owned() + &"novel ".repeat(9000)));
    let table = table(&seen, Paper { colours: false, width: 80, here: None });
    assert!(!table.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{table:?}");
    assert!(table.len() < 10_000, "{}", table.len());
}

#[test]
fn a_phone_that_distrusts_the_certificate_is_not_told_of_a_proxy() {
    let way = |transport: &str, url: &str, error: &str| Way {
        transport: transport.to_owned(),
        url: url.to_owned(),
        ok: error.is_empty(),
        ms: 3.0,
        error: error.to_owned(),
    };
    let told = |tcp: &str, tls: &str| Phone {
        browser: "Safari".to_owned(),
        nat: "none".to_owned(),
        from_inside: false,
        results: vec![
            way("udp", "turn:call.example.org:443?transport=udp", ""),
            way("tcp", "turn:call.example.org:443?transport=tcp", tcp),
            way("tls", "turns:call.example.org:443?transport=tcp", tls),
        ],
    };
    let target = Target::read("call.example.org").unwrap();
    let distrusts = told("", "unreachable: 701").observed(&target);
    assert_eq!(said(&distrusts), (vec![Cause::BrowserDistrusts], false));
    let proxied = told("unreachable: 701", "unreachable: 701").observed(&target);
    assert_eq!(said(&proxied), (vec![Cause::ProxyWithoutRelay], true));
    let full = told("refused: 508 Insufficient Capacity", "").observed(&target);
    assert_eq!(said(&full).0, [Cause::RelayFull]);
}

#[test]
fn on_the_server_itself_a_closed_port_is_opened_in_the_words_of_its_own_firewall() {
    let found = Found { ufw: Some(Ufw { v6: true }), cloud: Some(Cloud::Aws), ..Found::default() };
    let port = Port { number: 443, udp: true };
    for cause in [Cause::Filtered(port), Cause::HostFirewall(port)] {
        let remedy = |here| words(&cause, "call.example.org", here).remedy;
        assert!(remedy(Some(&found)).contains("sudo ufw allow 443/udp"), "{}", remedy(Some(&found)));
        assert!(remedy(Some(&found)).contains("Amazon EC2 filters before this machine, by its security group"));
        assert!(remedy(None).contains("`callbox ports`"), "elsewhere nobody knows what the server has");
        assert_eq!(remedy(Some(&Found::default())), remedy(None));
    }
}
