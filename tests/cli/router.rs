//! A home router that is asked to forward ports (`map_ports`): miniupnpd, real NAT, and callers on the other side of it.

use std::net::{IpAddr, UdpSocket};

use super::home::{Home, OUTSIDE, PUBLIC, SHARED, outside};
use super::namespace::is_inside;
use super::server::{Server, connect, exchange};
use super::turn::{Caller, UDP};

/// A relay with a range that a router can carry, and somebody who may use it.
const CONFIG: &str = "turn.ports = \"50000-50003\"\n[turn.users]\nalice = \"wonder\"\n";

fn folder(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("callbox.toml"), config).unwrap();
    folder
}

fn can_run(test: &str) -> bool {
    let installed = std::process::Command::new("miniupnpd").arg("--version").output().is_ok();
    if !installed {
        eprintln!("skipped: miniupnpd is not installed");
    }
    installed && is_inside(&format!("router::{test}"))
}

/// The page, as a caller outside gets it who opens that port of the router.
fn page(server: &Server, port: u16) -> String {
    let name = PUBLIC.to_string();
    let mut stream =
        super::server::handshake(connect(outside(port)), server.certificate(), &name, &["http/1.1"]).unwrap();
    exchange(&mut stream, &format!("GET / HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n"))
}

#[test]
fn callers_outside_reach_the_page_and_a_relayed_address_through_the_router() {
    if !can_run("callers_outside_reach_the_page_and_a_relayed_address_through_the_router") {
        return;
    }
    let mut home = Home::new(PUBLIC);
    home.speaks("PCP", "");
    let server = home.start(folder(CONFIG), &[]);
    let banner = &server.banner;
    assert!(banner.contains("  https://11.78.0.2:8443/\n"), "{banner}");
    assert!(banner.contains("11.78.0.2  told by the router (PCP)"), "{banner}");
    let forwards =
        "the router 192.168.1.1 forwards TCP 8443, UDP 8443, UDP 3478, TCP 3478, UDP 50000-50003, asked by PCP";
    assert!(banner.contains(forwards), "{banner}");

    assert!(page(&server, 8443).contains("<title>"));
    let mut alice = Caller::over_udp(OUTSIDE.into(), outside(8443));
    alice.log_in("alice", "wonder");
    let relayed = alice.allocate(UDP).relayed();
    assert_eq!(relayed.ip(), IpAddr::from(PUBLIC));
    let peer = UdpSocket::bind((OUTSIDE, 0)).unwrap();
    assert_eq!(alice.permit(peer.local_addr().unwrap()).code(), 0);
    peer.send_to(b"through the router", relayed).unwrap();
    let heard = alice.read().0;
    assert!(heard.windows(18).any(|bytes| bytes == b"through the router"), "the range is forwarded, too");

    let health = home.admin("/healthz");
    assert!(health.contains(forwards) && health.contains("\"name\":\"router\",\"status\":\"ok\""), "{health}");
    assert!(home.admin("/metrics").contains("callbox_router_ports_forwarded 8"));
    let checked = home.says(server.folder.path(), &["check"]);
    assert!(checked.contains(forwards) && checked.contains("11.78.0.2"), "{checked}");

    assert!(home.forwarded().contains("dport 50003"));
    server.signal("INT");
    assert_eq!(server.end().0, Some(0));
    assert_eq!(home.forwarded(), "", "everything was given back");
}

