//! Who waits for what a phone finds out, and what it found out. A token is drawn by the dice, lives as long as somebody walks
//! out of the house with it, and takes a few reports. What a report says was written by a stranger until the token is
//! known, and by a browser after that: it is cut short and freed from everything a terminal would obey.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::printable::printable;

/// Waiting at a time; the oldest gives way.
const MOST: usize = 16;

/// How long a token is good for.
const LIFE: Duration = Duration::from_secs(30 * 60);

/// With one token: somebody mends something, and tries again.
const MOST_REPORTS: usize = 8;

/// Ways to the relay in one report.
const MOST_OUTCOMES: usize = 32;

/// Characters of each text.
const LONGEST_TEXT: usize = 200;

/// Everybody who waits for a report.
#[derive(Debug, Default)]
pub struct Probes(Mutex<Vec<Probe>>);

#[derive(Debug)]
struct Probe {
    id: String,
    token: String,
    opened: Instant,
    reports: watch::Sender<Vec<Report>>,
}

/// What was handed out: the one is for whoever waits, the other for the phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Names the probe; no secret.
    pub id: String,
    /// Stands behind `#phone=` in the link; whoever has it may report.
    pub token: String,
    /// How long it is good for.
    pub life: Duration,
}

impl Opened {
    /// What a phone opens, `base` being the page's link with a slash at its end.
    pub fn link(&self, base: &str) -> String {
        format!("{base}test?phone#phone={}", self.token)
    }

    /// The same past TLS, where the one port answers in the clear; `None`: there is no TLS.
    pub fn link_in_the_clear(&self, base: &str) -> Option<String> {
        let authority = base.strip_prefix("https://")?.trim_end_matches('/');
        let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let port = if has_port { "" } else { ":443" };
        Some(self.link(&format!("http://{authority}{port}/")))
    }
}

/// What one phone found out. Every text is safe to print.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// As it calls itself.
    pub browser: String,
    /// What kind of NAT it is behind, in its words.
    pub nat: String,
    /// It came from a private network or this machine, so it says nothing about the world outside.
    pub from_inside: bool,
    /// Each way it tried.
    pub results: Vec<Outcome>,
}

/// How one way to the relay did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// `stun`, `udp`, `tcp` or `tls`.
    pub transport: String,
    /// Which address was tried.
    pub url: String,
    /// Whether data came through.
    pub ok: bool,
    /// How long that took, in milliseconds.
    #[serde(default)]
    pub ms: f64,
    /// What went wrong, in the browser's words.
    #[serde(default)]
    pub error: String,
}

/// As it comes.
#[derive(Deserialize)]
struct Sent {
    token: String,
    #[serde(default)]
    browser: String,
    #[serde(default)]
    results: Vec<Outcome>,
    #[serde(default)]
    nat: String,
}

impl Probes {
    /// Begins to wait.
    pub fn open(&self) -> Opened {
        self.open_at(Instant::now())
    }

    /// The reports so far, and those to come until the token is no good any more; `None`: there is no such probe.
    pub fn watch(&self, id: &str) -> Option<watch::Receiver<Vec<Report>>> {
        self.living(Instant::now()).iter().find(|probe| probe.id == id).map(|probe| probe.reports.subscribe())
    }

    fn open_at(&self, now: Instant) -> Opened {
        let (id, token) = (draw(6), draw(16));
        let mut probes = self.living(now);
        if probes.len() == MOST {
            probes.remove(0);
        }
        let reports = watch::Sender::default();
        probes.push(Probe { id: id.clone(), token: token.clone(), opened: now, reports });
        Opened { id, token, life: LIFE }
    }

    /// Whether somebody waited for it.
    pub(super) fn report(&self, token: &str, report: Report, now: Instant) -> bool {
        let probes = self.living(now);
        let same = |probe: &&Probe| verify_slices_are_equal(probe.token.as_bytes(), token.as_bytes()).is_ok();
        let Some(probe) = probes.iter().find(same) else { return false };
        probe.reports.send_if_modified(|reports| {
            let room = reports.len() < MOST_REPORTS;
            reports.extend(room.then_some(report));
            room
        })
    }

    fn living(&self, now: Instant) -> MutexGuard<'_, Vec<Probe>> {
        let mut probes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        probes.retain(|probe| now.saturating_duration_since(probe.opened) < LIFE);
        probes
    }
}

impl Report {
    /// The token with what came under it, from a browser at `client`. `None`: it is no report.
    pub(super) fn read(json: &[u8], client: IpAddr) -> Option<(String, Report)> {
        let Sent { token, browser, results, nat } = serde_json::from_slice(json).ok()?;
        let text = |text: &str| printable(text, LONGEST_TEXT);
        let clean = |outcome: Outcome| Outcome {
            transport: text(&outcome.transport),
            url: text(&outcome.url),
            ok: outcome.ok,
            // `as` of what is no number, or of more than there is, would do no harm in JSON but look odd.
            ms: outcome.ms.clamp(0.0, 3_600_000.0).round(),
            error: text(&outcome.error),
        };
        let report = Report {
            browser: text(&browser),
            nat: text(&nat),
            from_inside: is_inside(client.to_canonical()),
            results: results.into_iter().take(MOST_OUTCOMES).map(clean).collect(),
        };
        Some((token, report))
    }
}

