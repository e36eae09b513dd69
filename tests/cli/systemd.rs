//! Under a service manager: what it is told, what it gives, and what it thinks of the printed unit.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::server::{ALONE, PATIENCE, Server, callbox, connect, exchange, run, stdout};

/// Where a service manager would listen.
struct Manager {
    socket: UnixDatagram,
    folder: TempDir,
}

impl Manager {
    fn listens() -> Manager {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Manager { socket, folder }
    }

    /// A server that it has started.
    fn starts(&self, watchdog: &str) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let mut command = callbox(folder.path());
        command.args(ALONE).env("NOTIFY_SOCKET", self.folder.path().join("notify")).env("WATCHDOG_USEC", watchdog);
        Server::spawn(folder, command)
    }

    /// Everything up to the message with `words`, which it returns.
    fn is_told(&self, words: &str) -> String {
        let mut bytes = [0; 4096];
        loop {
            let length = self.socket.recv(&mut bytes).unwrap_or_else(|error| panic!("{words} was not told: {error}"));
            let told = String::from_utf8_lossy(&bytes[..length]).into_owned();
            if told.contains(words) {
                return told;
            }
        }
    }
}

/// Ends a process that is nobody's child here.
struct Orphan(String);

impl Drop for Orphan {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-KILL", &self.0]).status();
    }
}

#[test]
fn it_tells_when_it_is_ready_lives_reads_its_files_and_stops() {
    let manager = Manager::listens();
    let server = manager.starts("300000");
    manager.is_told("FDSTORE=1");
    let ready = manager.is_told("READY=1");
    assert!(ready.contains(&format!("STATUS=serving on {}", server.address)), "{ready}");
    manager.is_told("WATCHDOG=1");
    server.signal("HUP");
    let reloading = manager.is_told("RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    manager.is_told("READY=1");
    server.signal("TERM");
    manager.is_told("STOPPING=1");
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn a_manager_that_does_not_read_holds_nobody_up_and_hears_everything_in_the_end() {
    let manager = Manager::listens();
    let noise = UnixDatagram::unbound().unwrap();
    noise.set_nonblocking(true).unwrap();
    noise.connect(manager.folder.path().join("notify")).unwrap();
    while noise.send(b"noise").is_ok() {}
    let server = manager.starts("300000");
    drop(connect(server.address));
    assert!(server.get("/healthz").contains(" 200 "));
    server.signal("HUP");
    assert!(server.get("/healthz").contains(" 200 "));
    manager.is_told("FDSTORE=1");
    manager.is_told("STATUS=serving on");
    manager.is_told("RELOADING=1");
    manager.is_told("READY=1");
    server.signal("TERM");
    manager.is_told("STOPPING=1");
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn asked_to_upgrade_it_starts_its_program_anew_and_names_the_new_process() {
    let manager = Manager::listens();
    let mut server = manager.starts("300000");
    let address = server.address;
    manager.is_told("READY=1");
    server.signal("USR2");
    let told = manager.is_told("MAINPID=");
    let pid = told.lines().find_map(|line| line.strip_prefix("MAINPID=")).unwrap();
    let new = Orphan(pid.to_owned());
    server.wait_for_log("the other callbox serves");
    // The watchdog's word is the new process's from here on.
    manager.is_told("WATCHDOG=1");
    drop(connect(address));
    // It writes to the same log, which therefore ends with it.
    drop(new);
    let (code, log, _folder) = server.end();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn a_connection_that_came_before_the_server_is_answered_by_it() {
    let waiting = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = waiting.local_addr().unwrap();
    let mut early = connect(address);
    let folder = tempfile::tempdir().unwrap();
    // LISTEN_PID is that of the process that reads it (sd_listen_fds(3)).
    let line = format!(
        "exec 3<&0 0</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec {} --listen={address} --turn-listen= --tls-mode=off",
        env!("CARGO_BIN_EXE_callbox")
    );
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &line]).current_dir(folder.path()).env_clear().stdin(Stdio::from(OwnedFd::from(waiting)));
    let server = Server::spawn(folder, command);
    assert_eq!(server.address, address);
    let answer = exchange(&mut early, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn systemd_finds_nothing_wrong_with_the_unit_and_little_that_it_exposes() {
    if Command::new("systemd-analyze").arg("--version").stdout(Stdio::null()).status().is_err() {
        return eprintln!("skipped: systemd-analyze is not installed (package systemd)");
    }
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("callbox.service");
    std::fs::write(&unit, stdout(&run(folder.path(), &["unit", "--listen=[::]:443"]))).unwrap();
    let analyze = |args: &[&str]| Command::new("systemd-analyze").args(args).arg(&unit).output().unwrap();
    let verified = analyze(&["verify"]);
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !said.contains("callbox.service:"), "{said}");
    let told = stdout(&analyze(&["security", "--offline=true", "--no-pager"]));
    let (_, score) = told.split_once("exposure level for callbox.service: ").unwrap_or_else(|| panic!("{told}"));
    let score: f64 = score.split_whitespace().next().unwrap().parse().unwrap();
    println!("systemd-analyze security: {score}");
    assert!(score <= 2.0, "{told}");
}