#[test]
fn an_upnp_router_is_asked_and_a_server_that_was_killed_finds_its_ports_again() {
    if !can_run("an_upnp_router_is_asked_and_a_server_that_was_killed_finds_its_ports_again") {
        return;
    }
    let mut home = Home::new(PUBLIC);
    home.speaks("UPnP", "");
    let server = home.start(folder(""), &[]);
    assert!(server.banner.contains("TCP 3478, asked by UPnP"), "{}", server.banner);
    assert!(server.banner.contains("ports 49152-65535 are not asked for"), "{}", server.banner);
    assert!(page(&server, 8443).contains("<title>"));
    server.signal("KILL");
    let (_, _, folder) = server.end();
    assert!(home.forwarded().contains("dport 8443"), "nobody was left to give it back");
    let next = home.start(folder, &[]);
    assert!(next.banner.contains("TCP 3478, asked by UPnP"), "{}", next.banner);
    assert!(page(&next, 8443).contains("<title>"));
    next.signal("TERM");
    assert_eq!(next.end().0, Some(0));
    assert_eq!(home.forwarded(), "");
}

#[test]
fn links_follow_another_port_and_what_cannot_follow_is_named() {
    if !can_run("links_follow_another_port_and_what_cannot_follow_is_named") {
        return;
    }
    let mut home = Home::new(PUBLIC);
    home.speaks("PCP", "deny 8443 192.168.1.0/24 1-65535");
    let server = home.start(folder("turn.ports = \"none\""), &[]);
    let banner = &server.banner;
    assert!(banner.contains("  https://11.78.0.2:8444/\n"), "{banner}");
    assert!(
        banner.contains("  https://192.168.1.50:8443/\n"),
        "nobody in this network goes through the router: {banner}"
    );
    assert!(banner.contains("forwards TCP 8444 (to 8443 here)"), "{banner}");
    assert!(banner.contains("UDP 8443 is not forwarded: the router offered 844"), "{banner}");
    assert!(page(&server, 8444).contains("<title>"));
    assert!(home.admin("/api/v1/status").contains("\"link\":\"https://11.78.0.2:8444/\""));
}

#[test]
fn whoever_shares_an_address_with_others_is_told_so() {
    if !can_run("whoever_shares_an_address_with_others_is_told_so") {
        return;
    }
    let mut home = Home::new(SHARED);
    home.speaks("PCP", "");
    let mut server = home.start(folder(""), &[]);
    // It says so in one language, so it is asked in the others as well, and the start does not wait for that.
    let said = server.banner.clone() + server.wait_for_log("the router has no public address");
    assert!(said.contains("carrier-grade NAT"), "{said}");
    assert!(!said.contains("https://100.64.0.2"), "no link leads there: {said}");
    assert!(home.admin("/healthz").contains("\"name\":\"router\",\"status\":\"degraded\""));
    drop(server);

    home.falls_silent();
    home.speaks_natpmp_alone(SHARED);
    let server = home.start(folder(""), &[]);
    let banner = &server.banner;
    assert!(banner.contains("TCP 3478, asked by NAT-PMP"), "{banner}");
    assert!(banner.contains("carrier-grade NAT: the router's own is 100.64.0.2)"), "{banner}");
    assert!(!banner.contains("https://100.64.0.2"), "{banner}");
}

#[test]
fn a_router_that_begins_to_speak_or_changes_its_address_is_followed() {
    if !can_run("a_router_that_begins_to_speak_or_changes_its_address_is_followed") {
        return;
    }
    let mut home = Home::new(SHARED);
    let mut server = home.start(folder(""), &[]);
    home.speaks("PCP", "");
    server.signal("HUP");
    server.wait_for_log("the router has no public address");
    let silent = "the router 192.168.1.1 answers neither PCP, NAT-PMP nor UPnP";
    assert!(server.wait_for_log("no public address").contains(silent) || server.banner.contains(silent));

    home.in_router("ip addr del 100.64.0.2/24 dev wan; ip addr add 11.78.0.2/24 dev wan");
    home.speaks("PCP", "");
    server.signal("HUP");
    server.wait_for_log("the router 192.168.1.1 forwards TCP 8443");
    // The certificate, too, is good for the new address.
    super::home::wait(
        || std::panic::catch_unwind(|| page(&server, 8443)).is_ok_and(|page| page.contains("<title>")),
        "the page",
    );
}
