//! `callbox check --phone`: asks the running server, by its admin API, for a link that a phone opens outside, and prints what
//! the phone found out.

use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::args::Args;
use super::bounded::Bounded;
use super::{fail, healthcheck, load, print};
use crate::app;
use crate::check::{self, Phone, Target};
use crate::config::Admin;

/// For one question to the server on this machine and its whole answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks whether the phone has told something.
const PAUSE: Duration = Duration::from_millis(500);

/// Reports are much shorter.
const LONGEST_ANSWER: u64 = 1 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    id: String,
    link: String,
    link_in_the_clear: Option<String>,
    seconds: u64,
}

#[derive(Deserialize)]
struct Probe {
    reports: Vec<Phone>,
}

/// 0: the phone found every way open that callers need. 1: it did not, or nobody came.
pub(super) fn check(args: &Args, as_json: bool) -> Result<(), ExitCode> {
    let config = load(args)?;
    let failed = |error: anyhow::Error| fail(format!("{error:#}"));
    let Some(admin) = &config.admin else {
        return Err(fail("`check --phone` asks the running server by its admin API: set admin.listen"));
    };
    let made: Made = ask(admin, "POST", "/api/v1/probes").map_err(failed)?;
    let target = Target::read(&made.link).map_err(fail)?;
    // Programs read the answer; the link is for a person all the same.
    match as_json {
        true => eprint!("{}", invitation(&made)),
        false => print(&invitation(&made))?,
    }
    let phone = wait(admin, &made).map_err(failed)?;
    let (seen, here) = (phone.observed(&target), app::firewalls());
    let colours = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    match as_json {
        true => print(&check::json(std::slice::from_ref(&seen), Some(&here)))?,
        false => print(&check::phone_table(&phone, &target, &here, colours))?,
    }
    if check::is_good(&seen) { Ok(()) } else { Err(ExitCode::FAILURE) }
}

/// What to do with the phone.
fn invitation(made: &Made) -> String {
    let past_tls = made.link_in_the_clear.as_ref().map(|link| {
        format!("If the phone warns of the certificate, or opens nothing, this one goes past TLS:\n\n  {link}\n\n")
    });
    format!(
        "Switch the phone's Wi-Fi off, so that it comes from outside, and open in its browser:\n\n  {}\n\n{}{}Waiting for it, for {} minutes\n\n",
        made.link,
        app::code(&made.link).unwrap_or_default(),
        past_tls.unwrap_or_default(),
        made.seconds / 60
    )
}

/// The first report.
fn wait(admin: &Admin, made: &Made) -> anyhow::Result<Phone> {
    let (begun, path) = (Instant::now(), format!("/api/v1/probes/{}", made.id));
    while begun.elapsed() < Duration::from_secs(made.seconds) {
        let probe: Probe = ask(admin, "GET", &path)?;
        if let Some(phone) = probe.reports.into_iter().next() {
            return Ok(phone);
        }
        std::thread::sleep(PAUSE);
    }
    bail!("no phone has told anything; did its browser open the link, and does it say what is in the way?")
}

/// Asks the admin API on this machine.
pub(super) fn ask<T: DeserializeOwned>(admin: &Admin, method: &str, path: &str) -> anyhow::Result<T> {
    let address = healthcheck::reachable(admin.listen);
    let mut stream = Bounded::connect(address, PATIENCE).with_context(|| {
        format!("no callbox answers on its admin listener {address}; is it running with this configuration?")
    })?;
    let token = admin.token.as_ref().map(|token| format!("Authorization: Bearer {}\r\n", token.expose()));
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{}Content-Length: 0\r\nConnection: close\r\n\r\n",
        token.unwrap_or_default()
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(LONGEST_ANSWER).read_to_string(&mut answer).context("the admin listener stopped answering")?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the admin listener answered nothing")?;
    match head.split(' ').nth(1) {
        Some("200" | "201") => serde_json::from_str(body).context("the admin listener is another version's"),
        Some("401") => bail!("the admin listener wants another token than admin.token here"),
        Some("404") => bail!("the link is no good any more: the server was restarted, or half an hour is over"),
        _ => bail!("the admin listener refused: {}", head.lines().next().unwrap_or_default()),
    }
}
