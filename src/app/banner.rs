//! What a start prints: the links to open, a QR code for the phone on the table, the fingerprint to compare, and the
//! firewall's lines.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::net::{Ipv4Addr, SocketAddr};

use fast_qr::qr::QRBuilder;

use super::addresses::{Addresses, in_link};
use super::trust::Trust;
use crate::config::{Config, Tls};
use crate::discovery::{Found, How};
use crate::firewall::{self, Listening};
use crate::router::Standing;
use crate::surroundings::Container;
use crate::tls::Certificates;
use crate::turn::is_special;

/// All that the banner tells.
pub(super) struct Banner<'a> {
    pub(super) config: &'a Config,
    /// As bound.
    pub(super) listening: Listening,
    pub(super) addresses: &'a Addresses,
    pub(super) found: &'a Found,
    /// What the router in front says; `None`: it is not asked.
    pub(super) router: Option<&'a Standing>,
    pub(super) certificates: Option<&'a Certificates>,
    pub(super) trust: &'a Trust,
    /// Where operators ask, as bound.
    pub(super) admin: Option<SocketAddr>,
    /// What a phone outside opens to test this server, where somebody waits for that.
    pub(super) phone: Option<&'a str>,
}

impl Banner<'_> {
    /// Prints to stdout. A closed stdout is no reason not to serve.
    pub(super) fn print(&self) {
        use io::Write;
        let mut text = self.text();
        text.push_str(&self.code().unwrap_or_default());
        let _ = write!(io::stdout(), "{text}").and_then(|()| io::stdout().flush());
    }

    /// One code, so that nobody scans the wrong one: where callers come from outside the test, which leads on to the page, and
    /// in a network of one's own the page.
    fn code(&self) -> Option<String> {
        let Some(phone) = self.phone else { return code(self.outside().first()?) };
        let about = "Scan it with a phone that is not in this network (Wi-Fi off): it tries every way to this server, and\n\
                     what it finds is told here. Until then nobody knows whether callers get through.";
        Some(format!("\n{about}\n\n{}  {phone}\n\n", code(phone)?))
    }

    fn text(&self) -> String {
        // The second changes with every change of the page, also between two versions.
        let (version, page) = (env!("CARGO_PKG_VERSION"), env!("PAGE_HASH"));
        let mut text = format!("callbox {version}, page {page}\n\nOpen in a browser:\n");
        if self.addresses.is_local() {
            let local = link("localhost", self.listening.one_port, self.certificates.is_some());
            let alone = self.config.expects_preface(Ipv4Addr::LOCALHOST.into());
            let _ = writeln!(text, "  {local}   on this machine{}", if alone { ", for the proxy alone" } else { "" });
        }
        for link in self.outside() {
            let _ = writeln!(text, "  {link}");
        }
        text.push_str(&public(self.found));
        text.push_str(&self.router.map(router).unwrap_or_default());
        text.push_str(&self.container());
        text.push_str(&self.certificate());
        let rules = firewall::rules(&self.listening);
        let _ = writeln!(text, "\n{}", firewall::guidance(&rules, &super::firewalls()));
        if let Some(admin) = self.admin {
            let _ = writeln!(text, "For whoever runs it: http://{admin}/ (dashboard, /metrics, /healthz, API)");
        }
        text.push_str("Ready. Ctrl-C stops it.\n");
        text
    }

    /// What is lost behind a bridge, and the line that would be better.
    fn container(&self) -> String {
        if self.found.container != Some(Container::Bridge) {
            return String::new();
        }
        let relay = match &self.config.turn {
            Some(turn) if turn.ports.is_some() => {
                ", and relayed addresses lead nowhere (CALLBOX_TURN__PORTS=none helps)"
            }
            _ => "",
        };
        format!(
            "\nThis container has a network of its own: people open the host's address, at the port that is published.\n\
             The relay does not see callers' real addresses there{relay}.\n\
             Better, with your own -e settings:\n  {DOCKER_RUN}\n"
        )
    }

    fn certificate(&self) -> String {
        let Some(certificates) = self.certificates else {
            return "\nTLS is off: browsers give a page camera and microphone only through a proxy with HTTPS, or on localhost.\n"
                .to_owned();
        };
        let about = match self.config.tls {
            Tls::Files { .. } => "your own; its SHA-256 fingerprint",
            _ if matches!(self.trust, Trust::Ordered(_)) => {
                "self-signed, until a trusted one is here and for other addresses; its SHA-256 fingerprint"
            }
            _ => "self-signed: a browser warns once; go on when it shows this SHA-256 fingerprint",
        };
        let trust = self.trust.words(self.config);
        // Only devices that can come here need it.
        let host = self.addresses.outside().into_iter().next();
        let authority = certificates.authority().zip(host).map(|(authority, host)| {
            let page = link(&host, self.config.public_port.unwrap_or(self.listening.one_port), false);
            let fingerprint = authority.fingerprint();
            format!("To be warned no more, devices can trust {page}trust; compare there:\n  {fingerprint}\n")
        });
        let authority = authority.unwrap_or_default();
        format!("\nCertificate, {about}:\n  {}\n{authority}{trust}", certificates.fingerprint())
    }

    fn outside(&self) -> Vec<String> {
        let open = |host: &String| public_link(self.config, host, self.listening.one_port);
        self.addresses.outside().iter().map(open).collect()
    }
}

