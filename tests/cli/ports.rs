//! `callbox ports`: that the lines do what they say, shown by the tools they are for, in networks that end with the test.

use std::fs;
use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Output, Stdio};

use callbox::firewall::{Format, Found, Listening, RelayPorts, written};

use super::namespace::{HERE, is_inside};
use super::server::{PATIENCE, run, stderr, stdout};

/// A server on 8443 with a range for relayed addresses.
fn listening() -> Listening {
    let relay = RelayPorts { listen: vec![3478], range: Some(50_000..=50_100) };
    Listening { one_port: 8443, one_port_outside: true, tls: true, redirect: Some(8080), relay: Some(relay) }
}

/// What nobody asked for.
const CLOSED: u16 = 8444;

/// The machine whose nftables loads `configuration` at boot.
fn machine(configuration: &str) -> Found {
    let root = tempfile::tempdir().unwrap();
    let wants = root.path().join("etc/systemd/system/sysinit.target.wants");
    fs::create_dir_all(&wants).unwrap();
    fs::write(wants.join("nftables.service"), "").unwrap();
    fs::write(root.path().join("etc/nftables.conf"), configuration).unwrap();
    Found::below(root.path(), None)
}

/// Runs what was printed, as somebody would who pastes it; root already is.
fn pasted(lines: &str) {
    fed(&["sh", "-e"], &lines.replace("sudo ", ""));
}

/// Runs a command with `input`, which has to satisfy it.
fn fed(command: &[&str], input: &str) -> Output {
    let mut child = Command::new(command[0]);
    let child = child.args(&command[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().unwrap_or_else(|error| panic!("{}: {error}", command[0]));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?} says {}\nof {input}", stderr(&output));
    output
}

fn has(tool: &str) -> bool {
    let there = Command::new(tool).arg("--help").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("skipped: {tool} is not installed");
    }
    there
}

/// Whether TCP gets through to `port`, where somebody listens; a firewall that is closed says so at once.
fn tcp(port: u16) -> bool {
    let all = ["10.77.0.1", "2001:db8:77::1"].map(|ip| {
        let address = SocketAddr::new(ip.parse().unwrap(), port);
        let _listener = TcpListener::bind(address).unwrap();
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(_) => true,
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => false,
            Err(error) => panic!("neither open nor refused: {error}"),
        }
    });
    assert_eq!(all[0], all[1], "IPv4 and IPv6 alike");
    all[0]
}

/// Whether a datagram gets through to `port`.
fn udp(port: u16) -> bool {
    let server = UdpSocket::bind((HERE, port)).unwrap();
    let client = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    client.connect((HERE, port)).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    client.send(b"?").unwrap();
    // Sent on loopback, it has arrived or been refused by now.
    if let Err(error) = client.send(b"?") {
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        return false;
    }
    server.recv(&mut [0; 8]).unwrap();
    true
}

/// Everything that was asked for is open, and nothing else.
fn opened() {
    assert!([8443, 3478, 8080].into_iter().all(tcp) && [8443, 3478, 50_000, 50_100].into_iter().all(udp));
    assert!(!tcp(CLOSED) && !udp(CLOSED), "what nobody asked for stays closed");
}

fn closed() {
    assert!(![8443, 3478, 8080, CLOSED].into_iter().any(tcp) && ![8443, 50_050, CLOSED].into_iter().any(udp));
}

#[test]
fn the_lines_for_nftables_open_a_machine_that_rejects_the_rest() {
    if !is_inside("ports::the_lines_for_nftables_open_a_machine_that_rejects_the_rest") {
        return;
    }
    // Whatever begins a conversation is turned away aloud.
    let rules = "type filter hook input priority 0; tcp flags & (syn | ack) == syn reject with tcp reset; meta l4proto udp reject";
    let table = |name: &str, chain: &str| format!("table {name} {{\n chain {chain} {{\n  {rules}\n }}\n}}\n");
    let usual = format!("flush ruleset\n{}", table("inet filter", "input"));
    let own = format!("flush ruleset\n{}{}", table("ip own", "here"), table("ip6 six", "there"));
    for configuration in [usual, own] {
        fed(&["nft", "-f", "-"], &configuration);
        closed();
        pasted(&written(&listening(), &machine(&configuration), Format::Nft));
        opened();
    }
}

#[test]
fn the_lines_for_iptables_open_a_machine_that_rejects_the_rest() {
    if !has("iptables") || !is_inside("ports::the_lines_for_iptables_open_a_machine_that_rejects_the_rest") {
        return;
    }
    // As on the images of Oracle's cloud: the last rule rejects.
    pasted(
        "for t in iptables ip6tables; do $t -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
         $t -A INPUT -p tcp -j REJECT --reject-with tcp-reset; done
         ip6tables -A INPUT -p icmpv6 -j ACCEPT; iptables -A INPUT -j REJECT; ip6tables -A INPUT -j REJECT\n",
    );
    closed();
    pasted(&written(&listening(), &Found::default(), Format::Iptables));
    opened();
}

