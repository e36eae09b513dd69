//! `callbox check` against the real program, well and broken in each way that networks and operators break it: what the
//! table says is the cause is the cause.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::Value;

use super::namespace::{HERE, is_inside};
use super::server::{ALONE, PATIENCE, Server, callbox, free_address, run, stderr, stdout};

/// The check of `url` with `args`, as somebody with the server's own authority in their browser.
fn check(server: &Server, url: &str, args: &[&str]) -> Output {
    let authority = server.folder.path().join("callbox-data/local-ca.pem");
    let authority = format!("--ca={}", authority.display());
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &[&["check", url, &authority, "--timeout=1s"], args].concat())
}

fn link(address: SocketAddr) -> String {
    format!("https://{address}/")
}

/// What the check saw and made of it.
fn judged(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}{}", stdout(output), stderr(output)))
}

/// The causes by their names, each once, and whether all is good.
fn causes(output: &Output) -> (Vec<String>, bool) {
    let document = judged(output);
    let verdicts = document["checks"][0]["verdicts"].as_array().unwrap().clone();
    let mut causes: Vec<String> =
        verdicts.iter().map(|verdict| verdict["cause"]["cause"].as_str().unwrap().to_owned()).collect();
    causes.dedup();
    let good = document["good"].as_bool().unwrap();
    assert_eq!(output.status.code(), Some(if good { 0 } else { 1 }), "{document}");
    (causes, good)
}

/// How each step did, by what it was about.
fn outcomes(output: &Output, what: &str) -> Vec<Value> {
    let steps = judged(output)["checks"][0]["steps"].as_array().unwrap().clone();
    steps.into_iter().filter(|step| step["what"] == what).map(|step| step["outcome"].clone()).collect()
}

#[test]
fn a_server_in_order_is_called_that_by_every_step() {
    let server = Server::start(&[]);
    let table = check(&server, &link(server.address), &[]);
    let text = stdout(&table);
    assert!(text.contains("Everything works from here.") && !text.contains('\x1b'), "{text}");
    assert_eq!(table.status.code(), Some(0));
    let told = check(&server, &link(server.address), &["--json"]);
    assert_eq!(causes(&told), (vec![], true));
    for what in ["tcp", "tls", "page", "web-socket", "clock", "stun", "turn-udp", "turn-tcp", "turn-tls"] {
        let outcomes = outcomes(&told, what);
        assert!(!outcomes.is_empty() && outcomes.iter().all(|outcome| outcome["good"].is_string()), "{what}: {text}");
    }
    for what in ["relay-to-relay", "relayed-address", "nat", "path-mtu"] {
        assert!(outcomes(&told, what)[0]["good"].is_string(), "{what}: {text}");
    }
}

#[test]
fn a_name_is_looked_up_and_each_of_its_families_tried() {
    let server = Server::start(&[]);
    let told = check(&server, &format!("https://localhost:{}/", server.address.port()), &["--json"]);
    let (causes, good) = causes(&told);
    assert!(good, "{causes:?}");
    assert!(outcomes(&told, "dns")[0]["good"].as_str().unwrap().contains("A: 127.0.0.1"));
    // Where ::1 is localhost too, nothing listens on it here.
    assert!(causes.iter().all(|cause| cause == "other-family-broken"), "{causes:?}");
}

