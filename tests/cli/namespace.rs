//! A network for one test, with addresses that are not loopback's, which rules often exempt. The test runs itself again
//! inside it; nothing of it is seen or left outside.

use std::net::Ipv4Addr;
use std::process::Command;

/// Two addresses of different networks, both this machine's, and nothing behind them.
pub(crate) const HERE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
/// The other one.
pub(crate) const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 1);

/// Set for the run inside.
const INSIDE: &str = "TEST_INSIDE";

/// What gives the namespace its addresses, and then becomes the command behind it.
const NETWORK: &str = "ip link set lo up && ip link add eth0 type veth peer name eth1 && ip link set eth0 up \
    && ip addr add 10.77.0.1/24 dev eth0 && ip addr add 10.78.0.1/24 dev eth0 && ip addr add 2001:db8:77::1/64 dev eth0 nodad && exec \"$0\" \"$@\"";

/// Whether this is the run inside. Outside it has the test of this name (its path in this file's crate) run inside, and
/// demands that it passes.
pub(crate) fn is_inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    if !unshare(&["true".as_ref()]).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: this machine gives no network namespaces");
        return false;
    }
    let this = std::env::current_exe().unwrap();
    let mut command = unshare(&["sh".as_ref(), "-c".as_ref(), NETWORK.as_ref(), this.as_os_str()]);
    let output = command.args(["--exact", test, "--nocapture"]).env(INSIDE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "inside the namespace:\n{said}");
    false
}

fn unshare(command: &[&std::ffi::OsStr]) -> Command {
    let mut unshare = Command::new("unshare");
    unshare.args(["--user", "--map-root-user", "--net", "--"]).args(command);
    unshare
}
