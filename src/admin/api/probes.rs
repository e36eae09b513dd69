//! Phones that find out from outside what no server can know of itself: a link for one, and what came back.

use http::StatusCode;
use serde::Serialize;

use crate::admin::Parts;
use crate::admin::answer::{Answer, Problem, json, json_as};
use crate::http::Report;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    id: String,
    link: String,
    link_in_the_clear: Option<String>,
    seconds: u64,
}

#[derive(Debug, Serialize)]
struct Probe {
    reports: Vec<Report>,
}

/// Begins to wait for a phone.
pub(in crate::admin) fn open_probe(parts: &Parts) -> Answer {
    let (opened, link) = (parts.site.probes().open(), parts.link.borrow().clone());
    let made = Made {
        link: opened.link(&link),
        link_in_the_clear: opened.link_in_the_clear(&link),
        seconds: opened.life.as_secs(),
        id: opened.id,
    };
    json_as(StatusCode::CREATED, &made)
}

/// What phones have told so far.
pub(in crate::admin) fn probe(parts: &Parts, id: &str) -> Result<Answer, Problem> {
    let told = parts.site.probes().watch(id);
    let told = told.ok_or_else(|| Problem::missing("nobody waits for a phone under this id any more"))?;
    let reports = told.borrow().clone();
    Ok(json(&Probe { reports }))
}
