//! A check as a document for programs: everything that was seen, and what was made of it.

use serde::Serialize;

use super::judge::{Verdict, is_good, judge};
use super::report::Observations;
use super::words::words;
use crate::firewall::Found;

#[derive(Serialize)]
struct Document<'a> {
    /// Whether callers will notice nothing.
    good: bool,
    checks: Vec<Checked<'a>>,
}

#[derive(Serialize)]
struct Checked<'a> {
    good: bool,
    #[serde(flatten)]
    seen: &'a Observations,
    verdicts: Vec<Told>,
}

#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    verdict: Verdict,
    title: String,
    remedy: String,
}

/// What was seen of each target, and what was made of it; `here` as for [`table`](super::table).
pub fn json(all: &[Observations], here: Option<&Found>) -> String {
    let checks = all.iter().map(|seen| {
        let told = |verdict: Verdict| {
            let words = words(&verdict.cause, &seen.target.host, here);
            Told { verdict, title: words.title, remedy: words.remedy }
        };
        Checked { good: is_good(seen), seen, verdicts: judge(seen).into_iter().map(told).collect() }
    });
    let document = Document { good: all.iter().all(is_good), checks: checks.collect() };
    serde_json::to_string_pretty(&document).expect("texts, numbers and lists of them always have a JSON form") + "\n"
}
