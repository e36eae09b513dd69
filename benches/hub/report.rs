//! One table in Markdown: a line for each figure, a column for each hub, and what the second one costs beside ours; then what
//! ours alone was asked to bear.

use crate::loads::Figures;
use crate::servers::Hub;

/// What each round showed of one hub; rounds of all hubs correspond.
pub(crate) type Row = Vec<Figures>;

/// One line.
struct Line {
    title: &'static str,
    read: fn(&Figures) -> f64,
    /// Whether more is better; else less is.
    more: bool,
    /// How many times better than socket.io ours is to be, in the clear.
    goal: Option<f64>,
}

const LINES: [Line; 13] = [
    line("joins/s", |of| of.joins_per_second, true, None),
    line("joins per CPU second", |of| of.joins_per_cpu_second, true, None),
    line("KiB per idle connection", |of| of.idle_bytes / 1024.0, false, Some(3.0)),
    line("5000 messages/s: CPU µs each", |of| of.paced.micros, false, Some(5.0)),
    line("5000 messages/s: of that in user space", |of| of.paced.user, false, None),
    line("5000 messages/s: messages per CPU second", |of| 1e6 / of.paced.micros, true, None),
    line("5000 messages/s: p50 µs", |of| of.paced.median, false, None),
    line("5000 messages/s: p99 µs", |of| of.paced.p99, false, Some(1.0)),
    line("saturated: CPU µs each", |of| of.saturated.micros, false, Some(6.0)),
    line("saturated: of that in user space", |of| of.saturated.user, false, None),
    line("saturated: messages per CPU second", |of| 1e6 / of.saturated.micros, true, None),
    line("saturated: messages/s", |of| of.saturated.rate, true, None),
    line("saturated: core busy %", |of| of.saturated.busy * 100.0, true, None),
];

const fn line(title: &'static str, read: fn(&Figures) -> f64, more: bool, goal: Option<f64>) -> Line {
    Line { title, read, more, goal }
}

/// How many goals there were, and which were missed.
#[derive(Debug, Default)]
pub(crate) struct Goals {
    set: usize,
    missed: Vec<String>,
}

impl Goals {
    /// Takes one down.
    pub(crate) fn note(&mut self, reached: bool, words: impl FnOnce() -> String) {
        self.set += 1;
        if !reached {
            self.missed.push(words());
        }
    }

    /// The last lines of a run.
    pub(crate) fn print(&self) {
        println!("\ngoals reached: {} of {}", self.set - self.missed.len(), self.set);
        self.missed.iter().for_each(|missed| println!("  not: {missed}"));
    }
}

/// The table's first two lines.
pub(crate) fn heading(hubs: &[Hub]) {
    let names: Vec<&str> = hubs.iter().map(|hub| hub.name.as_str()).collect();
    println!("\n| | | {} | {} | goal |", names.join(" | "), times(hubs).join(" | "));
    println!("|---|---|{}---|", "---:|".repeat(hubs.len() + times(hubs).len()));
}

/// The figures with TLS or without.
pub(crate) fn print(tls: bool, hubs: &[Hub], rows: &[Row], goals: &mut Goals) {
    let way = way(tls);
    for line in LINES {
        let values = rows.iter().map(|row| shown(median(row.iter().map(line.read).collect())));
        let values: Vec<String> = values.collect();
        let ratios: Vec<f64> = rows.iter().skip(1).map(|row| line.ratio(&rows[0], row)).collect();
        let goal = line.goal.filter(|_| !tls && hubs.get(1).is_some_and(|hub| hub.name.starts_with("socket.io")));
        let verdict = goal.map_or(String::new(), |goal| {
            let reached = ratios[0] >= goal;
            goals.note(reached, || format!("{way}, {}: {:.2} times, wanted {goal}", line.title, ratios[0]));
            self::verdict(&goal.to_string(), reached)
        });
        let ratios: Vec<String> = ratios.iter().map(|ratio| or_dash(*ratio, 2)).collect();
        println!("| {way} | {} | {} | {} | {verdict} |", line.title, values.join(" | "), ratios.join(" | "));
    }
}

/// A figure of our hub alone.
pub(crate) fn print_ours(tls: bool, hubs: &[Hub], title: &str, value: f64) {
    print_alone(tls, hubs, title, value, "");
}

/// The same, with what was wanted of it.
pub(crate) fn print_wanted(tls: bool, hubs: &[Hub], title: &str, value: f64, wanted: (&str, bool), goals: &mut Goals) {
    let (goal, reached) = wanted;
    goals.note(reached, || format!("{}, {title}: {}, wanted {goal}", way(tls), shown(value)));
    print_alone(tls, hubs, title, value, &verdict(goal, reached));
}

fn print_alone(tls: bool, hubs: &[Hub], title: &str, value: f64, verdict: &str) {
    let others = " |".repeat(2 * hubs.len().saturating_sub(1));
    println!("| {} | {title} | {} |{others} {verdict} |", way(tls), shown(value));
}

fn way(tls: bool) -> &'static str {
    if tls { "TLS" } else { "clear" }
}

fn verdict(goal: &str, reached: bool) -> String {
    format!("{goal} {}", if reached { "reached" } else { "**missed**" })
}

impl Line {
    /// How many times better ours is; round by round, so that a slow moment of the machine hits both sides.
    fn ratio(&self, ours: &Row, theirs: &Row) -> f64 {
        let rounds = ours.iter().zip(theirs).map(|(ours, theirs)| {
            let (ours, theirs) = ((self.read)(ours), (self.read)(theirs));
            if self.more { ours / theirs } else { theirs / ours }
        });
        median(rounds.collect())
    }
}

fn times(hubs: &[Hub]) -> Vec<String> {
    hubs.iter().skip(1).map(|hub| format!("times {}", hub.name)).collect()
}

fn shown(value: f64) -> String {
    or_dash(value, if value < 100.0 { 1 } else { 0 })
}

/// With so many decimals; a dash where nothing was measured.
fn or_dash(value: f64, decimals: usize) -> String {
    if value.is_nan() { "–".to_owned() } else { format!("{value:.decimals$}") }
}

/// The middle one, or between the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / 2.0,
    }
}
