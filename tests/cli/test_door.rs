//! The test door of the running program: what whoever tests it is given, and what a stranger gains by it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde_json::Value;

use super::namespace::{HERE, is_inside};
use super::relay_safety::on_loopback;
use super::server::{ALONE, Server, callbox, connect, exchange};
use super::turn::{Caller, UDP};

/// Asks in the clear at `address`; status, head and body.
fn in_the_clear(address: SocketAddr, head: &str, body: &str) -> (u16, String) {
    let request = format!("{head} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let answer = exchange(&mut connect(address), &request);
    (answer.split(' ').nth(1).expect("a status").parse().unwrap(), answer)
}

fn json(answer: &str) -> Value {
    serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
}

#[test]
fn each_way_to_the_relay_is_told_with_credentials_that_lead_nowhere_else() {
    let server = on_loopback("");
    let ice = json(&server.get("/test/ice"));
    assert_eq!(ice["ttl"], 300);
    let port = server.address.port();
    let ways: Vec<_> = ice["probes"].as_array().unwrap().iter().map(|probe| probe["url"].as_str().unwrap()).collect();
    let expected = [
        format!("stun:localhost:{port}"),
        format!("turn:localhost:{port}?transport=udp"),
        format!("turn:localhost:{port}?transport=tcp"),
        format!("turns:localhost:{port}?transport=tcp"),
    ];
    assert_eq!(ways, expected);
    let probe = &ice["probes"][1];
    let mut tester = Caller::over_udp(IpAddr::V4(Ipv4Addr::LOCALHOST), server.address);
    tester.log_in(probe["username"].as_str().unwrap(), probe["credential"].as_str().unwrap());
    let allocated = tester.allocate(UDP);
    assert_eq!(allocated.code(), 0);
    assert_eq!(tester.permit(allocated.relayed()).code(), 0);
    assert_eq!(tester.permit(SocketAddr::from(([8, 8, 8, 8], 53))).code(), 403);
}

#[test]
fn a_line_is_measured_with_bytes_that_nothing_shortens() {
    let server = Server::start(&[]);
    let head = |path: &str| {
        let request = format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        exchange(&mut server.connect_tls(&["http/1.1"]).unwrap(), &request)
    };
    let told = head("/test/bytes?size=300000");
    assert!(told.contains("content-length: 300000") && told.contains("cache-control: no-store"), "{told}");
    assert_eq!(in_the_clear(server.address, "GET /test/bytes?size=4194305", "").0, 400);
    assert_eq!(in_the_clear(server.address, "GET /test/bytes", "").0, 400);
    assert_eq!(in_the_clear(server.address, "POST /test/bytes", &"x".repeat(300_000)).0, 204);
    let announced = "POST /test/bytes HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n";
    assert!(exchange(&mut server.connect(), announced).starts_with("HTTP/1.1 413"), "before they are sent");
}

#[test]
fn a_phone_tests_over_plain_http_what_https_may_be_in_the_way_of() {
    let server = Server::start(&[]);
    let get = |path: &str| in_the_clear(server.address, &format!("GET {path}"), "");
    let (status, page) = get("/test?phone");
    assert_eq!(status, 200);
    let asset = page[page.find("/a/").expect("the page names its parts")..].split('"').next().unwrap();
    assert_eq!([get(asset).0, get("/test/ice").0, get("/settings.json").0], [200; 3]);
    assert_eq!([get("/test").0, get("/").0, get("/r/kitchen?phone").0], [308; 3], "all else is for https");
    let report = r#"{"token":"guessed","results":[]}"#;
    assert_eq!(in_the_clear(server.address, "POST /test/report", report).0, 403);
    assert_eq!(in_the_clear(server.address, "POST /test/report", "{").0, 400);
    assert_eq!(in_the_clear(server.address, "GET /test/report", "").0, 405);
}

#[test]
fn one_address_gets_credentials_for_a_test_and_not_for_a_crowd() {
    if !is_inside("test_door::one_address_gets_credentials_for_a_test_and_not_for_a_crowd") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = callbox(folder.path());
    command.args(["--listen=0.0.0.0:0", ALONE[1]]);
    let server = Server::spawn(folder, command);
    let ask = |ip: Ipv4Addr| in_the_clear((ip, server.address.port()).into(), "GET /test/ice", "").0;
    let answers: Vec<u16> = (0..70).map(|_| ask(HERE)).collect();
    assert_eq!((answers[0], *answers.last().unwrap()), (200, 429));
    assert_eq!(ask(Ipv4Addr::LOCALHOST), 200, "others have their own");
}
