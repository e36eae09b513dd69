//! `callbox config`: the effective values as TOML that could be copied, each with the place it came from.

use std::fmt::Write;

use super::problem::Origin;
use super::reader::Reader;
use super::schema::shown;

/// Every key with its value and origin, in the order of sections; secrets masked.
pub(super) fn show(reader: &Reader) -> String {
    let lines: Vec<Line> = reader.keys().iter().map(|key| line(reader, key)).collect();
    let width = lines.iter().map(|line| line.text.len()).filter(|width| *width <= WIDEST).max().unwrap_or(0);
    let mut text = String::new();
    let mut section = String::new();
    for line in lines {
        if line.section != section {
            let _ = writeln!(text, "\n[{}]", line.section);
            section = line.section;
        }
        let _ = writeln!(text, "{:width$}  # {}", line.text, line.origin);
    }
    text
}

/// Longer lines do not push every origin to the right.
const WIDEST: usize = 60;

struct Line {
    section: String,
    text: String,
    origin: Origin,
}

fn line(reader: &Reader, key: &str) -> Line {
    let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
    let text = format!("{name} = {}", shown(key, &reader.value(key)));
    Line { section: section.to_owned(), text, origin: reader.origin(key) }
}
