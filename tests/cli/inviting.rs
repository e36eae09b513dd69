//! Rooms by invitation only: a link from the command line, opened, counted and taken back while the server runs.

use std::net::TcpStream;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, WebSocket, client};

use super::server::{Server, callbox, connect, run, stderr, stdout};

/// A server where nobody comes in uninvited.
fn closed(folder: tempfile::TempDir) -> Server {
    Server::start_in(folder, &["--config=closed.toml"])
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("closed.toml"), "tls.mode = \"off\"\nrooms.open = false\n").unwrap();
    folder
}

/// `callbox invite` beside the running server.
fn invite(server: &Server, args: &[&str]) -> String {
    let output = callbox(server.folder.path()).args(["invite", "--config=closed.toml"]).args(args).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output).lines().next().unwrap().to_owned()
}

/// The text of an invitation that a page would send.
fn token(link: &str) -> String {
    link.split_once("?i=").unwrap().1.to_owned()
}

fn join(server: &Server, more: Value) -> Value {
    let (mut socket, _) = client(format!("ws://{}/ws", server.address), connect(server.address)).unwrap();
    say(&mut socket, &mut json!({ "type": "join", "room": "会议室", "name": "Alice", "instance": "a" }), more)
}

fn say(socket: &mut WebSocket<TcpStream>, message: &mut Value, more: Value) -> Value {
    message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    socket.send(Message::text(message.to_string())).unwrap();
    serde_json::from_str(&socket.read().unwrap().into_text().unwrap()).unwrap()
}

#[test]
fn a_link_from_the_command_line_opens_a_room_that_is_closed_to_others() {
    let server = closed(folder());
    assert_eq!(join(&server, json!({}))["code"], "invitation-needed");
    let link = invite(&server, &["会议室", "--host", "--for", "2h"]);
    assert!(link.contains("/r/%E4%BC%9A%E8%AE%AE%E5%AE%A4?i="), "{link}");
    let joined = join(&server, json!({ "invitation": token(&link) }));
    assert_eq!((&joined["type"], &joined["host"]), (&json!("joined"), &json!(true)), "{joined}");
}

#[test]
fn a_link_that_opens_in_this_network_only_says_so() {
    let invited = |flags: &[&str]| callbox(folder().path()).args(["invite", "kitchen"]).args(flags).output().unwrap();
    let (inside, outside) = (invited(&["--external-ip", "192.168.1.5"]), invited(&["--name", "call.example.org"]));
    assert!(stderr(&inside).contains("in this network only"), "{}", stderr(&inside));
    assert!(outside.status.success() && stderr(&outside).is_empty(), "{}", stderr(&outside));
}

#[test]
fn a_used_up_invitation_stays_used_up_after_a_restart() {
    let server = closed(folder());
    let link = invite(&server, &["会议室", "--uses", "1"]);
    let joined = join(&server, json!({ "invitation": token(&link) }));
    assert_eq!(joined["host"], false, "{joined}");
    assert_eq!(join(&server, json!({ "invitation": token(&link) }))["code"], "invitation-spent");
    server.signal("TERM");
    let server = closed(server.end().2);
    assert_eq!(join(&server, json!({ "invitation": token(&link) }))["code"], "invitation-spent");
    let back = join(&server, json!({ "invitation": token(&link), "seat": joined["seat"] }));
    assert_eq!(back["you"], joined["you"], "whoever was in comes back: {back}");
}

#[test]
fn a_running_server_hears_that_an_invitation_was_revoked() {
    let server = closed(folder());
    let link = invite(&server, &["会议室"]);
    let invitation = json!({ "invitation": token(&link) });
    assert_eq!(join(&server, invitation.clone())["type"], "joined");
    invite(&server, &["--revoke", &link]);
    let deadline = std::time::Instant::now() + super::server::PATIENCE;
    while join(&server, invitation.clone())["code"] != "invitation-ended" {
        assert!(std::time::Instant::now() < deadline, "it still opens the room");
        std::thread::yield_now();
    }
}

#[test]
fn what_cannot_be_invited_to_is_said_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["invite", "a\u{202E}b"]);
    assert!(stderr(&output).contains("cannot be a room's name"), "{}", stderr(&output));
    let output = run(folder.path(), &["invite", "--revoke", "https://localhost:8443/r/kitchen?i=EAAA"]);
    assert!(stderr(&output).contains("opens nothing"), "{}", stderr(&output));
    assert_eq!(run(folder.path(), &["invite"]).status.code(), Some(2));
}
