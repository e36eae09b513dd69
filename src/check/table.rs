//! A check as people read it: a line for each step, and below the causes of what failed.

use std::fmt::Write;

use super::judge::{Verdict, causes, is_good, judge};
use super::phone::Phone;
use super::report::{Observations, Outcome, Step, What};
use super::target::Target;
use super::words::words;
use crate::firewall::Found;
use crate::printable::printable;

/// The codes of a terminal's colours, or nothing.
struct Ink {
    good: &'static str,
    bad: &'static str,
    minor: &'static str,
    faint: &'static str,
    plain: &'static str,
}

const COLOURS: Ink = Ink { good: "\x1b[32m", bad: "\x1b[1;31m", minor: "\x1b[33m", faint: "\x1b[2m", plain: "\x1b[0m" };
const NONE: Ink = Ink { good: "", bad: "", minor: "", faint: "", plain: "" };

/// How a table is printed.
#[derive(Clone, Copy, Debug)]
pub struct Paper<'a> {
    /// For a terminal that knows them.
    pub colours: bool,
    /// Columns for the longer texts.
    pub width: usize,
    /// The firewalls of this machine, where it is the server that was checked.
    pub here: Option<&'a Found>,
}

/// The table with its causes.
pub fn table(seen: &Observations, Paper { colours, width, here }: Paper<'_>) -> String {
    let ink = if colours { COLOURS } else { NONE };
    let verdicts = judge(seen);
    let causes = causes(&verdicts);
    let mut text = format!("{}", seen.target);
    if let Some(version) = &seen.facts.version {
        let _ = write!(text, "  callbox {version}");
    }
    text.push_str("\n\n");
    for (at, step) in seen.steps.iter().enumerate() {
        let verdict = verdicts.iter().find(|verdict| verdict.step == at);
        let number = verdict.and_then(|verdict| causes.iter().position(|cause| **cause == verdict.cause));
        text.push_str(&line(step, verdict, number, &ink));
    }
    for (number, cause) in causes.iter().enumerate() {
        let essential = verdicts.iter().any(|verdict| verdict.essential && verdict.cause == **cause);
        let said = words(cause, &seen.target.host, here);
        let colour = if essential { ink.bad } else { ink.minor };
        let _ = writeln!(text, "\n{colour}[{}] {}{}", number + 1, said.title, ink.plain);
        for line in wrapped(&said.remedy, width.saturating_sub(4)) {
            let _ = writeln!(text, "    {line}");
        }
    }
    text.push_str(match (is_good(seen), verdicts.is_empty()) {
        (true, true) => "\nEverything works from here.\n",
        (true, false) => "\nCalls work from here.\n",
        (false, _) => "\nCallers will have trouble.\n",
    });
    text
}

/// What a phone found out about this machine's server, as a check; with a warning when it was no phone outside.
pub fn phone_table(phone: &Phone, target: &Target, here: &Found, colours: bool) -> String {
    let mut text = table(&phone.observed(target), Paper { colours, width: PHONE_WIDTH, here: Some(here) });
    if phone.from_inside {
        text.push_str(INSIDE);
    }
    text
}

/// Wider lines nobody reads with pleasure.
const PHONE_WIDTH: usize = 100;

const INSIDE: &str = "It came from a private network, so this says nothing about callers outside: switch its Wi-Fi off and \
    scan again.\n";

fn line(step: &Step, verdict: Option<&Verdict>, number: Option<usize>, ink: &Ink) -> String {
    let (colour, mark) = match (&step.outcome, verdict) {
        (Outcome::Good(_), _) => (ink.good, "ok"),
        (Outcome::NotTried(_), _) => (ink.faint, "-"),
        (_, Some(verdict)) if !verdict.essential => (ink.minor, "warn"),
        _ => (ink.bad, "FAIL"),
    };
    let told = match &step.outcome {
        Outcome::Good(told) | Outcome::NotTried(told) => told.clone(),
        Outcome::Bad(failure) => failure.to_string(),
    };
    let number = number.map(|number| format!("  [{}]", number + 1)).unwrap_or_default();
    let took = if step.took.is_zero() { String::new() } else { format!("{} ms", step.took.as_millis()) };
    let dialled = step.address.filter(|address| !address.ip().is_unspecified() && step.what != What::Page);
    let at = dialled.map(|address| address.to_string()).filter(|at| !step.on.contains(at));
    let on = at.map_or(step.on.clone(), |at| format!("{} at {at}", step.on));
    // Whoever is checked wrote some of it: nothing of it may drive the terminal.
    let (on, told) = (printable(&on, LONGEST_TEXT), printable(&told, LONGEST_TEXT));
    format!("{colour}{mark:<4}{} {took:>8}  {:<15}  {on}: {told}{number}\n", ink.plain, step.what)
}

/// Of what one step tells: a server that is checked may answer a novel.
const LONGEST_TEXT: usize = 300;

/// In lines of at most so many characters, where words let it.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("it begins with one");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            last.push_str(if last.is_empty() { "" } else { " " });
            last.push_str(word);
        }
    }
    lines
}
