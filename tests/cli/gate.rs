//! The one port, from the outside: everything that is spoken there, and strangers who speak nothing of it.

use std::io::{Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::server::{ALONE, PATIENCE, Server, callbox, connect, exchange, free_address, run};

/// A STUN binding request (RFC 8489, 5): type, length, magic cookie, transaction id.
const BINDING: [u8; 20] = [0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/// Asks for a binding and wants a success response with the same transaction id.
fn is_bound(stream: &mut (impl Read + Write)) -> bool {
    stream.write_all(&BINDING).unwrap();
    let mut head = [0; 20];
    stream.read_exact(&mut head).is_ok() && head[..2] == [1, 1] && head[8..] == BINDING[8..]
}

fn still_serves(server: &Server) {
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200 "));
}

#[test]
fn stun_is_answered_over_udp_tcp_and_tls_on_the_one_port() {
    let server = Server::start(&[]);
    assert!(is_bound(&mut server.connect()), "TCP");
    assert!(is_bound(&mut server.connect_tls(&[]).unwrap()), "TLS as browsers do it, without ALPN");
    assert!(is_bound(&mut server.connect_tls(&["stun.turn"]).unwrap()), "TLS with the ALPN of RFC 7443");
    assert!(is_bound(&mut server.connect_tls(&["stun.nat-discovery"]).unwrap()), "TLS with the other one");
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.set_read_timeout(Some(PATIENCE)).unwrap();
    udp.send_to(&BINDING, server.address).unwrap();
    let mut answer = [0; 512];
    let (length, from) = udp.recv_from(&mut answer).unwrap();
    assert!(length >= 20 && answer[..2] == [1, 1] && from == server.address, "UDP");
}

#[test]
fn http_follows_tls_by_alpn_or_by_its_first_byte() {
    let server = Server::start(&[]);
    let chosen = |alpn: &[&str]| server.connect_tls(alpn).unwrap().conn.alpn_protocol().map(<[u8]>::to_vec);
    assert_eq!(chosen(&["h2", "http/1.1"]), Some(b"h2".to_vec()));
    assert_eq!(chosen(&["http/1.1"]), Some(b"http/1.1".to_vec()));
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = exchange(&mut server.connect_tls(&[]).unwrap(), request);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn plain_http_on_the_one_port_is_sent_to_https_on_the_same_port() {
    let server = Server::start(&[]);
    let request = format!("GET /r/tea?relay HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    let answer = exchange(&mut server.connect(), &request);
    assert!(answer.starts_with("HTTP/1.1 308 "), "{answer}");
    assert!(answer.contains(&format!("location: https://{}/r/tea?relay\r\n", server.address)), "{answer}");
}

#[test]
fn http_listen_sends_visitors_to_the_one_port_and_serves_nothing_else() {
    let redirect = free_address();
    let server = Server::start(&[&format!("--http-listen={redirect}")]);
    let answer = exchange(&mut connect(redirect), "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(answer.contains(&format!("location: https://localhost:{}/healthz\r\n", server.address.port())), "{answer}");
    assert!(!is_bound(&mut connect(redirect)));
}

#[test]
fn without_tls_the_one_port_is_the_site_and_still_the_relay() {
    let server = Server::start(&["--tls-mode=off"]);
    let answer = exchange(&mut server.connect(), "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(is_bound(&mut server.connect()));
}

#[test]
fn whoever_says_nothing_is_hung_up_on() {
    let server = Server::start(&[]);
    let silent = server.connect();
    let mut half_a_hello = server.connect();
    half_a_hello.write_all(&[0x16, 3, 1]).unwrap();
    let mut slow_header = server.connect();
    slow_header.write_all(b"GET / HTTP/1.1\r\nHost").unwrap();
    let mut half_a_frame = server.connect();
    half_a_frame.write_all(&BINDING[..19]).unwrap();
    let mut one_question = server.connect();
    assert!(is_bound(&mut one_question), "and then nothing more");
    let silent_behind_tls = server.connect_tls(&[]).unwrap();
    let mut half_a_frame_behind_tls = server.connect_tls(&["stun.turn"]).unwrap();
    half_a_frame_behind_tls.write_all(&BINDING[..19]).unwrap();
    let plain =
        [silent, half_a_hello, slow_header, half_a_frame, one_question].map(|stream| Box::new(stream) as Box<dyn Read>);
    let tls = [silent_behind_tls, half_a_frame_behind_tls].map(|stream| Box::new(stream) as Box<dyn Read>);
    for (number, mut stream) in plain.into_iter().chain(tls).enumerate() {
        // Closed, with or without a last word: what counts is that reading ends.
        let ended = stream.read_to_end(&mut Vec::new());
        assert!(!matches!(&ended, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock), "{number}: {ended:?}");
    }
    still_serves(&server);
}

#[test]
fn garbage_harms_nobody() {
    let server = Server::start(&[]);
    for garbage in [
        &b"\xff\xfe\xfd"[..],
        b"\x16\x03\x01\xff\xff\xff\xff",
        b"\x00\x01\xff\xff",
        b"GET\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = server.connect();
        stream.write_all(garbage).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert!(server.connect_tls(&["smtp"]).is_err(), "an unknown protocol is refused in the handshake");
    still_serves(&server);
}

#[test]
fn a_connection_too_many_is_closed_and_a_place_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("callbox.toml"), "max_connections = 2\n").unwrap();
    let server = Server::start_in(folder, &[]);
    let first = server.connect_tls(&["http/1.1"]).unwrap();
    let second = server.connect_tls(&["http/1.1"]).unwrap();
    let mut third = server.connect();
    assert_eq!(third.read(&mut [0]).unwrap_or(0), 0, "closed at once");
    drop((first, second));
    // The places come back when the server has seen the goodbyes.
    while server.connect_tls(&["http/1.1"]).is_err() {}
}

#[test]
fn running_out_of_file_descriptors_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command.current_dir(folder.path()).env_clear();
    command.args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_callbox")]).args(ALONE);
    let mut server = Server::spawn(folder, command);
    let crowd: Vec<_> = (0..100).map(|_| server.connect()).collect();
    server.wait_for_log("cannot accept connections");
    drop(crowd);
    still_serves(&server);
    let log = server.wait_for_log("connections are accepted again");
    assert_eq!(log.matches("cannot accept connections").count(), 1, "one line, not one for each attempt: {log}");
    server.signal("TERM");
    assert_eq!(server.end().0, Some(0));
}

/// A server that believes a proxy at `proxy`, on the one port and on one more for TURN.
fn behind_a_proxy(proxy: &str, more: &str) -> (Server, SocketAddr) {
    let (folder, turn) = (tempfile::tempdir().unwrap(), free_address());
    let text = format!("{more}\n[http]\ntrusted_proxies = [\"{proxy}\"]\nproxy_protocol = true\n");
    std::fs::write(folder.path().join("callbox.toml"), text).unwrap();
    let mut command = callbox(folder.path());
    command.args(["--listen=127.0.0.1:0", &format!("--turn-listen={turn}")]);
    (Server::spawn(folder, command), turn)
}

const LINE: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.1 4660 443\r\n";

/// The address that a binding response names, its port left out.
pub(crate) fn mapped(stream: &mut (impl Read + Write)) -> Option<[u8; 4]> {
    stream.write_all(&BINDING).ok()?;
    let mut answer = [0; 32];
    stream.read_exact(&mut answer).ok()?;
    assert_eq!(answer[20..26], [0, 0x20, 0, 8, 0, 1], "XOR-MAPPED-ADDRESS, IPv4");
    let ip: [u8; 4] = answer[28..].try_into().unwrap();
    Some(std::array::from_fn(|at| ip[at] ^ BINDING[4 + at]))
}

#[test]
fn behind_a_trusted_proxy_the_caller_is_whom_the_preface_names() {
    let (server, turn) = behind_a_proxy("127.0.0.1", "");
    let binary = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x01\x12\x34\x01\xbb";
    for address in [server.address, turn] {
        for preface in [LINE, binary] {
            let mut stream = connect(address);
            stream.write_all(preface).unwrap();
            assert_eq!(mapped(&mut stream), Some([192, 0, 2, 7]), "{address} {}", preface.escape_ascii());
        }
    }
    let mut over_tls = server.handshake(server.connect(), LINE, "127.0.0.1", &[]).unwrap();
    assert_eq!(mapped(&mut over_tls), Some([192, 0, 2, 7]), "over TLS");
    let mut page = server.handshake(server.connect(), LINE, "127.0.0.1", &["http/1.1"]).unwrap();
    let answer = exchange(&mut page, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let healthy = run(server.folder.path(), &["healthcheck", &format!("--listen={}", server.address)]);
    assert_eq!(healthy.status.code(), Some(0), "a check of one's own has no caller: {healthy:?}");
}

#[test]
fn a_trusted_proxy_that_does_not_say_who_called_is_hung_up_on() {
    let (server, turn) = behind_a_proxy("127.0.0.1", "");
    let starts: [&[u8]; 5] =
        [&BINDING, b"GET / HTTP/1.1\r\n\r\n", b"PROXY TCP4 192.0.2.7\r\n", b"", b"PROXY TCP4 192."];
    let all = [server.address, turn].into_iter().flat_map(|address| starts.map(|start| (start, connect(address))));
    let mut all: Vec<_> = all.collect();
    all.iter_mut().for_each(|(start, stream)| stream.write_all(start).unwrap());
    for (start, stream) in &mut all {
        let mut answer = Vec::new();
        let ended = stream.read_to_end(&mut answer);
        assert!(answer.is_empty(), "it was answered: {}", start.escape_ascii());
        assert!(!matches!(&ended, Err(e) if e.kind() == std::io::ErrorKind::WouldBlock), "{}", start.escape_ascii());
    }
}

#[test]
fn a_stranger_who_writes_a_preface_is_still_the_stranger() {
    let (server, turn) = behind_a_proxy("10.0.0.0/8", "");
    assert_eq!(mapped(&mut server.connect()), Some([127, 0, 0, 1]), "directly, as ever");
    for address in [server.address, turn] {
        let mut stream = connect(address);
        stream.write_all(&[LINE, &BINDING].concat()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(&[1, 1]), "no binding for whoever it names");
    }
}

#[test]
fn callers_behind_a_proxy_are_limited_one_by_one() {
    let (server, _) = behind_a_proxy("127.0.0.1", "max_connections_per_address = 1");
    let call = |from: &str| {
        let mut stream = server.connect();
        stream.write_all(format!("PROXY TCP4 {from} 198.51.100.1 4660 443\r\n").as_bytes()).unwrap();
        (mapped(&mut stream).is_some(), stream)
    };
    let (first, held) = call("192.0.2.7");
    assert!(first && call("192.0.2.8").0 && !call("192.0.2.7").0);
    drop(held);
    // The place comes back when the server has seen the goodbye.
    let since = Instant::now();
    while !call("192.0.2.7").0 {
        assert!(since.elapsed() < PATIENCE, "the place never came back");
    }
}

/// What `openssl s_client` says about a handshake with these arguments.
fn openssl(server: &Server, args: &[&str]) -> Option<String> {
    let address = server.address.to_string();
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &address, "-servername", "localhost"]).args(args).stdin(Stdio::null());
    let Ok(output) = command.output() else {
        println!("skipped: openssl is not installed (Debian: apt-get install openssl)");
        return None;
    };
    Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn another_programs_tls_is_spoken_in_versions_1_2_and_1_3_and_in_no_older_one() {
    let server = Server::start(&[]);
    let Some(said) = openssl(&server, &["-alpn", "h2"]) else { return };
    assert!(said.contains("ALPN protocol: h2"), "{said}");
    // SECLEVEL=0: or openssl itself would refuse to try.
    for (version, spoken) in [("-tls1_3", "TLSv1.3"), ("-tls1_2", "TLSv1.2"), ("-tls1_1", ""), ("-tls1", "")] {
        let Some(said) = openssl(&server, &[version, "-cipher", "ALL:@SECLEVEL=0"]) else { return };
        match spoken {
            "" => assert!(said.contains("SSL alert number"), "{version}: refused by the server: {said}"),
            spoken => assert!(said.contains(&format!("New, {spoken}, Cipher is ")), "{version}: {said}"),
        }
    }
}

#[test]
fn only_ciphers_with_forward_secrecy_and_authentication_are_spoken() {
    let server = Server::start(&[]);
    for weak in ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA256", "DHE-RSA-AES128-SHA"] {
        let Some(said) = openssl(&server, &["-tls1_2", "-cipher", &format!("{weak}:@SECLEVEL=0")]) else { return };
        assert!(said.contains("alert handshake failure"), "{weak}: {said}");
    }
    let Some(said) = openssl(&server, &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"]) else { return };
    assert!(said.contains("Cipher is ECDHE-ECDSA-AES128-GCM-SHA256"), "{said}");
}

#[test]
fn a_validation_that_no_order_asked_for_is_refused() {
    let server = Server::start(&[]);
    let Some(said) = openssl(&server, &["-alpn", "acme-tls/1"]) else { return };
    assert!(said.contains("SSL alert number") && !said.contains("BEGIN CERTIFICATE"), "{said}");
}