/// Whether an address belongs to a network like the one a server stands in, rather than to a telephone company.
fn is_inside(client: IpAddr) -> bool {
    match client {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local(),
    }
}

fn draw(bytes: usize) -> String {
    let mut drawn = vec![0; bytes];
    aws_lc_rs::rand::fill(&mut drawn).expect("the system's generator does not fail once it is seeded");
    URL_SAFE_NO_PAD.encode(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7));

    fn report(text: &str) -> Report {
        Report::read(text.as_bytes(), PHONE).expect("a report").1
    }

    #[test]
    fn a_token_takes_a_few_reports_for_half_an_hour() {
        let (probes, now) = (Probes::default(), Instant::now());
        let (probe, other) = (probes.open_at(now), probes.open_at(now));
        let told = || report(r#"{"token":"","browser":"Firefox"}"#);
        let watched = probes.watch(&probe.id).expect("it waits");
        assert!(probes.report(&probe.token, told(), now));
        assert_eq!(watched.borrow().len(), 1);
        assert!(probes.watch(&other.id).expect("it waits").borrow().is_empty(), "each hears of its own phone");
        assert!(!probes.report("", told(), now) && !probes.report(&probe.id, told(), now), "not a token");
        let taken = (0..20).filter(|_| probes.report(&probe.token, told(), now)).count();
        assert_eq!(taken, MOST_REPORTS - 1);
        assert!(!probes.report(&other.token, told(), now + LIFE));
        assert!(watched.has_changed().is_err(), "whoever waits hears that it is over");
    }

    #[test]
    fn whoever_asks_for_many_tokens_gets_no_more_memory_for_it() {
        let (probes, now) = (Probes::default(), Instant::now());
        let first = probes.open_at(now);
        let last = (0..100).map(|_| probes.open_at(now)).last().expect("a hundred");
        assert_eq!(probes.0.lock().expect("whole").len(), MOST);
        assert!(probes.watch(&first.id).is_none() && probes.watch(&last.id).is_some());
    }

    #[test]
    fn what_a_browser_writes_cannot_drive_a_terminal() {
        let evil = r#"{"token":"t","browser":"\u001b[2J\u202eevil","nat":"a\nb","results":[
            {"transport":"tcp\u0007","url":"turn:x","ok":false,"ms":1e99,"error":"\u009b31m"}]}"#;
        let report = report(evil);
        let printed =
            format!("{}{}{}{}", report.browser, report.nat, report.results[0].transport, report.results[0].error);
        assert!(!printed.chars().any(|c| c.is_control() || c == '\u{202e}'), "{printed:?}");
        assert_eq!(report.results[0].ms, 3_600_000.0);
        assert!(!report.from_inside);
    }

    #[test]
    fn the_way_past_tls_leads_to_the_same_port() {
        let opened = Opened { id: "i".into(), token: "t".into(), life: LIFE };
        assert_eq!(opened.link("https://call.example.org/"), "https://call.example.org/test?phone#phone=t");
        for (base, clear) in [
            ("https://call.example.org/", Some("http://call.example.org:443/test?phone#phone=t")),
            ("https://192.0.2.7:8443/", Some("http://192.0.2.7:8443/test?phone#phone=t")),
            ("https://[2001:db8::7]/", Some("http://[2001:db8::7]:443/test?phone#phone=t")),
            ("http://192.0.2.7/", None),
        ] {
            assert_eq!(opened.link_in_the_clear(base).as_deref(), clear, "{base}");
        }
    }

    #[test]
    fn a_report_without_end_is_cut() {
        let outcome = r#"{"transport":"udp","url":"turn:x","ok":true,"ms":3.4}"#;
        let results = vec![outcome; 100].join(",");
        let long = format!(r#"{{"token":"t","browser":"{}","results":[{results}]}}"#, "x".repeat(9000));
        let report = report(&long);
        assert_eq!((report.browser.len(), report.results.len()), (LONGEST_TEXT, MOST_OUTCOMES));
        assert_eq!(report.results[0].ms, 3.0);
        for broken in ["", "{}", "[]", r#"{"token":7}"#, r#"{"token":"t","results":[{}]}"#] {
            assert_eq!(Report::read(broken.as_bytes(), PHONE), None, "{broken}");
        }
    }

    #[test]
    fn a_phone_in_the_house_says_nothing_about_the_world_outside() {
        for (ip, inside) in [("192.168.1.7", true), ("fd00::7", true), ("198.51.100.7", false), ("2001:db8::7", false)]
        {
            assert_eq!(is_inside(ip.parse().expect("ip")), inside, "{ip}");
        }
    }
}
