//! Starting and stopping, and what the terminal says about it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use super::server::{ALONE, Server, callbox, exchange, free_address, handshake, run, stderr, stdout};

#[test]
fn one_command_serves_the_page_on_the_printed_link() {
    let server = Server::start(&[]);
    let page = server.get("/");
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    assert!(page.contains("<!doctype html>") || page.contains("<!DOCTYPE html>"), "{page}");
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200 "));
}

#[test]
fn the_certificate_is_good_for_the_names_on_the_terminal_and_keeps_its_fingerprint_over_a_restart() {
    let server = Server::start(&["--name=call.example.org"]);
    assert!(server.banner.contains("https://call.example.org:"), "{}", server.banner);
    for name in ["127.0.0.1", "localhost", "call.example.org", "::1"] {
        assert!(server.connect_tls_as(name, &[]).is_ok(), "{name}");
    }
    assert!(server.connect_tls_as("elsewhere.example.org", &[]).is_err());
    let fingerprint = |banner: &str| banner.lines().find(|line| line.matches(':').count() == 31).unwrap().to_owned();
    let first = fingerprint(&server.banner);
    server.signal("TERM");
    let (_, _, folder) = server.end();
    let second = Server::start_in(folder, &["--name=call.example.org"]);
    assert_eq!(fingerprint(&second.banner), first);
}

#[test]
fn what_is_kept_is_for_this_user_alone() {
    let server = Server::start(&[]);
    let data = server.folder.path().join("callbox-data");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 4, "certificate, authority, seat key, relay secret: {files:?}");
    assert!(files.iter().all(|file| mode(file) == 0o600));
}

#[test]
fn a_port_in_use_is_told_in_one_sentence_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let listen = format!("--listen={}", taken.local_addr().unwrap());
    let output = run(folder.path(), &[&listen, "--turn-listen="]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("another program has the port") && said.contains("--listen"), "{said}");
}

#[test]
fn a_udp_port_in_use_is_told_before_anything_is_served() {
    let taken = std::net::UdpSocket::bind(free_address()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let listen = format!("--listen={}", taken.local_addr().unwrap());
    let output = run(folder.path(), &[&listen, "--turn-listen="]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("UDP") && stdout(&output).is_empty());
}

#[test]
fn a_data_directory_that_cannot_be_is_named_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("callbox-data"), "a file").unwrap();
    let output = run(folder.path(), &ALONE);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("--data-dir"), "{}", stderr(&output));
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let server = Server::start(&[]);
    server.signal("TERM");
    let (_, _, folder) = server.end();
    let key = folder.path().join("callbox-data/seat.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let output = run(folder.path(), &ALONE);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("chmod 600"), "{}", stderr(&output));
}