#[test]
fn ufw_takes_its_lines_for_both_families() {
    if !has("ufw") {
        return;
    }
    if fs::read("/etc/ufw/user.rules").is_err() {
        eprintln!("skipped: only root may ask ufw what it would do");
        return;
    }
    if !is_inside("ports::ufw_takes_its_lines_for_both_families") {
        return;
    }
    let lines = written(&listening(), &Found::default(), Format::Ufw).replace("ufw allow", "ufw --dry-run allow");
    let told = stdout(&fed(&["sh", "-e"], &lines.replace("sudo ", "")));
    for rule in ["tcp 3478,8080,8443 0.0.0.0/0", "udp 3478,8443,50000:50100 0.0.0.0/0"] {
        assert!(told.contains(&format!("### tuple ### allow {rule}")), "{told}");
    }
    assert!(told.contains("### tuple ### allow udp 3478,8443,50000:50100 ::/0"), "{told}");
}

#[test]
fn firewalld_takes_its_lines_and_keeps_them() {
    if !has("firewall-cmd") || !is_inside("ports::firewalld_takes_its_lines_and_keeps_them") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let bus = folder.path().join("bus");
    let policy = r#"<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>"#;
    let configuration = format!(
        r#"<busconfig><listen>unix:path={}</listen><policy context="default">{policy}</policy></busconfig>"#,
        bus.display()
    );
    fs::write(folder.path().join("bus.conf"), configuration).unwrap();
    // One of its own, with a bus of its own, which ends with the shell.
    let begin = r#"
        export DBUS_SYSTEM_BUS_ADDRESS="unix:path=$0/bus"
        dbus-daemon --config-file="$0/bus.conf" --nofork & bus=$!
        firewalld --nofork --nopid --system-config="$0" --log-file="$0/log" >"$0/said" 2>&1 & daemon=$!
        trap 'kill $daemon $bus' EXIT
        until firewall-cmd --state >&2; do kill -0 $daemon; done
    "#;
    let lines = written(&listening(), &Found::default(), Format::Firewalld).replace("sudo ", "");
    let end = "firewall-cmd --list-ports | sed 's/^/open: /'; nft list table inet firewalld";
    let script = format!("{begin}\n{lines}\n{end}\n");
    let told = stdout(&fed(&["sh", "-e", "-c", &script, &folder.path().display().to_string()], ""));
    let open = told.lines().find_map(|line| line.strip_prefix("open: ")).expect("what firewalld says is open");
    let mut open: Vec<&str> = open.split(' ').collect();
    open.sort_unstable();
    assert_eq!(open, ["3478/tcp", "3478/udp", "50000-50100/udp", "8080/tcp", "8443/tcp", "8443/udp"]);
    assert!(told.contains("udp dport 50000-50100") && told.contains("tcp dport 8443"), "for both families: {told}");
}

#[test]
fn compose_takes_its_file_on_the_hosts_network_and_with_published_ports() {
    if !has("docker-compose") {
        return;
    }
    let read = |listening: &Listening| {
        stdout(&fed(&["docker-compose", "-f", "-", "config"], &written(listening, &Found::default(), Format::Compose)))
    };
    let host = read(&listening());
    assert!(host.contains("network_mode: host") && !host.contains("ports:"), "{host}");
    assert!(host.contains("CALLBOX_TURN__PORTS: 50000-50100"), "{host}");
    let relay = RelayPorts { listen: Vec::new(), range: None };
    let published = read(&Listening { relay: Some(relay), redirect: None, ..listening() });
    assert_eq!(
        published.matches("8443").count(),
        5,
        "published twice, for TCP and UDP, and told to the image: {published}"
    );
}

#[test]
fn every_format_is_for_the_configuration_that_is_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let printed = |format: &str, flags: &[&str]| {
        let format = format!("--format={format}");
        let output = run(folder.path(), &[&["ports", &format], flags].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    for format in ["text", "json", "ufw", "firewalld", "nft", "iptables", "docker", "compose"] {
        assert!(printed(format, &["--listen=[::]:4433"]).contains("4433"), "{format}");
        let alone = printed(format, &["--listen=127.0.0.1:4433", "--turn-listen="]);
        assert!(!alone.contains("sudo") && (format == "json" || !alone.contains("4433")), "{format}: {alone}");
    }
    let told: serde_json::Value = serde_json::from_str(&printed("json", &["--turn-ports=none"])).unwrap();
    assert_eq!(told["ports"][0]["from"], 8443);
    let wrong = run(folder.path(), &["ports", "--format=pf"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", stderr(&wrong));
    let help = stdout(&run(folder.path(), &["ports", "--help"]));
    for key in told.as_object().unwrap().keys().chain(told["found"].as_object().unwrap().keys()) {
        assert!(help.contains(key), "{key} is not in the help");
    }
}
