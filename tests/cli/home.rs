//! A home for one test: a router with nftables NAT, which forwards what miniupnpd is asked to, and a machine behind it. The test
//! itself is the internet. Every part is a network namespace inside the test's own and ends with it.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use nix::sched::{CloneFlags, setns};
use tempfile::TempDir;

use super::server::{PATIENCE, Server, callbox, stdout};

/// The internet's end of the line, and so a caller's address.
pub(crate) const OUTSIDE: Ipv4Addr = Ipv4Addr::new(11, 78, 0, 1);
/// The router's address there, a public one.
pub(crate) const PUBLIC: Ipv4Addr = Ipv4Addr::new(11, 78, 0, 2);
/// The one it has where the provider's customers share addresses.
pub(crate) const SHARED: Ipv4Addr = Ipv4Addr::new(100, 64, 0, 2);

pub(crate) struct Home {
    router: Child,
    host: Child,
    daemon: Option<Child>,
    files: TempDir,
}

/// `$0` is the router's process, `$1` the machine's, `$2` the router's address outside.
const LINES: &str = "set -e
router=$0 host=$1
ip link add internet type veth peer name wan netns $0
ip addr add 11.78.0.1/24 dev internet; ip addr add 100.64.0.1/24 dev internet; ip link set internet up
router() { nsenter --net=/proc/$router/ns/net -- \"$@\"; }
host() { nsenter --net=/proc/$host/ns/net -- \"$@\"; }
router ip link add lan type veth peer name eth0 netns $1
router ip link set lo up; router ip link set wan up; router ip link set lan up
router ip addr add $2/24 dev wan; router ip addr add 192.168.1.1/24 dev lan
router sysctl -qw net.ipv4.ip_forward=1
host ip link set lo up; host ip link set eth0 up
host ip addr add 192.168.1.50/24 dev eth0; host ip route add default via 192.168.1.1
router nft -f - <<RULES
table inet filter {
  chain forward { type filter hook forward priority 0; policy drop; ct state established,related accept; iif lan accept; jump miniupnpd; }
  chain miniupnpd {}
  chain prerouting { type nat hook prerouting priority -100; jump prerouting_miniupnpd; }
  chain postrouting { type nat hook postrouting priority 100; jump postrouting_miniupnpd; oif wan masquerade; }
  chain prerouting_miniupnpd {}
  chain postrouting_miniupnpd {}
}
RULES";

impl Home {
    /// With a router that has this address outside, and speaks no language yet.
    pub(crate) fn new(outside: Ipv4Addr) -> Home {
        let home = Home { router: namespace(), host: namespace(), daemon: None, files: tempfile::tempdir().unwrap() };
        let pids = [&home.router, &home.host].map(|child| child.id().to_string());
        let made = Command::new("sh").args(["-c", LINES]).args(pids).arg(outside.to_string()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        home
    }

    /// The router speaks from now on: PCP and NAT-PMP, or UPnP. `rule` is miniupnpd's, before "everything is allowed".
    pub(crate) fn speaks(&mut self, language: &str, rule: &str) {
        let (control, upnp) = if language == "UPnP" { ("no", "yes") } else { ("yes", "no") };
        let (file, pid) = (self.files.path().join("conf"), self.files.path().join("pid"));
        let text = format!(
            "ext_ifname=wan\nlistening_ip=lan\nhttp_port=5000\nenable_natpmp={control}\nenable_upnp={upnp}\nsecure_mode=yes\n\
             ipv6_disable=yes\nuuid=8c2b6c0e-0000-4000-8000-000000000001\n{rule}\nallow 1-65535 192.168.1.0/24 1-65535\n\
             deny 0-65535 0.0.0.0/0 0-65535\n"
        );
        std::fs::write(&file, text).unwrap();
        let _ = std::fs::remove_file(&pid);
        let mut daemon = inside(&self.router, "miniupnpd");
        daemon.args(["-d", "-f"]).arg(&file).arg("-P").arg(&pid).stdout(Stdio::null()).stderr(Stdio::null());
        self.falls_silent();
        self.daemon = Some(daemon.spawn().unwrap());
        // Its ports, in /proc/net's hexadecimal: 5000 for UPnP, 5351 for the others.
        let (table, port) = if language == "UPnP" { ("tcp", ":1388 ") } else { ("udp", ":14E7 ") };
        let table = format!("/proc/{}/net/{table}", self.router.id());
        wait(|| std::fs::read_to_string(&table).unwrap().contains(port), "miniupnpd listens");
    }

    /// As a router that restarts: it forgets all that it was asked for.
    pub(crate) fn falls_silent(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill().unwrap();
            daemon.wait().unwrap();
        }
        self.in_router("nft flush chain inet filter prerouting_miniupnpd; nft flush chain inet filter miniupnpd");
    }

    pub(crate) fn in_router(&self, line: &str) -> String {
        let output = inside(&self.router, "sh").args(["-c", line]).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What is forwarded: the lines of the NAT table.
    pub(crate) fn forwarded(&self) -> String {
        let list = self.in_router("nft list chain inet filter prerouting_miniupnpd");
        list.lines().filter(|line| line.contains("dnat")).collect::<Vec<_>>().join("\n")
    }

    /// callbox on the machine, with `map_ports` and ports that need no right.
    pub(crate) fn start(&self, folder: TempDir, args: &[&str]) -> Server {
        let plain = callbox(folder.path());
        let mut command = inside(&self.host, env!("CARGO_BIN_EXE_callbox"));
        command.current_dir(folder.path()).env_clear().stdin(Stdio::null());
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("CALLBOX_MAP_PORTS", "true").env("CALLBOX_ADMIN__LISTEN", "127.0.0.1:9443");
        command.args(["--listen=0.0.0.0:8443", "--turn-listen=0.0.0.0:3478"]).args(args);
        Server::spawn(folder, command)
    }

    /// What a command of callbox says there.
    pub(crate) fn says(&self, folder: &Path, args: &[&str]) -> String {
        let mut command = inside(&self.host, env!("CARGO_BIN_EXE_callbox"));
        command.current_dir(folder).args(args).env("CALLBOX_MAP_PORTS", "true");
        stdout(&command.args(["--listen=0.0.0.0:8443", "--turn-listen=0.0.0.0:3478"]).output().unwrap())
    }

    /// An answer of the admin listener.
    pub(crate) fn admin(&self, path: &str) -> String {
        let namespace = File::open(format!("/proc/{}/ns/net", self.host.id())).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:9443\r\nConnection: close\r\n\r\n");
        // A thread of its own: it stays in that network.
        let asked = std::thread::spawn(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            let mut stream = TcpStream::connect("127.0.0.1:9443").unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        asked.join().unwrap()
    }

    /// A router that speaks NAT-PMP (RFC 6886) and no PCP, whose address outside is whatever `outside` is: miniupnpd conceals one
    /// that is not public, and most routers do not. It answers until the process ends.
    pub(crate) fn speaks_natpmp_alone(&self, outside: Ipv4Addr) {
        let namespace = File::open(format!("/proc/{}/ns/net", self.router.id())).unwrap();
        let (ready, is_ready) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            let socket = UdpSocket::bind("192.168.1.1:5351").unwrap();
            ready.send(()).unwrap();
            let mut bytes = [0; 1100];
            while let Ok((length, client)) = socket.recv_from(&mut bytes) {
                let answer = natpmp(&bytes[..length], outside);
                socket.send_to(&answer, client).unwrap();
            }
        });
        is_ready.recv().unwrap();
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        for child in self.daemon.iter_mut().chain([&mut self.router, &mut self.host]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// RFC 6886, 3.2, 3.3 and 3.5: version, opcode with its high bit set, result, and the seconds since it began.
fn natpmp(request: &[u8], outside: Ipv4Addr) -> Vec<u8> {
    let (version, opcode) = (request[0], request[1]);
    let result: u16 = if version == 0 { 0 } else { 1 };
    let mut answer = vec![0, opcode | 128];
    answer.extend(result.to_be_bytes());
    answer.extend(7_u32.to_be_bytes());
    match opcode {
        _ if version != 0 => {}
        0 => answer.extend(outside.octets()),
        _ => {
            answer.extend(&request[4..8]);
            answer.extend(&request[8..12]);
        }
    }
    answer
}

pub(crate) fn wait(mut is_so: impl FnMut() -> bool, what: &str) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// A process that does nothing in a network of its own.
fn namespace() -> Child {
    let mut command = Command::new("unshare");
    command.args(["--net", "--", "sh", "-c", "echo; exec sleep 300"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // The line comes from inside.
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    child
}

fn inside(namespace: &Child, program: &str) -> Command {
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/proc/{}/ns/net", namespace.id())).args(["--", program]);
    command
}

/// Where people outside open the page.
pub(crate) fn outside(port: u16) -> SocketAddr {
    (PUBLIC, port).into()
}