/// The page's address at `host`, as people on other machines open it.
pub(super) fn public_link(config: &Config, host: &str, one_port: u16) -> String {
    // A trusted proxy before a server without TLS is there for that.
    let through_proxy = config.tls == Tls::Off && !config.trusted_proxies.is_empty();
    let port = if through_proxy { HTTPS } else { one_port };
    // A router's other port is for those who come through it.
    let inside = config.map_ports && host.parse().is_ok_and(is_special);
    link(host, config.public_port.filter(|_| !inside).unwrap_or(port), config.tls != Tls::Off || through_proxy)
}

/// What an https link without a port means (RFC 9110, 4.2.2).
const HTTPS: u16 = 443;

fn link(host: &str, port: u16, tls: bool) -> String {
    let (scheme, usual) = if tls { ("https", HTTPS) } else { ("http", 80) };
    let host = in_link(host);
    if port == usual { format!("{scheme}://{host}/") } else { format!("{scheme}://{host}:{port}/") }
}

/// `text` as a code for a phone, if the terminal is there and wide enough for it.
pub fn code(text: &str) -> Option<String> {
    let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    columns.filter(|_| io::stdout().is_terminal()).and_then(|columns| qr_code(text, columns))
}

/// The image of README.md on the host's network.
const DOCKER_RUN: &str =
    "docker run -d --name callbox --network host -v callbox:/data --restart unless-stopped callbox";

/// The public addresses, how each was found, and how to say it better.
pub(super) fn public(found: &Found) -> String {
    let mut text = String::new();
    for (at, address) in found.addresses.iter().enumerate() {
        let _ = writeln!(text, "{}  {address}", if at == 0 { "\nPublic address:\n" } else { "" });
    }
    if found.addresses.iter().any(|address| address.how != How::Typed) {
        text.push_str("  (wrong? --external-ip says it)\n");
    }
    if found.addresses.is_empty()
        && let Some(cloud) = found.cloud
    {
        let _ = writeln!(text, "\nNo public address found, though this is {cloud}. Say it with --external-ip.");
    }
    text
}

/// What the router forwards and what not.
fn router(standing: &Standing) -> String {
    let mut text = String::from("\nHome router (map_ports):\n");
    for words in standing.says() {
        let _ = writeln!(text, "  {words}");
    }
    text
}

/// Modules of light around the code, which scanners need (ISO/IEC 18004 asks for 4; 2 do on a screen).
const QUIET: usize = 2;

/// `link` for a phone's camera, two rows of modules to a line; `None` when the terminal is too narrow.
fn qr_code(link: &str, columns: usize) -> Option<String> {
    let code = QRBuilder::new(link).build().ok()?;
    let side = code.size + 2 * QUIET;
    if side > columns {
        return None;
    }
    let dark = |x: usize, y: usize| {
        let inside = |at: usize| (QUIET..QUIET + code.size).contains(&at);
        inside(x) && inside(y) && code[y - QUIET][x - QUIET].value()
    };
    let mut text = String::new();
    for y in (0..side).step_by(2) {
        // Black on white whatever the terminal's colors are: many scanners do not read a negative.
        text.push_str("\x1b[30;107m");
        for x in 0..side {
            text.push(match (dark(x, y), dark(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        text.push_str("\x1b[0m\n");
    }
    Some(text + "\n")
}
