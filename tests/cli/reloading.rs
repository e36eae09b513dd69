//! Changes while it runs: what is taken at once, what waits for a restart, and that nobody's connection notices.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::{self, Message};

use super::server::{Server, connect, exchange};

/// A server with this `callbox.toml`.
fn started(text: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, text);
    Server::start_in(folder, &[])
}

fn write(folder: &TempDir, text: &str) {
    fs::write(folder.path().join("callbox.toml"), text).unwrap();
}

#[test]
fn a_changed_file_is_taken_without_a_signal_and_what_cannot_is_named() {
    let mut server = started("[rooms]\nmax_people = 4\n");
    assert!(server.get("/settings.json").contains("\"max_people\":4"));
    write(&server.folder, "data_dir = \"elsewhere\"\n[rooms]\nmax_people = 6\n[call]\nname = \"Tea room\"\n");
    server.next_line_with("read again: call.name, rooms.max_people");
    server.next_line_with("wait for a restart: data_dir");
    let settings = server.get("/settings.json");
    assert!(settings.contains("\"max_people\":6") && settings.contains("Tea room"), "{settings}");
    assert!(!server.folder.path().join("elsewhere").exists());
}

#[test]
fn a_mistake_is_told_with_its_line_and_the_old_values_stay() {
    let mut server = started("[rooms]\nmax_people = 4\n");
    write(&server.folder, "[rooms]\nmax_people = 1\n");
    server.signal("HUP");
    server.next_line_with("the configuration in force stays");
    server.next_line_with("callbox.toml:2");
    assert!(server.get("/settings.json").contains("\"max_people\":4"));
}

#[test]
fn the_log_can_be_made_to_say_more() {
    let mut server = started("");
    write(&server.folder, "[log]\nlevel = \"debug\"\n");
    server.next_line_with("read again: log.level");
    drop(server.connect_tls_as("elsewhere.example.org", &[]));
    server.next_line_with("DEBUG");
}

#[test]
fn a_certificate_exchanged_a_hundred_times_is_noticed_by_nobody() {
    const TIMES: usize = 100;
    let folder = tempfile::tempdir().unwrap();
    let pairs = [make_pair(), make_pair()];
    put(folder.path(), &pairs[0]);
    let mut server = Server::start_in(folder, &["--cert=cert.pem", "--key=key.pem"]);
    let config = trusting(pairs.each_ref().map(|pair| pair.0.as_str()));
    let (over, address) = (Arc::new(AtomicBool::new(false)), server.address);
    let talk = |work: fn(SocketAddr, Arc<ClientConfig>, &AtomicBool) -> usize| {
        let (over, config) = (over.clone(), config.clone());
        thread::spawn(move || work(address, config, &over))
    };
    let talks = [("requests", talk(requests)), ("WebSocket", talk(web_socket)), ("TURN over TLS", talk(stun))];
    for turn in 1..=TIMES {
        put(server.folder.path(), &pairs[turn % 2]);
        server.signal("HUP");
        server.next_line_with("new certificate in use");
        let shown = tls(address, config.clone());
        let shown = shown.conn.peer_certificates().unwrap()[0].clone();
        assert_eq!(shown, CertificateDer::from_pem_slice(pairs[turn % 2].0.as_bytes()).unwrap());
    }
    over.store(true, Ordering::Relaxed);
    for (what, talk) in talks {
        let exchanges = talk.join().unwrap();
        println!("{what}: {exchanges} exchanges over {TIMES} certificates, none failed");
        assert!(exchanges > TIMES / 10, "{what}: {exchanges}");
    }
}

#[test]
fn half_a_certificate_is_told_and_the_old_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (make_pair(), make_pair());
    put(folder.path(), &first);
    let mut server = Server::start_in(folder, &["--cert=cert.pem", "--key=key.pem"]);
    fs::write(server.folder.path().join("cert.pem"), &second.0).unwrap();
    server.next_line_with("the certificate in use stays: the key key.pem does not belong to the first certificate");
    tls(server.address, trusting([first.0.as_str()]));
}

/// Each over a new connection.
fn requests(address: SocketAddr, config: Arc<ClientConfig>, over: &AtomicBool) -> usize {
    let mut count = 0;
    while !over.load(Ordering::Relaxed) {
        let answer = exchange(
            &mut tls(address, config.clone()),
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        );
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        count += 1;
        thread::sleep(std::time::Duration::from_millis(10)); // the other threads want a core, too
    }
    count
}

/// One for all the time.
fn web_socket(address: SocketAddr, config: Arc<ClientConfig>, over: &AtomicBool) -> usize {
    let (mut socket, _) = tungstenite::client("wss://localhost/ws", tls(address, config)).unwrap();
    let mut count = 0;
    while !over.load(Ordering::Relaxed) {
        socket.send(Message::text(r#"{"type":"ping"}"#)).unwrap();
        assert_eq!(socket.read().unwrap().to_text().unwrap(), r#"{"type":"pong"}"#);
        count += 1;
        thread::sleep(std::time::Duration::from_millis(20)); // a page has an allowance of messages
    }
    count
}

/// Binding requests (RFC 8489, 3) on one connection for all the time.
fn stun(address: SocketAddr, config: Arc<ClientConfig>, over: &AtomicBool) -> usize {
    let mut stream = tls(address, config);
    let mut count = 0;
    while !over.load(Ordering::Relaxed) {
        stream.write_all(&[&[0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42][..], &[7; 12]].concat()).unwrap();
        let mut head = [0; 20];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(head[..2], [1, 1], "a success response");
        let mut body = vec![0; usize::from(u16::from_be_bytes([head[2], head[3]]))];
        stream.read_exact(&mut body).unwrap();
        count += 1;
        thread::sleep(std::time::Duration::from_millis(5));
    }
    count
}

fn make_pair() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn put(folder: &Path, (cert, key): &(String, String)) {
    fs::write(folder.join("cert.pem"), cert).unwrap();
    fs::write(folder.join("key.pem"), key).unwrap();
}

fn trusting<const N: usize>(certificates: [&str; N]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for pem in certificates {
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    // Resumed sessions show no certificate.
    config.resumption = rustls::client::Resumption::disabled();
    Arc::new(config)
}

fn tls(address: SocketAddr, config: Arc<ClientConfig>) -> StreamOwned<ClientConnection, TcpStream> {
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = StreamOwned::new(ClientConnection::new(config, name).unwrap(), connect(address));
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).unwrap();
    }
    stream
}
