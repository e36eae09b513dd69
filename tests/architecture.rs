//! Holds the code to the table in ARCHITECTURE.md: which room may use which, arrows only going down; and to the habits
//! that a reader relies on: a sentence at the top of each file, no hall of files, `unsafe` in one place.

#![allow(clippy::unwrap_used)] // the helpers of tests say what must be there by unwrapping it

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// One source file.
struct Source {
    path: PathBuf,
    text: String,
    /// Without comments.
    code: String,
    /// Compiled for tests alone.
    is_test: bool,
}

impl Source {
    /// Without comments and tests.
    fn production(&self) -> &str {
        if self.is_test { "" } else { self.code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default() }
    }
}

/// One row of the table.
struct Room {
    floor: u32,
    may_use: BTreeSet<String>,
}

#[test]
fn every_arrow_between_rooms_is_in_the_table_and_every_arrow_of_the_table_is_in_the_code() {
    let (table, used) = (table(), arrows());
    let listed: BTreeMap<&str, &BTreeSet<String>> = table.iter().map(|(name, room)| (&**name, &room.may_use)).collect();
    let used: BTreeMap<&str, &BTreeSet<String>> = used.iter().map(|(name, uses)| (&**name, uses)).collect();
    assert_eq!(used, listed, "left: what src/ uses; right: what ARCHITECTURE.md says it may use");
}

#[test]
fn arrows_only_go_down() {
    let table = table();
    for (name, room) in &table {
        for used in &room.may_use {
            let below = table.get(used).unwrap_or_else(|| panic!("`{name}` may use `{used}`, which has no row"));
            assert!(below.floor < room.floor, "`{name}` (floor {}) uses `{used}` (floor {})", room.floor, below.floor);
        }
    }
}

#[test]
fn the_pure_rooms_touch_neither_clock_nor_socket_nor_dice() {
    const PURE: [&str; 7] = ["hub", "cluster", "turn", "stun", "pass", "invitation", "proxies"];
    const NEVER: [&str; 9] = [
        "Now::read",
        "Instant::now",
        "SystemTime",
        "tokio",
        "UdpSocket",
        "TcpStream",
        "TcpListener",
        "rand::",
        "std::fs",
    ];
    for source in sources().iter().filter(|source| PURE.contains(&&*room_of(source))) {
        for word in NEVER {
            assert!(!source.production().contains(word), "{} is pure and may not know {word}", source.path.display());
        }
    }
}

#[test]
fn every_file_opens_with_a_sentence_that_says_what_it_is_for() {
    for source in sources() {
        let header: String = source.text.lines().take_while(|line| line.starts_with("//!")).collect();
        assert!(header.contains('.') && header.len() > 30, "{} needs its //! sentence", source.path.display());
    }
}

#[test]
fn no_file_grows_into_a_hall() {
    for source in sources() {
        let lines = source.text.lines().count();
        assert!(lines <= 600, "{} has {lines} lines: which type is hiding in it?", source.path.display());
    }
}

#[test]
fn unsafe_lives_in_the_socket_layer_alone() {
    for source in sources().iter().filter(|source| {
        !source.path.starts_with("src/relay/socket") && source.path != Path::new("src/relay/socket.rs")
    }) {
        let words = source.code.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let found = words.filter(|word| *word == "unsafe").count();
        assert_eq!(found, 0, "{} may not contain unsafe code", source.path.display());
    }
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    collect(Path::new("src"), &mut paths);
    assert!(paths.len() > 20, "run from the top of the repository");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.lines().map(without_comment).collect::<Vec<_>>().join("\n");
        Source { path, text, code, is_test: false }
    };
    let mut sources: Vec<Source> = paths.into_iter().map(read).collect();
    let tests: Vec<PathBuf> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        source.is_test = tests.iter().any(|module| source.path.with_extension("").starts_with(module));
    }
    sources
}

/// The modules that a file declares for tests alone, as `src/hub/world`.
fn test_modules(source: &Source) -> Vec<PathBuf> {
    let stem = source.path.file_stem().unwrap();
    let holds_it_all = ["mod", "lib", "main"].iter().any(|name| stem == *name);
    let folder = if holds_it_all { source.path.parent().unwrap().to_owned() } else { source.path.with_extension("") };
    let declared = source.code.split("#[cfg(test)]\nmod ").skip(1).filter_map(|rest| rest.split_once(';'));
    let names = declared.map(|(name, _)| name).filter(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'));
    names.map(|name| folder.join(name)).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// Rough, and right for code that rustfmt wrote: a `//` inside a text would cut the line, which hides no arrow.
fn without_comment(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

/// `src/turn/session.rs` and `src/pass.rs` belong to the rooms `turn` and `pass`.
fn room_of(source: &Source) -> String {
    let inner = source.path.strip_prefix("src").unwrap();
    let first = inner.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Room → the other rooms that its code names. `lib.rs` only lists the rooms.
fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        let room = room_of(&source);
        if room == "lib" {
            continue;
        }
        let uses = arrows.entry(room.clone()).or_default();
        uses.extend(named_rooms(source.production()).into_iter().filter(|used| *used != room));
    }
    arrows
}

/// The first names after `crate::` (in the binary `callbox::`), braces included: `crate::{gate, http::Site}` has two.
fn named_rooms(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for start in ["crate::", "callbox::"] {
        for (at, _) in code.match_indices(start) {
            let rest = &code[at + start.len()..];
            match rest.strip_prefix('{') {
                Some(list) => rooms.extend(top_names(list)),
                None => rooms.extend(name_at_start(rest)),
            }
        }
    }
    rooms
}

/// The first name of each item of a braced list, up to the brace that closes it.
fn top_names(list: &str) -> Vec<String> {
    let (mut depth, mut items) = (0, vec![String::new()]);
    for c in list.chars() {
        match c {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => items.push(String::new()),
            c => items.last_mut().unwrap().push(c),
        }
    }
    items.iter().filter_map(|item| name_at_start(item.trim())).collect()
}

fn name_at_start(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
    // A macro or an item of the crate's root is no room.
    (!name.is_empty() && !text[name.len()..].starts_with('!')).then_some(name)
}

/// The rows below `## Rooms`: floor, room, what it knows, what it may use, what it must never know.
fn table() -> BTreeMap<String, Room> {
    let text = fs::read_to_string("ARCHITECTURE.md").expect("ARCHITECTURE.md has the table");
    let section = text.split("\n## Rooms\n").nth(1).expect("ARCHITECTURE.md has a section `## Rooms`");
    let section = section.split("\n## ").next().unwrap();
    let mut rooms = BTreeMap::new();
    for row in section.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [floor, room, _, may_use, _] = *cells else { panic!("a row of five cells: {row}") };
        // The head of the table has no number.
        let Ok(floor) = floor.parse() else { continue };
        for name in names(room) {
            rooms.insert(name, Room { floor, may_use: names(may_use) });
        }
    }
    rooms
}

/// What stands in backticks: `hub/` and `pass.rs` are the rooms hub and pass.
fn names(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(bare).collect()
}

fn bare(name: &str) -> String {
    name.trim_end_matches('/').trim_end_matches(".rs").to_owned()
}
