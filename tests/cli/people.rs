//! People who come and go, and what the relay does for them: the page's messages and a TURN client nobody here wrote, against
//! the whole server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use turn::client::{Client, ClientConfig};
use webrtc_util::Conn;

use crate::server::{PATIENCE, Server};

/// Without TLS, so that nothing stands between a test and the sockets.
pub(crate) fn server(turn: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let config = format!("[tls]\nmode = \"off\"\n[turn]\nworkers = 2\nexternal_ip = \"127.0.0.1\"\n{turn}\n");
    std::fs::write(folder.path().join("callbox.toml"), config).unwrap();
    Server::start_in(folder, &[])
}

/// Somebody in the kitchen, with their page's socket and what the last `joined` said.
pub(crate) struct Person {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) joined: Value,
    server: SocketAddr,
}

#[tokio::test(flavor = "multi_thread")]
async fn how_many_are_inside_is_told_before_one_comes_in_and_only_where_anybody_may() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("callbox.toml"), "[tls]\nmode = \"off\"\n").unwrap();
    let server = Server::start_in(folder, &[]);
    let asked = |server: &Server| {
        let request = "GET /people/%E4%BC%9A%E8%AE%AE%E5%AE%A4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        crate::server::exchange(&mut server.connect(), request)
    };
    assert!(asked(&server).ends_with("{\"people\":0}"), "{}", asked(&server));
    let mut alice = Person::opens(&server).await;
    alice.says(json!({ "type": "join", "room": "会议室", "name": "Alice", "instance": "first" })).await;
    alice.hears("joined").await;
    assert!(asked(&server).ends_with("{\"people\":1}"), "{}", asked(&server));
}

impl Person {
    pub(crate) async fn opens(server: &Server) -> Person {
        let url = format!("ws://127.0.0.1:{}/ws", server.address.port());
        let (socket, _) = connect_async(url).await.unwrap();
        Person { socket, joined: Value::Null, server: server.address }
    }

    pub(crate) async fn enters(server: &Server) -> Person {
        let mut person = Person::opens(server).await;
        person.joins().await;
        person
    }

    /// Comes back to the seat that `joined` is about.
    pub(crate) async fn returns(server: &Server, joined: Value) -> Person {
        let mut person = Person { joined, ..Person::opens(server).await };
        person.joins().await;
        person
    }

    /// Comes in, or back to the seat.
    pub(crate) async fn joins(&mut self) {
        let mut join = json!({ "type": "join", "room": "kitchen", "name": "Somebody", "instance": "first" });
        if let Some(seat) = self.joined.get("seat") {
            join["seat"] = seat.clone();
        }
        self.says(join).await;
        self.joined = self.hears("joined").await;
    }

