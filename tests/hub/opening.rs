//! Who may open a socket, and how many.

use callbox::http::Options;
use callbox::proxies::TrustedProxies;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::page::{PATIENCE, Page};
use super::site::{Running, options, run};

/// Asks for `/ws` in HTTP/1.1 and returns the answer's head.
async fn answer_to(running: &Running, headers: &str) -> String {
    ask_and_stay(running, headers).await.0
}

/// The same; the socket lives as long as what is returned.
async fn ask_and_stay(running: &Running, headers: &str) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let request = format!("GET /ws HTTP/1.1\r\nhost: call.test\r\nsec-websocket-version: 13\r\n{headers}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 1000];
    let length = timeout(PATIENCE, stream.read(&mut answer)).await.expect("an answer").unwrap();
    (String::from_utf8_lossy(&answer[..length]).into_owned(), stream)
}

const UPGRADE: &str =
    "upgrade: websocket\r\nconnection: keep-alive, Upgrade\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==";

#[tokio::test]
async fn a_foreign_page_opens_no_socket() {
    let running = run(options()).await;
    let own = answer_to(&running, &format!("{UPGRADE}\r\norigin: http://call.test")).await;
    assert!(own.starts_with("HTTP/1.1 101"), "{own}");
    let foreign = answer_to(&running, &format!("{UPGRADE}\r\norigin: http://evil.test")).await;
    assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign}");
    let plain = answer_to(&running, "connection: close").await;
    assert!(plain.starts_with("HTTP/1.1 426") && plain.contains("sec-websocket-version: 13"), "{plain}");
}

#[tokio::test]
async fn sockets_are_bounded_and_a_place_is_free_again() {
    let running = run(Options { max_sockets: 1, ..options() }).await;
    let (alice, _) = Page::enters(&running, "Alice").await;
    let refused = answer_to(&running, UPGRADE).await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after"), "{refused}");
    drop(alice);
    let freed = async { while !answer_to(&running, UPGRADE).await.starts_with("HTTP/1.1 101") {} };
    timeout(PATIENCE, freed).await.expect("a free place");
}

/// Opens sockets for callers whom a proxy names, and says who got in.
async fn get_in(proxy: &str, callers: &[&str]) -> Vec<bool> {
    let proxies = TrustedProxies::new(vec![proxy.parse().unwrap()]);
    let running = run(Options { proxies, max_sockets_per_address: 1, ..options() }).await;
    let (mut got_in, mut stay) = (Vec::new(), Vec::new());
    for headers in callers {
        let (answer, stream) = ask_and_stay(&running, &format!("{UPGRADE}\r\n{headers}")).await;
        got_in.push(answer.starts_with("HTTP/1.1 101"));
        stay.push(stream);
    }
    got_in
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_caller_has_places_of_their_own() {
    let spoofed = "x-forwarded-for: 192.0.2.9, 192.0.2.7";
    let callers = ["x-forwarded-for: 192.0.2.7", "forwarded: for=192.0.2.8", spoofed, "x-forwarded-for: 192.0.2.9"];
    assert_eq!(get_in("127.0.0.1/32", &callers).await, [true, true, false, true]);
    assert_eq!(get_in("10.0.0.0/8", &callers).await, [true; 4], "from a stranger the headers say nothing");
    let both = "x-forwarded-for: 192.0.2.7\r\nforwarded: for=192.0.2.8";
    assert_eq!(get_in("127.0.0.1/32", &[both]).await, [false], "one of them was written by a stranger");
}

#[tokio::test]
async fn a_page_in_the_clear_is_foreign_where_a_trusted_proxy_says_https() {
    let proxies = TrustedProxies::new(vec!["127.0.0.1/32".parse().unwrap()]);
    let running = run(Options { proxies, ..options() }).await;
    let opened = async |headers: &str| answer_to(&running, &format!("{UPGRADE}\r\n{headers}")).await;
    let secure = opened("x-forwarded-proto: https\r\norigin: https://call.test").await;
    assert!(secure.starts_with("HTTP/1.1 101"), "{secure}");
    let clear = opened("x-forwarded-proto: https\r\norigin: http://call.test").await;
    assert!(clear.starts_with("HTTP/1.1 403"), "{clear}");
}
