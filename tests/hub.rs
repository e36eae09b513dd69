//! People on real WebSockets, in HTTP/1.1 and in HTTP/2: they meet, talk, break off and come back, and nobody's bad manners
//! harm anybody else.

#![allow(clippy::unwrap_used)] // a test says what must be there by unwrapping it

mod site;

use std::time::Duration;

use callbox::clock::Now;
use callbox::http::{Connection, Options, Scheme, Site};
use callbox::hub;
use callbox::proxies::TrustedProxies;
use futures_util::{SinkExt, StreamExt};
use http::{Method, Request, StatusCode, Version};
use http_body_util::Empty;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use site::{Running, options, run};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use tokio_util::sync::CancellationToken;

/// Long enough for a busy machine; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A page's end of a socket.
struct Page(WebSocketStream<Box<dyn Io>>);

impl Page {
    async fn over(io: impl Io + 'static) -> Page {
        let io: Box<dyn Io> = Box::new(io);
        Page(client_async("ws://call.test/ws", io).await.expect("a socket").0)
    }

    async fn opens(running: &Running) -> Page {
        Page::over(TcpStream::connect(running.address).await.unwrap()).await
    }

    /// Comes into the kitchen and returns what `joined` said.
    async fn enters(running: &Running, name: &str) -> (Page, Value) {
        let mut page = Page::opens(running).await;
        let joined = page.joins(name, None).await;
        (page, joined)
    }

    async fn joins(&mut self, name: &str, seat: Option<&Value>) -> Value {
        let mut join = json!({ "type": "join", "room": "kitchen", "name": name, "instance": "first" });
        if let Some(seat) = seat {
            join["seat"] = seat.clone();
        }
        self.says(join).await;
        let joined = self.hears().await;
        assert_eq!(joined["type"], "joined", "{joined}");
        joined
    }

    async fn says(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn hears(&mut self) -> Value {
        match self.receives().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            other => panic!("no message but {other:?}"),
        }
    }

    /// The code and the words that the hub closes with.
    async fn is_closed(&mut self) -> (u16, String) {
        match self.receives().await {
            Some(Ok(Message::Close(Some(frame)))) => (frame.code.into(), frame.reason.to_string()),
            other => panic!("not closed but {other:?}"),
        }
    }

    async fn receives(&mut self) -> Option<Result<Message, Error>> {
        timeout(PATIENCE, self.0.next()).await.expect("nothing came")
    }

    /// Whether the hub still answers here.
    async fn is_well(&mut self) -> bool {
        self.says(json!({ "type": "ping" })).await;
        self.hears().await == json!({ "type": "pong" })
    }
}

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
