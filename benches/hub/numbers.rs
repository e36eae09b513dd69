//! What our hub bears: very many idle people at once, and all of them coming back after a restart.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{Resource, getrlimit};

use crate::Bench;
use crate::crowd::{Crowd, News};
use crate::identity::Identity;
use crate::loads;
use crate::report::{self, Goals};

/// People who only sit there.
const IDLE: usize = 20_000;

/// People who all lose their connection at once.
const RETURNING: usize = 5000;

/// Everything is as it was by then.
const BACK: Duration = Duration::from_secs(10);

/// A page gives a sign of life so often; three missed, and the hub takes it for dead.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// A page tries again after a time between a half and the whole of this, twice as much after every failure.
const BACKOFF: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(8)];

/// Holds [`IDLE`] people for longer than the hub bears silence, and lets some of them speak in the end.
pub(crate) fn idle(bench: &Bench, goals: &mut Goals) -> Result<()> {
    let Some(hub) = bench.hubs.first() else { return Ok(()) };
    let server = hub.start(bench.cores, None)?;
    let people = bench.options.people(IDLE).min(descriptors()?);
    let mut crowd = Crowd::new(hub.dialect.as_ref(), &[server.address], None)?;
    let (empty, begin) = (server.resident()?, Instant::now());
    crowd.welcome(people)?;
    let joined = begin.elapsed();
    let memory = (server.resident()? - empty) as f64;
    let (cpu, held) = (server.process.cpu()?, if bench.options.quick { SIGN_OF_LIFE } else { 4 * SIGN_OF_LIFE });
    hold(&mut crowd, held)?;
    let cpu = (server.process.cpu()? - cpu).micros / held.as_micros() as f64;
    let run = loads::paced(&mut crowd, &server.process, bench.options.duration())?;
    let lines = [
        (format!("{people} people: all are in after s"), joined.as_secs_f64()),
        (format!("{people} people: KiB each"), memory / people as f64 / 1024.0),
        (format!("{people} people: core busy % with a ping of each every 5 s"), cpu * 100.0),
        (format!("{people} people: 5000 messages/s: CPU µs each"), run.micros),
        (format!("{people} people: 5000 messages/s: p99 µs"), run.p99),
    ];
    lines.iter().for_each(|(title, value)| report::print_ours(false, &bench.hubs, title, *value));
    let title = format!("idle sockets held for {} s", held.as_secs());
    report::print_wanted(false, &bench.hubs, &title, people as f64, (&IDLE.to_string(), people >= IDLE), goals);
    Ok(())
}

/// How many sockets a process may have open here, beside a few other files.
fn descriptors() -> Result<usize> {
    let (most, _) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(usize::try_from(most)?.saturating_sub(200))
}

/// Everybody gives signs of life and nothing else. Nobody may get lost.
fn hold(crowd: &mut Crowd<'_>, duration: Duration) -> Result<()> {
    let (begin, everybody) = (Instant::now(), crowd.people.len());
    let interval = SIGN_OF_LIFE / everybody as u32;
    let (mut pings, end) = (0, begin + duration);
    while Instant::now() < end {
        while interval * pings < begin.elapsed() {
            crowd.ping(pings as usize % everybody)?;
            pings += 1;
        }
        crowd.step(Some(Duration::from_millis(1)))?;
        ensure!(crowd.news.is_empty(), "somebody who only sat there got lost: {:?}", crowd.news);
    }
    Ok(())
}

/// Kills the server with [`RETURNING`] people in it, starts it again, and waits until each of them sits where they sat.
pub(crate) fn restart(bench: &Bench, goals: &mut Goals) -> Result<()> {
    bench.ways().into_iter().try_for_each(|identity| restarted(bench, identity, goals))
}

fn restarted(bench: &Bench, identity: Option<&Identity>, goals: &mut Goals) -> Result<()> {
    let Some(hub) = bench.hubs.first() else { return Ok(()) };
    let server = hub.start(bench.cores, identity)?;
    let people = bench.options.people(RETURNING);
    let mut crowd = Crowd::new(hub.dialect.as_ref(), &[server.address], identity.map(Identity::client))?;
    crowd.welcome(people)?;
    let seats: Vec<String> = crowd.people.iter().map(|person| person.seat.id.clone()).collect();
    let before = loads::paced(&mut crowd, &server.process, bench.options.duration())?;
    let begin = Instant::now();
    let server = server.kill_and_start()?;
    let down = begin.elapsed();
    come_back(&mut crowd, begin)?;
    let back = begin.elapsed();
    let same = crowd.people.iter().zip(&seats).all(|(person, seat)| person.seat.id == *seat);
    ensure!(same, "somebody came back to another seat");
    let after = loads::paced(&mut crowd, &server.process, bench.options.duration())?;
    let (tls, back) = (identity.is_some(), back.as_secs_f64());
    let lines = [
        (format!("restart with {people} people: killed and up again, s"), down.as_secs_f64()),
        (format!("restart with {people} people: p99 µs before"), before.p99),
        (format!("restart with {people} people: p99 µs after"), after.p99),
    ];
    lines.iter().for_each(|(title, value)| report::print_ours(tls, &bench.hubs, title, *value));
    let title = format!("restart with {people} people: everybody is in their seat after s");
    let wanted = format!("< {}", BACK.as_secs());
    report::print_wanted(tls, &bench.hubs, &title, back, (&wanted, back < BACK.as_secs_f64()), goals);
    Ok(())
}

/// Everybody whose connection broke tries again as a page does.
fn come_back(crowd: &mut Crowd<'_>, begin: Instant) -> Result<()> {
    let mut failures = vec![0; crowd.people.len()];
    let mut tries: BinaryHeap<Reverse<(Instant, usize)>> = BinaryHeap::new();
    let mut lost = 0;
    while lost < crowd.people.len() || crowd.people.iter().any(|person| !person.is_in) {
        ensure!(begin.elapsed() < 6 * BACK, "not everybody came back within a minute");
        while tries.peek().is_some_and(|Reverse((due, _))| *due <= Instant::now()) {
            let Reverse((_, who)) = tries.pop().context("there is one")?;
            crowd.connect(who)?;
        }
        crowd.step(Some(Duration::from_millis(1)))?;
        for news in std::mem::take(&mut crowd.news) {
            let News::Gone(who) = news else { continue };
            lost += usize::from(failures[who] == 0);
            tries.push(Reverse((Instant::now() + backoff(failures[who]), who)));
            failures[who] += 1;
        }
    }
    Ok(())
}

fn backoff(failures: u32) -> Duration {
    let [first, last] = BACKOFF;
    let longest = last.min(first * 2u32.pow(failures.min(10)));
    // Every one of them has another key: dice enough.
    let part = RandomState::new().hash_one(()) as f64 / u64::MAX as f64;
    longest.mul_f64(0.5 + part / 2.0)
}