#[test]
fn from_inside_the_running_server_is_found_and_what_cannot_be_known_is_said() {
    let server = Server::start(&[]);
    let listen = format!("--listen={}", server.address);
    let inside = run(server.folder.path(), &["check", &listen, ALONE[1], "--timeout=1s"]);
    let text = stdout(&inside);
    assert_eq!(inside.status.code(), Some(0), "{text}{}", stderr(&inside));
    assert!(text.contains("From inside this machine nobody can tell") && text.contains("relay, TLS"), "{text}");
    let nobody = run(server.folder.path(), &["check", &format!("--listen={}", free_address()), ALONE[1]]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(stdout(&nobody).contains("nothing listens on TCP"), "{}", stdout(&nobody));
}

#[test]
fn a_command_line_that_names_no_page_is_told_from_a_server_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    for args in [
        &["check", "ftp://call.example.org"][..],
        &["check", "call.example.org", "--ca=nowhere.pem"],
        &["check", "call.example.org", "--timeout=soon"],
    ] {
        let output = run(folder.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn a_self_made_certificate_is_called_so_and_stops_the_check_unless_it_is_waved_through() {
    let server = Server::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let strict = run(folder.path(), &["check", &link(server.address), "--json"]);
    assert_eq!(causes(&strict), (vec!["self-made".to_owned()], false));
    let waved = run(folder.path(), &["check", &link(server.address), "--json", "--insecure"]);
    assert_eq!(causes(&waved), (vec!["self-made".to_owned()], true));
}

/// A server with a certificate by `issuer` for `name`, good for the days `from..until` from now. The authority's file lies
/// beside it as `authority.pem`.
fn with_certificate(issuer: &str, name: &str, from: i64, until: i64) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, issuer);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let day = |days: i64| {
        let span = Duration::from_secs(days.unsigned_abs() * 86_400);
        let now = SystemTime::now();
        if days < 0 { (now - span).into() } else { (now + span).into() }
    };
    (params.not_before, params.not_after) = (day(from), day(until));
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    write("cert.pem", certificate.pem());
    write("key.pem", key.serialize_pem());
    write("authority.pem", issuer.pem());
    fs::set_permissions(folder.path().join("key.pem"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    Server::start_in(folder, &["--cert=cert.pem", "--key=key.pem"])
}

#[test]
fn each_thing_that_can_be_wrong_with_a_certificate_is_told_apart() {
    for (from, until, name, trusted, cause) in [
        (-30, 30, "127.0.0.1", true, None),
        (-30, -3, "127.0.0.1", true, Some("certificate-expired")),
        (3, 30, "127.0.0.1", true, Some("certificate-not-yet")),
        (-30, 30, "other.example.org", true, Some("certificate-names")),
        (-30, 30, "127.0.0.1", false, Some("tls-intercepted")),
    ] {
        let server = with_certificate("Corp Proxy", name, from, until);
        let authority = format!("--ca={}", server.folder.path().join("authority.pem").display());
        let mut args = vec!["check", "--json", "--timeout=2s"];
        args.extend(trusted.then_some(&*authority));
        let url = link(server.address);
        let told = run(server.folder.path(), &[&args[..], &[&url]].concat());
        let (causes, good) = causes(&told);
        assert_eq!((causes.first().map(String::as_str), good), (cause, cause.is_none()), "{}", stdout(&told));
    }
}

#[test]
fn a_name_that_nobody_knows_and_a_foreign_server_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let told = run(folder.path(), &["check", "https://nowhere.invalid/", "--json", "--timeout=3s"]);
    assert_eq!(causes(&told), (vec!["no-such-name".to_owned()], false));
    let foreign = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = foreign.local_addr().unwrap();
    let answering = std::thread::spawn(move || {
        use std::io::{Read, Write};
        // Two connections: one to see whether it opens, one to fetch the page by.
        for _ in 0..2 {
            let mut stream = foreign.accept().unwrap().0;
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nServer: cups\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let told = run(folder.path(), &["check", &format!("http://{address}/"), "--json", "--timeout=3s"]);
    assert_eq!(causes(&told), (vec!["not-callbox".to_owned()], false));
    answering.join().unwrap();
}

/// nginx in front of `server` by plain HTTP, as somebody writes it who has not heard of WebSockets; `None` where there is
/// no nginx.
fn forgetful_nginx(server: &Server, folder: &Path, address: SocketAddr) -> Option<std::process::Child> {
    let there = Command::new("nginx").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if there.is_err() {
        println!("skipped: nginx is not installed (tests/run installs it on Debian)");
        return None;
    }
    let upstream = server.address;
    let text = format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr; events {{}} http {{ access_log off; \
         client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s; \
         server {{ listen {address}; location / {{ proxy_pass http://{upstream}; proxy_set_header Host $http_host; }} }} }}"
    );
    fs::write(folder.join("nginx.conf"), text).unwrap();
    let mut nginx = Command::new("nginx");
    nginx.args(["-p", folder.to_str().unwrap(), "-c", "nginx.conf", "-e", "stderr"]);
    let child = nginx.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while std::net::TcpStream::connect(address).is_err() {
        assert!(begun.elapsed() < PATIENCE, "nginx does not listen");
        std::thread::yield_now();
    }
    Some(child)
}

#[test]
fn a_proxy_that_passes_neither_websockets_nor_the_relay_is_told_so() {
    let (own, folder, address) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), free_address());
    // Callers are told the port in front, which is right for a proxy that passes everything on.
    let config = format!("public_port = {}\n[tls]\nmode = \"off\"\n", address.port());
    fs::write(own.path().join("callbox.toml"), config).unwrap();
    let server = Server::start_in(own, &[]);
    let Some(mut nginx) = forgetful_nginx(&server, folder.path(), address) else { return };
    let told = run(folder.path(), &["check", &format!("http://{address}/"), "--json", "--timeout=2s"]);
    let (causes, good) = causes(&told);
    let _ = nginx.kill();
    let _ = nginx.wait();
    for cause in ["proxy-without-web-socket", "udp-not-passed-on", "proxy-without-relay"] {
        assert!(!good && causes.contains(&cause.to_owned()), "{cause}: {}", stdout(&told));
    }
}

/// Rules of the namespace's packet filter from now on.
fn filter(rules: &str) {
    let text =
        format!("flush ruleset\ntable inet test {{ chain in {{ type filter hook input priority 0;\n{rules}\n}}\n}}\n");
    let mut nft = Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn().expect("nft is installed");
    std::io::Write::write_all(&mut nft.stdin.take().unwrap(), text.as_bytes()).unwrap();
    assert!(nft.wait().unwrap().success(), "{text}");
}

/// A server on all addresses of the namespace, with a second port for the relay.
fn in_namespace(args: &[&str]) -> (Server, u16) {
    let folder = tempfile::tempdir().unwrap();
    let second = free_address().port();
    let mut command = callbox(folder.path());
    command.args(["--listen=0.0.0.0:0", &format!("--turn-listen=0.0.0.0:{second}")]).args(args);
    (Server::spawn(folder, command), second)
}

#[test]
fn every_kind_of_firewall_is_told_from_every_other() {
    if !is_inside("checking::every_kind_of_firewall_is_told_from_every_other") {
        return;
    }
    let (server, second) = in_namespace(&[]);
    let one = server.address.port();
    let at = SocketAddr::from((HERE, one));
    let causes_behind = |rules: &str| {
        filter(rules);
        causes(&check(&server, &link(at), &["--json"]))
    };
    assert_eq!(causes_behind(""), (vec![], true));
    for (rules, wanted, good) in [
        (format!("udp dport {one} drop"), "filtered", false),
        (format!("udp dport {one} reject"), "udp-not-passed-on", false),
        (format!("udp dport {one} reject with icmpx type admin-prohibited"), "host-firewall", false),
        (format!("udp dport {second} drop; tcp dport {second} drop"), "filtered", true),
        (format!("meta l4proto udp drop; tcp dport {second} reject with tcp reset"), "filtered", false),
        (format!("tcp dport {one} drop"), "filtered", false),
        (format!("tcp dport {one} reject with tcp reset"), "nothing-listens", false),
    ] {
        let (causes, is_good) = causes_behind(&rules);
        assert_eq!((causes.first().map(String::as_str), is_good), (Some(wanted), good), "{rules}: {causes:?}");
    }
    filter("");
}

#[test]
fn a_relay_with_a_wrong_public_address_is_found_out() {
    if !is_inside("checking::a_relay_with_a_wrong_public_address_is_found_out") {
        return;
    }
    let (server, _) = in_namespace(&["--external-ip=203.0.113.9"]);
    let told = check(&server, &link((HERE, server.address.port()).into()), &["--json"]);
    assert_eq!(causes(&told), (vec!["wrong-external-ip".to_owned()], false));
    let (right, _) = in_namespace(&["--external-ip=10.78.0.1"]);
    let told = check(&right, &link((HERE, right.address.port()).into()), &["--json"]);
    assert_eq!(causes(&told), (vec![], true), "another address of the same server");
}