#[test]
fn a_signal_stops_it_although_somebody_is_connected() {
    for signal in ["TERM", "INT"] {
        let server = Server::start(&[]);
        let _idle = server.connect_tls(&["http/1.1"]).unwrap();
        let _silent = server.connect();
        server.signal(signal);
        let (code, log, _) = server.end();
        assert_eq!(code, Some(0), "{log}");
        assert!(!log.contains("did not end in time"), "{log}");
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    // Larger than every buffer on the way.
    fs::File::create(folder.path().join("film")).unwrap().set_len(1 << 30).unwrap();
    let mut server = Server::start_in(folder, &["--public-dir=."]);
    // A download that nobody reads on: it would keep the goodbye waiting.
    let mut stuck = server.connect_tls(&["http/1.1"]).unwrap();
    stuck.write_all(b"GET /files/film HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    stuck.read_exact(&mut [0; 9]).unwrap();
    server.signal("TERM");
    server.wait_for_log("stopping");
    server.signal("TERM");
    let (code, log, _) = server.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("ended at once by a second signal"), "{log}");
}

#[test]
fn a_terminal_gets_a_code_for_the_phone_and_a_file_does_not() {
    let server = Server::start(&["--name=call.example.org"]);
    assert!(!server.banner.contains('█'), "{}", server.banner);
    let folder = tempfile::tempdir().unwrap();
    let line = format!(
        "stty rows 40 cols 120; exec {} {} --name=call.example.org",
        env!("CARGO_BIN_EXE_callbox"),
        ALONE.join(" ")
    );
    let mut terminal = Command::new("script");
    terminal.args(["-qefc", &line, "/dev/null"]).current_dir(folder.path()).stdin(Stdio::null());
    // Whoever runs the tests may have variables that begin with CALLBOX_.
    terminal.env_clear().envs(["PATH", "TERM"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    let mut child = terminal.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut seen = String::new();
    while !seen.contains("\x1b[30;107m  █") {
        let line = lines.next().unwrap_or_else(|| panic!("no code on a terminal of 120 columns: {seen}")).unwrap();
        seen.push_str(&line);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[test]
fn healthcheck_tells_a_running_server_from_none() {
    let server = Server::start(&[]);
    let listen = format!("--listen={}", server.address);
    let healthy = run(server.folder.path(), &["healthcheck", &listen]);
    assert_eq!(healthy.status.code(), Some(0), "{}", stderr(&healthy));
    server.signal("TERM");
    let (_, _, folder) = server.end();
    let gone = run(folder.path(), &["healthcheck", &listen]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(stderr(&gone).contains("is it running"), "{}", stderr(&gone));
}

#[test]
fn healthcheck_and_page_work_without_tls_too() {
    let server = Server::start(&["--tls-mode=off"]);
    let listen = format!("--listen={}", server.address);
    let healthy = run(server.folder.path(), &["healthcheck", &listen, "--tls-mode=off"]);
    assert_eq!(healthy.status.code(), Some(0), "{}", stderr(&healthy));
    assert!(server.banner.contains("TLS is off"), "{}", server.banner);
}

#[test]
fn ports_prints_the_lines_of_the_start_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = callbox(folder.path());
    command.args(["--listen=0.0.0.0:0", "--http-listen=0.0.0.0:0", "--turn-listen="]);
    let server = Server::spawn(folder, command);
    let redirect = server.banner.lines().find(|line| line.contains("https://") && line.contains("TCP")).unwrap();
    let http = format!("--http-listen=0.0.0.0:{}", redirect.split_whitespace().nth(1).unwrap());
    let listen = format!("--listen=0.0.0.0:{}", server.address.port());
    let output = run(server.folder.path(), &["ports", &listen, &http, "--turn-listen="]);
    assert!(output.status.success());
    assert!(server.banner.contains(&stdout(&output)), "{}\n{}", server.banner, stdout(&output));
}

#[test]
fn completions_and_the_manual_name_every_subcommand() {
    let folder = tempfile::tempdir().unwrap();
    for args in [vec!["completions", "bash"], vec!["completions", "fish"], vec!["man"]] {
        let output = run(folder.path(), &args);
        for name in ["serve", "ports", "config", "healthcheck"] {
            assert!(stdout(&output).contains(name), "{args:?} has no {name}");
        }
    }
}

#[test]
fn a_slip_on_the_command_line_is_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let output = callbox(folder.path()).arg("--lisen=x").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--listen"), "{}", stderr(&output));
}

#[test]
fn on_loopback_nothing_is_offered_to_others() {
    let server = Server::start(&[]);
    let links: Vec<&str> = server.banner.lines().filter(|line| line.contains("://")).collect();
    assert_eq!(links.len(), 1, "{}", server.banner);
    assert!(!server.banner.contains("ufw"), "{}", server.banner);
}

#[test]
fn an_address_that_was_typed_in_is_shown_and_tried() {
    let server = Server::start(&["--external-ip=127.0.0.1"]);
    let line = server.banner.lines().find(|line| line.contains("typed in")).unwrap();
    assert!(line.contains("127.0.0.1") && line.contains("; reached from here"), "{line}");
    let folder = tempfile::tempdir().unwrap();
    let shown = stdout(&run(folder.path(), &["config", "--external-ip=127.0.0.1", ALONE[1]]));
    assert!(shown.lines().any(|line| line.starts_with("# ") && line.contains("127.0.0.1  typed in")), "{shown}");
}

#[test]
fn how_to_trust_the_server_is_told_in_the_clear_too() {
    let server = Server::start(&["--name=tea.example.org"]);
    let get = |path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", server.address);
        exchange(&mut server.connect(), &request)
    };
    let page = get("/trust");
    assert!(
        page.starts_with("HTTP/1.1 200 ") && page.contains("content-security-policy: default-src 'none'"),
        "{page}"
    );
    let fingerprints: Vec<&str> =
        server.banner.lines().map(str::trim).filter(|line| line.matches(':').count() == 31).collect();
    let [_, authority] = fingerprints[..] else { panic!("the certificate's and the authority's: {}", server.banner) };
    assert!(page.replace("<wbr>", "").contains(authority), "{page}");
    assert!(server.get("/trust").contains("callbox.mobileconfig"));
    assert!(get("/trust/callbox.crt").starts_with("HTTP/1.1 200 "));
    assert!(get("/").starts_with("HTTP/1.1 308 "), "everything else is for https");
    assert!(
        !server.get("/").to_lowercase().contains("strict-transport-security"),
        "or nobody could go on after the warning"
    );
}

#[test]
fn with_a_certificate_of_somebody_else_browsers_are_told_to_keep_to_https_and_nobody_has_to_be_told_how_to_trust() {
    let folder = tempfile::tempdir().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "somebody else");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    fs::write(folder.path().join("cert.pem"), leaf.pem()).unwrap();
    fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
    let mut command = callbox(folder.path());
    command.args(ALONE).args(["--cert=cert.pem", "--key=key.pem"]).env("CALLBOX_PUBLIC_PORT", "443");
    let server = Server::spawn(folder, command);
    let get = |path: &str, host: &str| {
        let mut stream = handshake(server.connect(), authority.der().clone(), "localhost", &["http/1.1"]).unwrap();
        exchange(&mut stream, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
    };
    let strict = "strict-transport-security: max-age=";
    assert!(get("/", "localhost").contains(strict), "{}", get("/", "localhost"));
    assert!(!get("/", "127.0.0.1").contains(strict), "the certificate is not for that name");
    assert!(get("/trust", "localhost").starts_with("HTTP/1.1 404 "));
    let in_the_clear = "GET /trust HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert!(exchange(&mut server.connect(), in_the_clear).starts_with("HTTP/1.1 308 "));
}
