//! People on real WebSockets, in HTTP/1.1 and in HTTP/2: they meet, talk, break off and come back, and nobody's bad manners
//! harm anybody else.

#![allow(clippy::unwrap_used)] // a test says what must be there by unwrapping it

mod opening;
mod page;
mod silence;
#[path = "../site/mod.rs"]
mod site;

use callbox::clock::Now;
use callbox::http::Options;
use callbox::hub;
use futures_util::SinkExt;
use http::{Method, Request, StatusCode, Version};
use http_body_util::Empty;
use hyper_util::rt::{TokioExecutor, TokioIo};
use page::{Io, PATIENCE, Page};
use serde_json::json;
use site::{Running, options, run};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

#[tokio::test]
async fn two_people_meet_talk_and_part() {
    let running = run(options()).await;
    let (mut alice, _) = Page::enters(&running, "Alice").await;
    let (mut bob, joined) = Page::enters(&running, "Bob").await;
    let arrival = alice.hears().await;
    assert_eq!(arrival["type"], "peer-joined");
    assert_eq!(arrival["peer"]["id"], joined["you"]);
    assert_eq!((&arrival["peer"]["name"], &arrival["peer"]["offerer"]), (&json!("Bob"), &json!(true)));
    let payload = json!({ "connection": "call", "epoch": 1, "description": { "type": "offer", "sdp": "v=0\r\n" } });
    alice.says(json!({ "type": "signal", "to": joined["you"], "payload": payload })).await;
    let heard = bob.hears().await;
    assert_eq!((&heard["type"], &heard["payload"]), (&json!("signal"), &payload));
    assert_eq!(heard["from"], joined["peers"][0]["id"]);
    bob.says(json!({ "type": "leave" })).await;
    assert_eq!(bob.hears().await, json!({ "type": "left", "room": "kitchen" }));
    assert_eq!(alice.hears().await, json!({ "type": "peer-left", "id": joined["you"], "reason": "left" }));
}

#[tokio::test]
async fn everybody_gets_own_credentials_for_the_relay_under_the_name_they_used() {
    let options = options();
    let running = run(options.clone()).await;
    let (mut alice, joined) = Page::enters(&running, "Alice").await;
    assert_eq!(joined["ice_servers"][0], json!({ "urls": ["stun:call.test:8443"] }));
    let turn = &joined["ice_servers"][1];
    assert_eq!(turn["urls"], json!(["turn:call.test:8443?transport=udp", "turn:call.test:8443?transport=tcp"]));
    let username = turn["username"].as_str().unwrap();
    assert!(username.ends_with(joined["you"].as_str().unwrap()));
    let passwords = options.turn_passes.passwords(username, Now::read());
    assert_eq!(passwords.len(), 1);
    assert_eq!(turn["credential"], passwords[0].expose());
    alice.says(json!({ "type": "ice-refresh" })).await;
    let refreshed = alice.hears().await;
    assert_eq!((&refreshed["type"], &refreshed["ice_ttl"]), (&json!("ice-servers"), &json!(3600)));
    assert_eq!(refreshed["ice_servers"].as_array().unwrap().len(), 2);
}

/// Bytes no page would send, and the close code each earns.
fn garbage() -> Vec<(Message, &'static str, u16)> {
    let stranger = json!({ "type": "dance" }).to_string();
    vec![
        (Message::text("hello"), "bad-message", 1008),
        (Message::text(stranger), "bad-message", 1008),
        (Message::text(r#"{"type":"ping","surprise":1}"#), "bad-message", 1008),
        (Message::binary(vec![0xFF; 100]), "bad-message", 1008),
        (Message::text("x".repeat(100_000)), "too-large", 1009),
    ]
}

#[tokio::test]
async fn garbage_is_closed_with_words_and_harms_nobody_else() {
    let running = run(options()).await;
    let (mut alice, _) = Page::enters(&running, "Alice").await;
    for (garbage, code, close) in garbage() {
        let (mut mallory, joined) = Page::enters(&running, "Mallory").await;
        mallory.0.send(garbage).await.unwrap();
        let error = mallory.hears().await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!(code)));
        let (closed, words) = mallory.is_closed().await;
        assert_eq!(closed, close, "{words}");
        assert!(error["message"].as_str().unwrap().starts_with(&words), "the same words: {words}");
        assert_eq!(alice.hears().await["type"], "peer-joined");
        assert_eq!(alice.hears().await, json!({ "type": "peer-away", "id": joined["you"] }));
        assert!(alice.is_well().await);
        let mut again = Page::opens(&running).await;
        again.joins("Mallory", Some(&joined["seat"])).await;
        again.says(json!({ "type": "leave" })).await;
        again.hears().await;
        assert_eq!(alice.hears().await["type"], "peer-back");
        assert_eq!(alice.hears().await["type"], "peer-left");
    }
}

