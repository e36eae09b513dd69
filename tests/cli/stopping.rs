//! How it ends: gently, at once, by accident, and not at all when it only reads its files again.

use serde_json::json;
use webrtc_util::Conn;

use crate::people::{Person, is_heard, server};
use crate::server::{Server, callbox};

/// Alice and Bob in the kitchen, who hear each other through the relay until `Relayed` is dropped.
pub(crate) struct Relayed<C> {
    pub(crate) alice: Person,
    pub(crate) bob: Person,
    pub(crate) at_alice: C,
    pub(crate) at_bob: C,
    _clients: [turn::client::Client; 2],
}

pub(crate) async fn relayed(server: &Server) -> Relayed<impl Conn + use<>> {
    let (alice, bob) = (Person::enters(server).await, Person::enters(server).await);
    let (a, b) = (alice.turn_client().await, bob.turn_client().await);
    let (at_alice, at_bob) = (a.allocate().await.unwrap(), b.allocate().await.unwrap());
    at_bob.send_to(b"knock", at_alice.local_addr().unwrap()).await.unwrap();
    assert!(is_heard(&at_alice, &at_bob).await);
    Relayed { alice, bob, at_alice, at_bob, _clients: [a, b] }
}

/// A server whose relay stays for `time` after it is told to stop.
fn patient(time: &str) -> Server {
    server_with(&format!("drain_timeout = \"{time}\""))
}

pub(crate) fn server_with(top: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let config = format!("{top}\n[tls]\nmode = \"off\"\n[turn]\nworkers = 2\nexternal_ip = \"127.0.0.1\"\n");
    std::fs::write(folder.path().join("callbox.toml"), config).unwrap();
    Server::start_in(folder, &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gentle_stop_tells_everybody_carries_what_is_relayed_and_ends_with_the_last_of_it() {
    let mut server = patient("1h");
    let mut call = relayed(&server).await;
    server.signal("TERM");
    call.alice.hears("restarting").await;
    server.wait_for_log("2 relayed connections may go on for 1h");
    // Nobody new opens a room; the kitchen lets people in.
    let mut stranger = Person::opens(&server).await;
    stranger.says(json!({ "type": "join", "room": "cellar", "name": "Carol", "instance": "first" })).await;
    assert_eq!(stranger.hears("error").await["code"], "restarting");
    stranger.joins().await;
    stranger.hears("restarting").await;
    // Whoever dropped out finds their seat.
    let you = call.bob.joined["you"].clone();
    call.bob.socket.close(None).await.unwrap();
    let bob = Person::returns(&server, call.bob.joined).await;
    assert_eq!(bob.joined["you"], you);
    assert!(is_heard(&call.at_alice, &call.at_bob).await);
    call.at_alice.close().await.unwrap();
    call.at_bob.close().await.unwrap();
    let (code, log, _) = server.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("the last relayed connection has ended"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_its_time_is_over_it_ends_although_somebody_is_relayed() {
    let server = patient("50ms");
    let _call = relayed(&server).await;
    server.signal("TERM");
    let (code, log, _) = server.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("2 relayed connections end with this server"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_ctrl_c_nor_a_second_signal_waits_for_relayed_calls() {
    for signals in [&["INT"][..], &["TERM", "TERM"]] {
        let mut server = patient("1h");
        let _call = relayed(&server).await;
        for signal in signals {
            server.signal(signal);
            server.wait_for_log("stopping");
        }
        let (code, log, _) = server.end();
        assert_eq!(code, Some(0), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_drops_no_allocation_and_nobody_from_the_room() {
    let mut server = server("");
    let mut call = relayed(&server).await;
    let file = server.folder.path().join("callbox.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{config}max_rate = 100000\ndenied_peers = \"192.0.2.0/24\"\n")).unwrap();
    server.signal("HUP");
    server.next_line_with("read again: turn.denied_peers, turn.max_rate");
    assert!(is_heard(&call.at_alice, &call.at_bob).await && is_heard(&call.at_bob, &call.at_alice).await);
    call.alice.says(json!({ "type": "ping" })).await;
    call.alice.hears("pong").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_mid_call_it_is_back_on_its_port_with_everybodys_seats() {
    let server = server("");
    let call = relayed(&server).await;
    let (port, seats) = (server.address, [call.alice.joined.clone(), call.bob.joined.clone()]);
    server.signal("KILL");
    let (_, _, folder) = server.end();
    let mut again = callbox(folder.path());
    again.args([&format!("--listen={port}"), "--turn-listen="]);
    let server = Server::spawn(folder, again);
    let mut clients = Vec::new();
    for seat in seats {
        let you = seat["you"].clone();
        let person = Person::returns(&server, seat).await;
        assert_eq!(person.joined["you"], you);
        clients.push(person.turn_client().await);
    }
    let (a, b) = (clients[0].allocate().await.unwrap(), clients[1].allocate().await.unwrap());
    b.send_to(b"knock", a.local_addr().unwrap()).await.unwrap();
    assert!(is_heard(&a, &b).await, "relayed anew");
}
