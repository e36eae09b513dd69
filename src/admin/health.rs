//! Whether all is well, part by part, in words. Degraded is what an operator should look at while callers still get
//! through; down is what keeps them out.

use std::time::{Duration, UNIX_EPOCH};

use ::http::StatusCode;
use humantime::format_rfc3339_seconds;
use serde::Serialize;

use super::Parts;
use super::answer::{Answer, json_as};
use super::guard::Standing;
use crate::clock::Now;
use crate::http;
use crate::router;
use crate::turn::BudgetStep;

/// How a part is, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Ok,
    Degraded,
    Down,
}

/// The whole, and each part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Health {
    pub(super) status: State,
    pub(super) parts: Vec<Part>,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) status: State,
    /// What there is to know, one sentence each.
    pub(super) says: Vec<String>,
}

/// Looks at every part.
pub(super) fn look(parts: &Parts) -> Health {
    let mut all = vec![connections(parts), certificates(parts, Now::read()), relay(parts)];
    all.extend(parts.router.as_ref().map(|standing| router(&standing.borrow())));
    all.extend(parts.site.standing().as_ref().map(cluster));
    // A part that is down keeps some out, not everybody: another way in may be open.
    let status = all.iter().map(|part| part.status).max().unwrap_or(State::Ok);
    Health { status, parts: all }
}

/// 503 when something is down. Strangers learn no details.
pub(super) fn answer(health: &Health, standing: Standing) -> Answer {
    let status = match health.status {
        State::Ok | State::Degraded => StatusCode::OK,
        State::Down => StatusCode::SERVICE_UNAVAILABLE,
    };
    match standing {
        Standing::Operator => json_as(status, health),
        Standing::Stranger => json_as(status, &Health { status: health.status, parts: Vec::new() }),
    }
}

/// Whether callers may be sent here. A server without Redis is still ready: whoever has a seat there comes back to it, and where
/// Redis is gone for all, every other server is in the same state.
pub(super) fn ready(parts: &Parts, ready: bool, standing: Standing) -> Answer {
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let trouble = parts.site.standing().filter(|cluster| !cluster.is_reached && standing == Standing::Operator);
    let says = trouble.map(|cluster| self::cluster(&cluster).says).unwrap_or_default();
    json_as(status, &serde_json::json!({ "ready": ready, "says": says }))
}

fn connections(parts: &Parts) -> Part {
    let (open, most) = (parts.gate.open(), parts.gate.most());
    let says = vec![format!("{open} of {most} connections are open")];
    let status = match open {
        open if open >= most => State::Down,
        // One in ten left.
        open if open * 10 >= most * 9 => State::Degraded,
        _ => State::Ok,
    };
    Part { name: "connections", status, says }
}

fn certificates(parts: &Parts, now: Now) -> Part {
    let (mut status, mut says) = (State::Ok, Vec::new());
    let Some(certificates) = &parts.certificates else {
        return Part { name: "certificates", status, says: vec!["TLS is off: a proxy in front has it".into()] };
    };
    for certificate in certificates.in_use() {
        let whose = certificate.host.as_deref().unwrap_or("everybody");
        let kind = if certificate.made_here { "self-signed" } else { "given" };
        if certificate.ends <= now.unix {
            status = State::Down;
            says.push(format!("the {kind} certificate for {whose} has ended: browsers turn back"));
        } else {
            let left = span(certificate.ends - now.unix);
            says.push(format!("the {kind} certificate for {whose} is good for {left}"));
        }
    }
    for standing in parts.trusted.standings() {
        let Some((words, until)) = standing.trouble else { continue };
        status = status.max(State::Degraded);
        let wait = span(until.saturating_sub(now.unix));
        says.push(format!("no new trusted certificate for {}: {words}; next attempt in {wait}", standing.subject));
    }
    Part { name: "certificates", status, says }
}

fn relay(parts: &Parts) -> Part {
    let name = "relay";
    let Some(relay) = &parts.relay else {
        return Part { name, status: State::Ok, says: vec!["the relay is off".into()] };
    };
    let counts = relay.counts();
    let alive = counts.allocations_opened.saturating_sub(counts.allocations_closed);
    let (mut status, mut says) = (State::Ok, vec![format!("{alive} relayed connections")]);
    if let Some(budget) = &parts.budget {
        let budget = *budget.borrow();
        let percent = u128::from(budget.used) * 100 / u128::from(budget.limit.max(1));
        says.push(format!("{percent} % of this month's budget is used up"));
        status = match budget.step {
            BudgetStep::Plenty => State::Ok,
            BudgetStep::Warned | BudgetStep::Lower | BudgetStep::AudioOnly => State::Degraded,
            BudgetStep::UsedUp => State::Down,
        };
    }
    Part { name, status, says }
}

/// Never down: people in this network come in whatever the router does.
fn router(standing: &router::Standing) -> Part {
    let status = if standing.is_good() { State::Ok } else { State::Degraded };
    Part { name: "router", status, says: standing.says() }
}

fn cluster(cluster: &http::Standing) -> Part {
    let since = cluster.since.map(|since| format!("since {}", format_rfc3339_seconds(UNIX_EPOCH + since)));
    let (status, words) = match (cluster.is_reached, since) {
        (true, _) => (State::Ok, format!("Redis is reached; {} servers share the rooms", cluster.nodes)),
        (false, since) => {
            let since = since.unwrap_or_else(|| "since the start".to_owned());
            (
                State::Down,
                format!("Redis cannot be reached {since}: calls go on, and nobody new comes in until it is back"),
            )
        }
    };
    Part { name: "cluster", status, says: vec![words] }
}

/// As long as a person wants to know it.
fn span(span: Duration) -> String {
    let (unit, name) = match span.as_secs() {
        ..7200 => (60, "minutes"),
        7200..172_800 => (3600, "hours"),
        _ => (86_400, "days"),
    };
    format!("{} {name}", span.as_secs() / unit)
}