#[tokio::test]
async fn broken_frames_end_only_their_own_connection() {
    let running = run(options()).await;
    let (mut alice, _) = Page::enters(&running, "Alice").await;
    let key = "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==";
    for frame in [
        &[0xFF; 64][..],
        &[0x81, 0x05, 1, 2],
        &[0xF1, 0x80, 0, 0, 0, 0],
        &[0x81, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
    ] {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(format!("GET /ws HTTP/1.1\r\nhost: x\r\n{key}\r\n\r\n").as_bytes()).await.unwrap();
        stream.write_all(frame).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an end").unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 101"));
    }
    assert!(alice.is_well().await);
}

#[tokio::test]
async fn a_page_that_closes_its_socket_is_answered() {
    let running = run(options()).await;
    let (mut alice, _) = Page::enters(&running, "Alice").await;
    alice.0.send(Message::Ping("hello?".into())).await.unwrap();
    assert_eq!(alice.receives().await.unwrap().unwrap(), Message::Pong("hello?".into()));
    alice.0.send(Message::Close(None)).await.unwrap();
    assert_eq!(alice.is_closed().await.0, 1000);
    assert!(alice.receives().await.is_none(), "and the connection ends");
}

#[tokio::test]
async fn who_does_not_read_is_closed_and_nobody_waits_for_them() {
    let rooms = hub::Options { rate: 1_000_000, burst: 1_000_000, ..hub::Options::default() };
    let running = run(Options { rooms, ..options() }).await;
    let (mut alice, _) = Page::enters(&running, "Alice").await;
    // Connected, in the room, and never read again.
    let (_sleeper, joined) = Page::enters(&running, "Sleeper").await;
    assert_eq!(alice.hears().await["type"], "peer-joined");
    let signal = json!({ "type": "signal", "to": joined["you"], "payload": "x".repeat(60_000) });
    let gone = async {
        loop {
            alice.says(signal.clone()).await;
            alice.says(json!({ "type": "ping" })).await;
            let heard = alice.hears().await;
            if heard["type"] == "peer-away" {
                return heard;
            }
            assert_eq!(heard, json!({ "type": "pong" }));
        }
    };
    let heard = timeout(PATIENCE, gone).await.expect("the sleeper is given up");
    assert_eq!(heard["id"], joined["you"]);
}

#[tokio::test]
async fn too_many_messages_close_the_socket_and_the_seat_can_be_taken_again() {
    let rooms = hub::Options { rate: 1, burst: 10, ..hub::Options::default() };
    let running = run(Options { rooms, ..options() }).await;
    let (mut alice, joined) = Page::enters(&running, "Alice").await;
    for _ in 0..30 {
        alice.says(json!({ "type": "ping" })).await;
    }
    let mut pongs = 0;
    let error = loop {
        match alice.hears().await {
            pong if pong["type"] == "pong" => pongs += 1,
            error => break error,
        }
    };
    assert!((9..12).contains(&pongs), "{pongs}");
    assert_eq!(error["code"], "too-fast");
    assert_eq!(alice.is_closed().await.0, 1008);
    let again = Page::opens(&running).await.joins("Alice", Some(&joined["seat"])).await;
    assert_eq!(again["you"], joined["you"]);
}

