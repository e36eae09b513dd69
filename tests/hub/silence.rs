//! Connections that say nothing, or never finish, are given up.

use std::time::Duration;

use callbox::http::{Connection, Scheme, Site};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::page::Page;
use super::site::options;

/// A site on an in-memory wire, whose time a paused clock can let pass.
fn wire(site: &Site) -> DuplexStream {
    let (ours, theirs) = duplex(16 << 10);
    let site = site.clone();
    tokio::spawn(async move { site.serve_h1(theirs, nobody(), CancellationToken::new()).await });
    ours
}

/// The same in HTTP/2.
fn wire_h2(site: &Site) -> DuplexStream {
    let (ours, theirs) = duplex(16 << 10);
    let site = site.clone();
    tokio::spawn(async move { site.serve_h2(theirs, nobody(), CancellationToken::new()).await });
    ours
}

fn nobody() -> Connection {
    let address = "127.0.0.1:1".parse().unwrap();
    Connection { client: address, local: address, scheme: Scheme::Http }
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_says_nothing_for_fifteen_seconds_is_dead() {
    let site = Site::new(options());
    let (mut alice, mut bob) = (Page::over(wire(&site)).await, Page::over(wire(&site)).await);
    let joined = alice.joins("Alice", None).await;
    bob.joins("Bob", None).await;
    let mut heard = Vec::new();
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        bob.says(json!({ "type": "ping" })).await;
        heard.push(bob.hears().await);
    }
    let away = json!({ "type": "peer-away", "id": joined["you"] });
    assert!(heard.contains(&away), "Bob is told, and his own pings keep him: {heard:?}");
    assert_eq!(alice.hears().await["type"], "peer-joined");
    assert_eq!(alice.is_closed().await, (1008, "nothing was heard for 15 seconds".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_is_given_up() {
    let site = Site::new(options());
    for beginning in ["", "GET / HTTP/1.1\r\nhost: ", "GET / HTTP/1.1\r\nhost: x\r\n\r\nGET /"] {
        let mut stream = wire(&site);
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let ended = timeout(Duration::from_secs(120), stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "after {beginning:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_http_2_connection_that_says_nothing_is_given_up() {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
    // A header block (RFC 9113, 6.2) that says it goes on, and does not.
    const HALF_A_REQUEST: &[u8] = &[0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82];
    let site = Site::new(options());
    for beginning in [&[][..], &[PREFACE], &[PREFACE, SETTINGS], &[PREFACE, SETTINGS, HALF_A_REQUEST]] {
        let mut stream = wire_h2(&site);
        stream.write_all(&beginning.concat()).await.unwrap();
        let ended = timeout(Duration::from_secs(120), stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "after {beginning:?}");
    }
}
