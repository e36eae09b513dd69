//! One server in the place of another: nobody is refused, everybody keeps their seat, what is relayed goes on.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::people::{Person, is_heard};
use crate::server::{ALONE, PATIENCE, Server, callbox, connect, exchange, run, stderr};
use crate::stopping::{relayed, server_with};

/// A server that takes over from `old`. Its folder is its own, `data_dir` and configuration are the old one's.
fn takes_over(old: &Server) -> Server {
    let mut command = callbox(old.folder.path());
    command.args(["serve", "--takeover"]).args(ALONE);
    Server::spawn(tempfile::tempdir().unwrap(), command)
}

/// Asks over a new connection each time, until it is told to stop; how often, all with success.
fn asks(address: SocketAddr, over: Arc<AtomicBool>) -> thread::JoinHandle<usize> {
    thread::spawn(move || {
        let mut count = 0;
        while !over.load(Ordering::Relaxed) {
            let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            let answer = exchange(&mut connect(address), request);
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer:?}");
            count += 1;
        }
        count
    })
}

/// Until the server has said goodbye.
async fn is_sent_away(person: &mut Person) {
    use futures_util::StreamExt;
    loop {
        match tokio::time::timeout(PATIENCE, person.socket.next()).await.expect("a goodbye in time") {
            Some(Ok(Message::Close(frame))) => return assert_eq!(frame.unwrap().code, CloseCode::Away),
            Some(Ok(_)) => {}
            other => panic!("no goodbye but {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_under_load_refuses_nobody_and_drops_no_call() {
    let old = server_with("drain_timeout = \"1h\"");
    let mut call = relayed(&old).await;
    let over = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..4).map(|_| asks(old.address, over.clone())).collect();
    let new = takes_over(&old);
    assert_eq!(new.address, old.address);
    // A new allocation is the new one's: its secret is the same, and so are the credentials.
    let fresh = call.alice.turn_client().await;
    fresh.allocate().await.unwrap();
    let you = call.alice.joined["you"].clone();
    is_sent_away(&mut call.alice).await;
    let alice = Person::returns(&new, call.alice.joined).await;
    assert_eq!(alice.joined["you"], you);
    assert!(is_heard(&call.at_alice, &call.at_bob).await && is_heard(&call.at_bob, &call.at_alice).await);
    thread::sleep(Duration::from_millis(100)); // some more load for the new one alone
    over.store(true, Ordering::Relaxed);
    let asked: usize = load.into_iter().map(|load| load.join().unwrap()).sum();
    println!("{asked} connections during the change, none refused");
    // Nobody else may write there meanwhile.
    let third = run(old.folder.path(), &ALONE);
    assert!(stderr(&third).contains("another callbox runs with"), "{}", stderr(&third));
    use webrtc_util::Conn;
    call.at_alice.close().await.unwrap();
    call.at_bob.close().await.unwrap();
    let (code, log, _folder) = old.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("the other callbox serves") && log.contains("the last relayed connection has ended"), "{log}");
}

#[test]
fn with_nobody_to_follow_it_starts_as_always() {
    Server::start(&["serve", "--takeover"]);
}

#[test]
fn one_that_cannot_start_changes_nothing() {
    let mut old = server_with("");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let http = format!("--turn-listen={}", taken.local_addr().unwrap());
    let failed = run(old.folder.path(), &["serve", "--takeover", ALONE[0], &http]);
    assert_eq!(failed.status.code(), Some(1));
    old.wait_for_log("wanted to take over and did not: it did not start");
    assert!(
        exchange(&mut old.connect(), "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").contains("200")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_dies_at_the_worst_moment_is_survived() {
    let mut old = server_with("drain_timeout = \"1h\"");
    let mut call = relayed(&old).await;
    // Says all that a new server would say, takes everything, and is gone.
    let mut impostor = UnixStream::connect(old.folder.path().join("callbox-data/takeover")).unwrap();
    impostor.set_read_timeout(Some(PATIENCE)).unwrap();
    let network = std::os::unix::fs::MetadataExt::ino(&std::fs::metadata("/proc/self/ns/net").unwrap());
    writeln!(impostor, "callbox 1 {network}").unwrap();
    let mut heard = [0; 8];
    impostor.read_exact(&mut heard).unwrap();
    writeln!(impostor, "ready").unwrap();
    impostor.read_exact(&mut heard[..6]).unwrap();
    assert_eq!(&heard[..6], b"yours\n");
    drop(impostor);
    old.wait_for_log("this callbox starts again in its place");
    is_sent_away(&mut call.alice).await;
    let you = call.alice.joined["you"].clone();
    let alice = Person::returns(&old, call.alice.joined).await;
    assert_eq!(alice.joined["you"], you);
    assert!(is_heard(&call.at_alice, &call.at_bob).await, "what is relayed goes on");
    alice.turn_client().await.allocate().await.unwrap();
    old.signal("INT");
    let (code, log, _) = old.end();
    assert_eq!(code, Some(0), "{log}");
}
