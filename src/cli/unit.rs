//! `callbox unit`: the systemd unit for this configuration, with all that systemd can keep from a server that needs its ports,
//! its data directory and nothing else.

use std::env;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf, absolute};

use crate::config::Config;

/// Beyond `drain_timeout`, for the goodbyes and a machine that is busy.
const GOODBYE_SECONDS: u64 = 15;

/// Below, Linux wants a capability (ip_unprivileged_port_start).
const FIRST_FREE_PORT: u16 = 1024;

/// The unit, for this program with these flags and, if one was named, for that configuration file.
pub(super) fn unit(config: &Config, file: Option<&Path>, flags: &[(&str, String)]) -> String {
    let program = env::current_exe().unwrap_or_else(|_| PathBuf::from("/usr/local/bin/callbox"));
    let file = file.map(|file| absolute(file).unwrap_or_else(|_| file.to_owned()));
    let file = file.map_or(String::new(), |file| format!(" --config {}", quoted(file.as_os_str())));
    // Where the data are is the unit's own business.
    let flags = flags.iter().filter(|(flag, _)| *flag != "--data-dir");
    let flags: String = flags.map(|(flag, value)| format!(" {flag} {}", quoted(OsStr::new(value)))).collect();
    let capability = if needs_capability(config) { "CAP_NET_BIND_SERVICE" } else { "" };
    UNIT.replace("{program}", &quoted(program.as_os_str()))
        .replace("{file}", &file)
        .replace("{flags}", &flags)
        .replace("{capability}", capability)
        .replace("{stop}", &(config.drain_timeout.as_secs() + GOODBYE_SECONDS).to_string())
}

fn needs_capability(config: &Config) -> bool {
    let turn = config.turn.iter().flat_map(|turn| turn.listen.iter().copied());
    let mut listens = turn.chain(config.http_listen).chain([config.listen]);
    listens.any(|address: SocketAddr| (1..FIRST_FREE_PORT).contains(&address.port()))
}

/// As systemd reads it (systemd.service(5), "Command lines", and "%" of systemd.unit(5)).
fn quoted(text: &OsStr) -> String {
    let text = text.to_string_lossy();
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    if escaped.is_empty() || escaped.contains([' ', '"', '\'', ';']) { format!("\"{escaped}\"") } else { escaped }
}

// Type=notify with ExecReload instead of notify-reload, which systemd knows since 253: Debian 12 has 252, and takes a type that it
// does not know for "simple". A small Debian has no /bin/kill, every one a shell that knows how.
// ProcSubset=pid would hide the kernel's release, by which the relay chooses what is safe.
const UNIT: &str = r#"# callbox unit > /etc/systemd/system/callbox.service
# systemctl daemon-reload && systemctl enable --now callbox
#
# Restart: connections wait in the sockets, which systemd keeps meanwhile. Upgrade without a break: replace the program, then
# `systemctl kill --signal=USR2 --kill-whom=main callbox`. Data and callbox.toml live in /var/lib/callbox.
[Unit]
Description=callbox: private video calls
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
NotifyAccess=main
ExecStart={program} serve{file}{flags}
ExecReload=/bin/sh -c "kill -HUP ${MAINPID}"
WatchdogSec=30s
Restart=on-failure
RestartSec=1s
TimeoutStopSec={stop}s
KillMode=mixed
FileDescriptorStoreMax=64
LimitNOFILE=524288

DynamicUser=yes
StateDirectory=callbox
StateDirectoryMode=0700
WorkingDirectory=%S/callbox
Environment=CALLBOX_DATA_DIR=%S/callbox
AmbientCapabilities={capability}
CapabilityBoundingSet={capability}
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateIPC=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
UMask=0077
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Inputs, load};

    fn config(text: &str) -> Config {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        load(Inputs { file: Some(file.path().to_owned()), ..Inputs::default() }).unwrap()
    }

    #[test]
    fn it_asks_for_what_the_configuration_needs() {
        let high = unit(&config("listen = \"[::]:8443\"\ndrain_timeout = \"5min\""), None, &[]);
        assert!(high.contains("\nAmbientCapabilities=\n") && high.contains("TimeoutStopSec=315s"), "{high}");
        let flags =
            [("--listen", "[::]:443".to_owned()), ("--turn-listen", String::new()), ("--data-dir", "x".to_owned())];
        let low = unit(&config("listen = \"[::]:443\""), Some(Path::new("/etc/my calls/100%.toml")), &flags);
        assert!(low.contains("CapabilityBoundingSet=CAP_NET_BIND_SERVICE\n"), "{low}");
        assert!(
            low.contains(" serve --config \"/etc/my calls/100%%.toml\" --listen [::]:443 --turn-listen \"\"\n"),
            "{low}"
        );
    }
}