    pub(crate) async fn says(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next message of this type.
    pub(crate) async fn hears(&mut self, kind: &str) -> Value {
        loop {
            let heard = timeout(PATIENCE, self.socket.next()).await.expect("a message in time");
            let Some(Ok(Message::Text(text))) = heard else { panic!("no message but {heard:?}") };
            let message: Value = serde_json::from_str(&text).unwrap();
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// A TURN client with the credentials of the last `joined`.
    pub(crate) async fn turn_client(&self) -> Client {
        let ice = self.joined["ice_servers"].as_array().unwrap();
        let entry = ice.iter().find(|entry| entry["username"].is_string()).expect("a relay");
        let config = ClientConfig {
            stun_serv_addr: self.server.to_string(),
            turn_serv_addr: self.server.to_string(),
            username: entry["username"].as_str().unwrap().to_owned(),
            password: entry["credential"].as_str().unwrap().to_owned(),
            realm: String::new(),
            software: String::new(),
            rto_in_ms: 0,
            conn: Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap()),
            vnet: None,
        };
        let client = Client::new(config).await.unwrap();
        client.listen().await.unwrap();
        client
    }
}

/// Whether what is said at `from` is heard at `to`; said again and again, as the first words come before the permission.
pub(crate) async fn is_heard(from: &impl Conn, to: &impl Conn) -> bool {
    let mut heard = [0; 100];
    for _ in 0..20 {
        from.send_to(b"hello", to.local_addr().unwrap()).await.unwrap();
        if timeout(Duration::from_millis(50), to.recv_from(&mut heard)).await.is_ok() {
            return true;
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_is_out_of_the_relay_at_once_and_whoever_comes_back_is_in_again() {
    let server = server("");
    let (alice, mut bob) = (Person::enters(&server).await, Person::enters(&server).await);
    let (a, b) = (alice.turn_client().await, bob.turn_client().await);
    let (at_alice, at_bob) = (a.allocate().await.unwrap(), b.allocate().await.unwrap());
    at_bob.send_to(b"knock", at_alice.local_addr().unwrap()).await.unwrap();
    assert!(is_heard(&at_alice, &at_bob).await);

    // A dropped socket is no departure.
    bob.socket.close(None).await.unwrap();
    bob = Person::returns(&server, bob.joined.clone()).await;
    assert!(is_heard(&at_alice, &at_bob).await, "the allocation outlives the socket");

    bob.says(json!({ "type": "leave" })).await;
    bob.hears("left").await;
    assert!(!is_heard(&at_alice, &at_bob).await, "the allocation has ended");
    assert!(bob.turn_client().await.allocate().await.is_err(), "the old credentials are refused");
    assert!(alice.turn_client().await.allocate().await.is_ok(), "nobody else's are");

    bob.joins().await;
    assert!(bob.turn_client().await.allocate().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_is_used_up_keeps_newcomers_off_the_relay_and_is_remembered() {
    let mut running = server("monthly_budget = \"100 KB\"");
    let (mut alice, bob) = (Person::enters(&running).await, Person::enters(&running).await);
    let (a, b) = (alice.turn_client().await, bob.turn_client().await);
    let (at_alice, at_bob) = (a.allocate().await.unwrap(), b.allocate().await.unwrap());
    at_bob.send_to(b"knock", at_alice.local_addr().unwrap()).await.unwrap();
    assert!(is_heard(&at_alice, &at_bob).await);
    // From session to session inside, it leaves once: a hundred of these are 103 kB.
    let mut left = json!("plenty");
    while left != "used-up" {
        for _ in 0..100 {
            at_alice.send_to(&[7; 1000], at_bob.local_addr().unwrap()).await.unwrap();
        }
        left = alice.hears("relay-budget").await["left"].clone();
    }
    assert!(is_heard(&at_alice, &at_bob).await, "who speaks is not cut off");
    assert!(alice.turn_client().await.allocate().await.is_err());
    let mut carol = Person::enters(&running).await;
    assert_eq!(carol.hears("relay-budget").await["left"], "used-up");

    running.signal("INT");
    running.wait_for_log("stopping");
    let (code, log, folder) = running.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("all is used up"), "{log}");
    let running = Server::start_in(folder, &[]);
    let mut alice = Person::enters(&running).await;
    assert_eq!(alice.hears("relay-budget").await["left"], "used-up", "a restart forgets nothing");
    assert!(alice.turn_client().await.allocate().await.is_err());

    running.signal("TERM");
    let (_, _, folder) = running.end();
    std::fs::write(folder.path().join("callbox-data/relay-budget"), "2026-").unwrap();
    let mut running = Server::start_in(folder, &[]);
    running.wait_for_log("counts from zero");
    assert!(Person::enters(&running).await.turn_client().await.allocate().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relay_of_a_room_leads_only_where_somebody_in_it_said_to_be() {
    let server = server("peers = \"room\"\nallowed_peers = \"127.0.0.0/8\"");
    let (alice, mut bob) = (Person::enters(&server).await, Person::enters(&server).await);
    let a = alice.turn_client().await;
    let (at_alice, outside) = (a.allocate().await.unwrap(), UdpSocket::bind("127.0.0.2:0").await.unwrap());
    let outside = outside.local_addr().unwrap();
    assert!(at_alice.send_to(b"hello", outside).await.is_err(), "nobody said so");
    let candidate = format!("candidate:1 1 udp 2122260223 {} {} typ host", outside.ip(), outside.port());
    let payload = json!({ "connection": "call", "epoch": 1, "candidate": { "candidate": candidate } });
    bob.says(json!({ "type": "signal", "to": alice.joined["you"], "payload": payload })).await;
    // The hub has heard what came before once it answers.
    bob.says(json!({ "type": "ping" })).await;
    bob.hears("pong").await;
    let again = alice.turn_client().await.allocate().await.unwrap();
    assert!(again.send_to(b"hello", outside).await.is_ok());
    bob.says(json!({ "type": "leave" })).await;
    bob.hears("left").await;
    let late = alice.turn_client().await.allocate().await.unwrap();
    assert!(late.send_to(b"hello", outside).await.is_err(), "whoever said so is gone");
}
