//! Turns rounds of outcomes into a table of medians, with the first server's advantage over each other one.

use crate::flows::PAYLOAD;
use crate::loads::Outcome;

/// What each round showed of one server; rounds of all servers correspond.
pub(crate) struct Row {
    /// The server.
    pub(crate) name: String,
    /// How many times as much as the first server it is to cost at least.
    pub(crate) goal: Option<f64>,
    /// Round by round.
    pub(crate) outcomes: Vec<Outcome>,
}

/// Bytes that an idle allocation of ours may take.
const MOST_MEMORY: f64 = 3.0 * 1024.0;

/// How many goals there were, and which were missed.
#[derive(Debug, Default)]
pub(crate) struct Goals {
    set: usize,
    missed: Vec<String>,
}

impl Goals {
    /// The last lines of a run.
    pub(crate) fn print(&self) {
        println!("\ngoals reached: {} of {}", self.set - self.missed.len(), self.set);
        self.missed.iter().for_each(|missed| println!("  not: {missed}"));
    }

    fn judge(&mut self, title: &str, row: &Row, ratio: f64) -> String {
        let Some(goal) = row.goal else { return String::new() };
        let reached = ratio >= goal;
        self.note(reached, || format!("{title}: {ratio:.2} times {}, wanted {goal:.1}", row.name));
        format!("  {goal:>4.1} {}", if reached { "reached" } else { "NOT reached" })
    }

    fn judge_memory(&mut self, name: &str, bytes: f64) {
        self.note(bytes <= MOST_MEMORY, || {
            format!("idle allocations: {bytes:.0} bytes each of {name}, wanted {MOST_MEMORY}")
        });
    }

    fn note(&mut self, reached: bool, words: impl FnOnce() -> String) {
        self.set += 1;
        if !reached {
            self.missed.push(words());
        }
    }
}

/// Prints a table for servers that went through the same rounds; ratios are taken round by round, so that a slow moment
/// of the machine hits both sides.
pub(crate) fn print(title: &str, rows: &[Row], goals: &mut Goals) {
    let Some(Row { outcomes: first, .. }) = rows.first() else { return };
    println!("{}", heading(first));
    if let Some(Outcome::Memory(_)) = first.first() {
        goals.judge_memory(&rows[0].name, median(first.iter().map(cost).collect()));
    }
    for row in rows {
        let ratio = median(first.iter().zip(&row.outcomes).map(|(ours, theirs)| cost(theirs) / cost(ours)).collect());
        let judgement = goals.judge(title, row, ratio);
        println!("  {:<22} {}  {ratio:>7.2}{judgement}", row.name, figures(&row.outcomes));
    }
}

fn heading(outcomes: &[Outcome]) -> String {
    let figures = match outcomes.first() {
        Some(Outcome::Saturated { .. }) => "  µs CPU   user    sys   kpackets/s   core busy     lost   MB/CPU s",
        Some(Outcome::Paced { .. }) => "  µs CPU   median µs    p99 µs    lost",
        Some(Outcome::Memory(_)) => "  bytes allocated   with a channel",
        None => "",
    };
    format!("  {:<22} {figures}    ratio  goal", "")
}

fn figures(outcomes: &[Outcome]) -> String {
    let of = |read: fn(&Outcome) -> f64| median(outcomes.iter().map(read).collect());
    match outcomes.first() {
        Some(Outcome::Saturated { .. }) => format!(
            "{:>8.2} {:>6.2} {:>6.2} {:>12.0} {:>9.0} % {:>6.2} % {:>10.0}",
            of(micros_each),
            of(user_each),
            of(micros_each) - of(user_each),
            of(rate) / 1e3,
            of(busy) * 100.0,
            of(lost) * 100.0,
            PAYLOAD as f64 / of(micros_each),
        ),
        Some(Outcome::Paced { .. }) => {
            format!("{:>8.2} {:>11.1} {:>9.1} {:>5.2} %", of(micros_each), of(typical), of(late), of(lost) * 100.0)
        }
        Some(Outcome::Memory(_)) => format!("{:>17.0} {:>16.0}", of(cost), of(bound)),
        None => String::new(),
    }
}

/// What the ratio compares: less is better.
fn cost(outcome: &Outcome) -> f64 {
    match outcome {
        Outcome::Saturated { .. } => micros_each(outcome),
        Outcome::Paced { .. } => late(outcome),
        Outcome::Memory(memory) => memory.allocated,
    }
}

fn micros_each(outcome: &Outcome) -> f64 {
    match outcome {
        Outcome::Saturated { tally, cpu, .. } | Outcome::Paced { tally, cpu, .. } => cpu.micros / tally.received as f64,
        Outcome::Memory(_) => f64::NAN,
    }
}

fn user_each(outcome: &Outcome) -> f64 {
    match outcome {
        Outcome::Saturated { tally, cpu, .. } => cpu.user() / tally.received as f64,
        _ => f64::NAN,
    }
}

fn rate(outcome: &Outcome) -> f64 {
    match outcome {
        Outcome::Saturated { tally, elapsed, .. } => tally.received as f64 / elapsed.as_secs_f64(),
        _ => f64::NAN,
    }
}

fn busy(outcome: &Outcome) -> f64 {
    match outcome {
        Outcome::Saturated { elapsed, cpu, .. } => cpu.micros / 1e6 / elapsed.as_secs_f64(),
        _ => f64::NAN,
    }
}

fn lost(outcome: &Outcome) -> f64 {
    match outcome {
        Outcome::Saturated { tally, .. } | Outcome::Paced { tally, .. } => tally.lost as f64 / tally.sent as f64,
        Outcome::Memory(_) => f64::NAN,
    }
}

fn typical(outcome: &Outcome) -> f64 {
    match outcome {
        Outcome::Paced { median, .. } => median.as_secs_f64() * 1e6,
        _ => f64::NAN,
    }
}

fn late(outcome: &Outcome) -> f64 {
    match outcome {
        Outcome::Paced { p99, .. } => p99.as_secs_f64() * 1e6,
        _ => f64::NAN,
    }
}

fn bound(outcome: &Outcome) -> f64 {
    match outcome {
        Outcome::Memory(memory) => memory.bound,
        _ => f64::NAN,
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}
