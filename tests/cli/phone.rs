//! A phone that tests the running program from outside, played by a script: what it tells comes to whoever waits at a
//! terminal, and to nobody else.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::admin::Administered;
use super::server::{ALONE, callbox, connect, exchange, free_address, stderr};

/// What a browser posts after it has tried the ways of `/test/ice`; those that `fails` names, in vain.
fn tells(server: SocketAddr, token: &str, fails: &[&str]) -> u16 {
    let ice = exchange(&mut connect(server), &format!("GET /test/ice HTTP/1.1\r\nHost: {server}\r\n\r\n"));
    let ice: Value = serde_json::from_str(ice.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let tried = ice["probes"].as_array().unwrap().iter().map(|probe| {
        let fails = fails.contains(&probe["transport"].as_str().unwrap());
        let error = if fails { "unreachable: \u{1b}[2J701" } else { "" };
        json!({ "transport": probe["transport"], "url": probe["url"], "ok": !fails, "ms": 12.5, "error": error })
    });
    let body = json!({ "token": token, "browser": "\u{1b}]0;Firefox", "results": tried.collect::<Vec<_>>(), "nat": "symmetric" });
    let body = body.to_string();
    let request =
        format!("POST /test/report HTTP/1.1\r\nHost: {server}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let answer = exchange(&mut connect(server), &request);
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Reads up to a line with `words`.
fn read_to(lines: &mut BufReader<ChildStdout>, words: &str) -> String {
    let mut seen = String::new();
    while !seen.lines().last().is_some_and(|line| line.contains(words)) {
        let length = lines.read_line(&mut seen).unwrap();
        assert!(length > 0, "nothing with {words:?} came: {seen}");
    }
    seen
}

fn token_in(text: &str) -> String {
    let (_, rest) = text.split_once("#phone=").unwrap_or_else(|| panic!("no link for a phone: {text}"));
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}

/// `callbox check --phone` beside a running server, up to its link.
fn waiting(running: &Administered, args: &[&str]) -> (Child, BufReader<ChildStdout>, String) {
    let mut command = callbox(running.server.folder.path());
    command.args(["check", "--phone"]).args(args).env("CALLBOX_ADMIN__LISTEN", running.admin.to_string());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let link = read_to(&mut lines, "Waiting for it");
    (child, lines, link)
}

#[test]
fn whoever_waits_for_a_phone_sees_what_it_found_and_the_one_cause() {
    let running = Administered::start("");
    for (fails, says, code) in
        [(&[][..], "Everything works from here.", 0), (&["stun", "udp"], "is dropped on the way", 1)]
    {
        let (mut child, mut lines, link) = waiting(&running, &[]);
        assert!(link.contains("/test?phone#phone=") && link.contains("\n  http://"), "past TLS, too: {link}");
        assert_eq!(tells(running.server.address, &token_in(&link), fails), 204);
        let mut table = String::new();
        lines.read_to_string(&mut table).unwrap();
        assert!(table.contains(says) && table.contains("symmetric"), "{table}");
        assert!(table.contains("private network"), "a phone on loopback proves nothing: {table}");
        assert!(!table.contains('\u{1b}'), "what a browser writes does not drive the terminal: {table}");
        assert_eq!(child.wait().unwrap().code(), Some(code));
    }
}

#[test]
fn a_token_is_for_its_own_server_and_waiting_needs_one_that_runs() {
    let running = Administered::start("");
    assert_eq!(tells(running.server.address, "AAAAAAAAAAAAAAAAAAAAAA", &[]), 403);
    for (admin, says) in [(free_address().to_string(), "is it running"), (String::new(), "admin.listen")] {
        let mut command = callbox(running.server.folder.path());
        let output = command.args(["check", "--phone"]).env("CALLBOX_ADMIN__LISTEN", admin).output().unwrap();
        assert!(output.status.code() == Some(1) && stderr(&output).contains(says), "{}", stderr(&output));
    }
}

#[test]
fn the_code_of_the_start_leads_a_phone_to_the_test_and_its_findings_to_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!(
        "stty rows 60 cols 120; exec {} {} --name=call.example.org",
        env!("CARGO_BIN_EXE_callbox"),
        ALONE.join(" ")
    );
    let mut terminal = Command::new("script");
    terminal.args(["-qefc", &line, "/dev/null"]).current_dir(folder.path()).stdin(Stdio::null());
    // Whoever runs the tests may have variables that begin with CALLBOX_.
    terminal.env_clear().envs(["PATH", "TERM"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    let mut child = terminal.env("CALLBOX_ADMIN__LISTEN", "").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let banner = read_to(&mut lines, "#phone=");
    let (_, port) = banner.split_once("http://call.example.org:").expect("past TLS, as nobody trusts this certificate");
    let port: u16 = port.split('/').next().unwrap().parse().unwrap();
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    assert_eq!(tells(server, &token_in(&banner), &["udp"]), 204);
    let told = read_to(&mut lines, "Callers will have trouble.");
    assert!(told.contains("A phone has tried this server") && told.contains("relay, UDP"), "{told}");
    assert!(!told.contains("\u{1b}[2J") && !told.contains("\u{1b}]"), "{told:?}");
    let _ = child.kill();
    let _ = child.wait();
}
