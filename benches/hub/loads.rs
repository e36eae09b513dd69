//! What is done to a hub and what is taken down of it.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::crowd::{Crowd, News};
use crate::identity::Identity;
use crate::options::Options;
use crate::process::{Cores, Cpu, Process};
use crate::servers::{Hub, Running};

/// People in the comparison.
const PEOPLE: usize = 4000;

/// People before the first look at the memory, so that what a server allots once is not counted.
const FIRST: usize = 200;

/// Messages a second in the load at a fixed rate.
const RATE: u32 = 5000;

/// Messages from one person to another on their way when a hub is kept busy: a page that meets another says a description and
/// a handful of candidates at once.
const UNDER_WAY: usize = 4;

/// Time for everybody to say something twice, so that buffers are there and compilers are through, before anything counts.
const WARM_UP: Duration = Duration::from_millis(1700);

/// What one hub showed in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Joins in a second of the clock.
    pub(crate) joins_per_second: f64,
    /// Joins in a second of CPU time.
    pub(crate) joins_per_cpu_second: f64,
    /// Resident bytes for each person who sits and says nothing.
    pub(crate) idle_bytes: f64,
    /// At [`RATE`].
    pub(crate) paced: Run,
    /// As many as it can.
    pub(crate) saturated: Run,
}

/// What came of messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// Server CPU microseconds for each.
    pub(crate) micros: f64,
    /// The part of them in user space.
    pub(crate) user: f64,
    /// Messages in a second of the clock.
    pub(crate) rate: f64,
    /// The part of a core that the server used.
    pub(crate) busy: f64,
    /// Half of them took no longer, in microseconds.
    pub(crate) median: f64,
    /// 99 of 100 took no longer, in microseconds.
    pub(crate) p99: f64,
}

/// Takes down everything of one hub.
pub(crate) fn measure(hub: &Hub, cores: Cores, identity: Option<&Identity>, options: &Options) -> Result<Figures> {
    let server = hub.start(cores, identity)?;
    let mut crowd = Crowd::new(hub.dialect.as_ref(), &[server.address], identity.map(Identity::client))?;
    crowd.welcome(FIRST)?;
    let people = options.people(PEOPLE);
    let (memory, cpu, begin) = (server.resident()?, server.process.cpu()?, Instant::now());
    crowd.welcome(people)?;
    let (elapsed, cpu) = (begin.elapsed(), server.process.cpu()? - cpu);
    Ok(Figures {
        joins_per_second: people as f64 / elapsed.as_secs_f64(),
        joins_per_cpu_second: people as f64 * 1e6 / cpu.micros,
        idle_bytes: server.resident()?.saturating_sub(memory) as f64 / people as f64,
        paced: paced(&mut crowd, &server.process, options.duration())?,
        saturated: saturated(&mut crowd, &server, options.duration())?,
    })
}

/// Everybody in turn says something, [`RATE`] times a second together.
pub(crate) fn paced(crowd: &mut Crowd<'_>, server: &Process, duration: Duration) -> Result<Run> {
    pace(crowd, RATE, WARM_UP)?;
    let before = server.cpu()?;
    let times = pace(crowd, RATE, duration)?;
    Ok(Run::new(times, server.cpu()? - before, duration))
}

/// Everybody in turn says something, so many times a second together: how long each word took, in nanoseconds, the shortest first.
pub(crate) fn timed(crowd: &mut Crowd<'_>, rate: u32, duration: Duration) -> Result<Vec<u64>> {
    pace(crowd, rate, WARM_UP)?;
    let mut times = pace(crowd, rate, duration)?;
    times.sort_unstable();
    Ok(times)
}

/// So great a part of `times` took no longer than this, in microseconds.
pub(crate) fn quantile(times: &[u64], part: f64) -> f64 {
    let index = (times.len() as f64 * part) as usize;
    times.get(index).map_or(f64::NAN, |nanos| *nanos as f64 / 1e3)
}

fn pace(crowd: &mut Crowd<'_>, rate: u32, duration: Duration) -> Result<Vec<u64>> {
    let (mut times, mut due) = (Vec::new(), Instant::now());
    let (interval, end) = (Duration::from_secs(1) / rate, due + duration);
    // A step that has no divisor in common with the number of people: neighbours in time are strangers.
    let mut who = 0;
    while due < end {
        if Instant::now() >= due {
            crowd.signal(who, 1)?;
            who = (who + 997) % crowd.people.len();
            due += interval;
        }
        crowd.step(Some(Duration::ZERO))?;
        times.extend(signals(crowd).map(|(_, time)| time));
    }
    settle(crowd, &mut times)?;
    Ok(times)
}

/// Everybody has [`UNDER_WAY`] messages on their way, always.
fn saturated(crowd: &mut Crowd<'_>, server: &Running<'_>, duration: Duration) -> Result<Run> {
    for who in 0..crowd.people.len() {
        crowd.signal(who, UNDER_WAY)?;
    }
    circulate(crowd, WARM_UP)?;
    let (before, begin) = (server.process.cpu()?, Instant::now());
    let times = circulate(crowd, duration)?;
    let run = Run::new(times, server.process.cpu()? - before, begin.elapsed());
    settle(crowd, &mut Vec::new())?;
    Ok(run)
}

fn circulate(crowd: &mut Crowd<'_>, duration: Duration) -> Result<Vec<u64>> {
    let (mut times, end) = (Vec::new(), Instant::now() + duration);
    let mut heard: Vec<(usize, usize)> = Vec::new();
    while Instant::now() < end {
        crowd.step(Some(Duration::from_millis(100)))?;
        heard.clear();
        for (who, time) in signals(crowd) {
            times.push(time);
            match heard.last_mut() {
                Some((last, count)) if *last == who => *count += 1,
                _ => heard.push((who, 1)),
            }
        }
        for (who, count) in &heard {
            crowd.signal(who ^ 1, *count)?;
        }
    }
    Ok(times)
}

/// Waits for what is still on its way. No hub may lose anything.
fn settle(crowd: &mut Crowd<'_>, times: &mut Vec<u64>) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while crowd.awaited() > 0 {
        ensure!(Instant::now() < deadline, "{} messages never arrived", crowd.awaited());
        crowd.step(Some(Duration::from_millis(100)))?;
        times.extend(signals(crowd).map(|(_, time)| time));
    }
    Ok(())
}

fn signals(crowd: &Crowd<'_>) -> impl Iterator<Item = (usize, u64)> {
    crowd.news.iter().filter_map(|news| match news {
        News::Signal(who, time) => Some((*who, *time)),
        _ => None,
    })
}

impl Run {
    fn new(mut times: Vec<u64>, cpu: Cpu, elapsed: Duration) -> Run {
        times.sort_unstable();
        Run {
            micros: cpu.micros / times.len() as f64,
            user: cpu.user() / times.len() as f64,
            rate: times.len() as f64 / elapsed.as_secs_f64(),
            busy: cpu.micros / 1e6 / elapsed.as_secs_f64(),
            median: quantile(&times, 0.5),
            p99: quantile(&times, 0.99),
        }
    }
}