#[tokio::test]
async fn a_second_window_takes_the_seat() {
    let running = run(options()).await;
    let (mut first, joined) = Page::enters(&running, "Alice").await;
    let mut second = Page::opens(&running).await;
    assert_eq!(second.joins("Alice", Some(&joined["seat"])).await["you"], joined["you"]);
    assert_eq!(first.hears().await["code"], "replaced");
    assert_eq!(first.is_closed().await.0, 4000);
    assert!(second.is_well().await);
}

#[tokio::test]
async fn a_full_room_says_so_on_a_socket_that_stays_open() {
    let rooms = hub::Options { max_people: 1, ..hub::Options::default() };
    let running = run(Options { rooms, ..options() }).await;
    let (mut alice, _) = Page::enters(&running, "Alice").await;
    let mut bob = Page::opens(&running).await;
    let join = json!({ "type": "join", "room": " kitchen ", "name": "Bob", "instance": "i" });
    bob.says(join.clone()).await;
    assert_eq!(bob.hears().await, json!({ "type": "full", "room": "kitchen", "max_people": 1 }));
    alice.says(json!({ "type": "leave" })).await;
    alice.hears().await;
    bob.says(join).await;
    assert_eq!(bob.hears().await["type"], "joined");
}

#[tokio::test]
async fn a_stopping_server_says_so_and_the_next_one_gives_everybody_their_seat() {
    let first = run(options()).await;
    let (mut alice, alice_joined) = Page::enters(&first, "Alice").await;
    let (mut bob, bob_joined) = Page::enters(&first, "Bob").await;
    alice.hears().await;
    first.shutdown.cancel();
    assert_eq!(alice.is_closed().await.0, 1001);
    assert_eq!(bob.is_closed().await.0, 1001);
    drop((alice, bob));
    timeout(PATIENCE, first.site.drained()).await.expect("no socket is left");

    let second = run(options()).await;
    let again = Page::opens(&second).await.joins("Bob", Some(&bob_joined["seat"])).await;
    assert_eq!(again["you"], bob_joined["you"]);
    let again = Page::opens(&second).await.joins("Alice", Some(&alice_joined["seat"])).await;
    assert_eq!(again["you"], alice_joined["you"]);
    assert_eq!(again["peers"][0]["offerer"], json!(true), "Alice sat first, though Bob was back first");
}

/// Opens a WebSocket on an HTTP/2 connection of its own (RFC 8441).
async fn opens_over_h2(running: &Running, origin: &str) -> Result<Page, StatusCode> {
    let stream = TcpStream::connect(running.address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::builder()
        .method(Method::CONNECT)
        .version(Version::HTTP_2)
        .uri("http://call.test/ws")
        .header("sec-websocket-version", "13")
        .header("origin", origin)
        .extension(hyper::ext::Protocol::from_static("websocket"))
        .body(Empty::<bytes::Bytes>::new())
        .unwrap();
    sender.ready().await.unwrap();
    let response = sender.send_request(request).await.unwrap();
    if response.status() != StatusCode::OK {
        return Err(response.status());
    }
    let io: Box<dyn Io> = Box::new(TokioIo::new(hyper::upgrade::on(response).await.unwrap()));
    // The connection ends with its last sender.
    tokio::spawn(async move {
        std::future::pending::<()>().await;
        drop(sender)
    });
    Ok(Page(WebSocketStream::from_raw_socket(io, Role::Client, None).await))
}

#[tokio::test]
async fn a_browser_that_speaks_http_2_meets_one_that_does_not() {
    let running = run(options()).await;
    let (mut alice, _) = Page::enters(&running, "Alice").await;
    let mut bob = opens_over_h2(&running, "http://call.test").await.expect("a socket");
    let joined = bob.joins("Bob", None).await;
    assert_eq!(joined["ice_servers"][0]["urls"][0], "stun:call.test:8443");
    assert_eq!(alice.hears().await["peer"]["id"], joined["you"]);
    let long = "x".repeat(50_000);
    alice.says(json!({ "type": "signal", "to": joined["you"], "payload": long })).await;
    assert_eq!(bob.hears().await["payload"], long);
    assert!(bob.is_well().await);
    assert_eq!(opens_over_h2(&running, "http://evil.test").await.err(), Some(StatusCode::FORBIDDEN));
    running.shutdown.cancel();
    assert_eq!(bob.is_closed().await.0, 1001);
}
