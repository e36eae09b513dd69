//! Names of rooms and people: any language, but nothing that could not be seen, that would turn the text around it or grow
//! out of its line, and one spelling where Unicode has several. Letters that look alike stay different: a name opens
//! nothing by itself, and telling scripts apart would refuse names that are in use.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::pass::is_other_space;

/// The name of a room, tidied: 1 to 64 characters in NFC, spaces around it taken off and each gap one space. `Kitchen` and
/// `kitchen` are two rooms.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoomName(Arc<str>);

impl RoomName {
    /// `None` when the text is no name, or one that no link can carry.
    pub fn new(text: &str) -> Option<RoomName> {
        tidy(text).filter(|name| !is_dots(name)).map(RoomName)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// So that a map of rooms can be asked with plain text.
impl Borrow<str> for RoomName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// The text in its one spelling, if that has 1 to [`LONGEST`] characters that all may stand in a name.
pub(super) fn tidy(text: &str) -> Option<Arc<str>> {
    let text = text.trim();
    // Before anything is made of it: NFC makes no text more than three times as long (UAX #15), nor this one shorter than so.
    if text.chars().count() > 3 * LONGEST || text.chars().any(is_unseen) {
        return None;
    }
    let spaced: String = text.chars().map(|c| if is_other_space(c) { ' ' } else { c }).nfc().collect();
    let text = spaced.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let fits = !text.is_empty() && text.chars().count() <= LONGEST;
    (fits && !is_piled_up(&text) && !has_a_loose_joiner(&text)).then(|| text.into())
}

/// What every browser takes out of an address, however it is written (URL Standard, 4.4): a room of that name could be joined
/// but not linked to, and whoever runs the server could not close it.
fn is_dots(name: &str) -> bool {
    matches!(name, "." | "..")
}

/// A tile shows about twenty characters; sixty-four leave room for a full name with titles in any language.
const LONGEST: usize = 64;

/// Control characters, line separators, and what makes other text look different from what it is: the bidirectional marks,
/// overrides and isolates, characters without a width or a picture (soft hyphen, fillers, tags), and the places that
/// Unicode leaves to everybody. The zero-width joiners stay: Persian and emoji need them.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}'
        )
        || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
        || matches!(c, '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}')
        || matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{E0FFF}' | '\u{F0000}'..)
}

/// Marks above and below a letter that no language piles so high: they would cover the lines around.
fn is_piled_up(text: &str) -> bool {
    const HIGHEST: usize = 4;
    let mut pile = 0;
    text.chars().any(|c| {
        pile = if is_combining_mark(c) { pile + 1 } else { 0 };
        pile > HIGHEST
    })
}

/// A zero-width joiner joins two characters of scripts that know it (RFC 5892, A.1 and A.2, roughly): anywhere else it
/// would make a second name that looks like the first.
fn has_a_loose_joiner(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let joins = |c: Option<&char>| c.is_some_and(|c| !c.is_ascii() && !is_joiner(*c));
    let loose =
        |at: usize| !joins(at.checked_sub(1).and_then(|at| characters.get(at))) || !joins(characters.get(at + 1));
    (0..characters.len()).any(|at| is_joiner(characters[at]) && loose(at))
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_language_makes_a_room() {
        for name in
            ["kitchen", "会议室", "Küche 2", "आँगन", "👩‍💻 pair", "می‌خواهم", "ห้องครัว", "Bếp", "❤️", "בית־קפה", "주방"]
        {
            assert_eq!(RoomName::new(name).map(|room| room.to_string()), Some(name.to_owned()));
        }
    }

    #[test]
    fn spaces_around_a_name_do_not_make_another_room() {
        assert_eq!(RoomName::new("  kitchen\t"), RoomName::new("kitchen"));
    }

    #[test]
    fn one_name_has_one_spelling() {
        for (typed, room) in [
            ("Ku\u{308}che", "K\u{fc}che"),
            ("\u{1112}\u{1161}\u{11ab}", "\u{d55c}"),
            ("Kitchen\u{a0}2", "Kitchen 2"),
            ("\u{3000}Kitchen \u{2003} 2 ", "Kitchen 2"),
        ] {
            assert_eq!(RoomName::new(typed), RoomName::new(room), "{room}");
            assert_eq!(RoomName::new(typed).map(|room| room.to_string()).as_deref(), Some(room));
        }
    }

    #[test]
    fn no_second_name_looks_like_the_first_and_none_leaves_its_line() {
        let zalgo = format!("k{}itchen", "\u{30d}".repeat(9));
        for name in [
            "kit\u{200D}chen",
            "kitchen\u{200C}",
            "\u{200D}会",
            "会\u{200D}\u{200D}会",
            "kit\u{ad}chen",
            "kitchen\u{3164}",
            &zalgo,
        ] {
            assert_eq!(RoomName::new(name), None, "{name:?}");
        }
        let tags: String =
            "kitchen".chars().chain("evil".chars().filter_map(|c| char::from_u32(0xE0000 + c as u32))).collect();
        assert_eq!(RoomName::new(&tags), None);
    }

    #[test]
    fn a_room_that_no_link_leads_to_is_none() {
        assert_eq!((RoomName::new("."), RoomName::new(" .. ")), (None, None));
        assert!(RoomName::new("...").is_some() && RoomName::new("a..").is_some());
        assert_eq!(tidy("..").as_deref(), Some(".."), "people may be called what they like");
    }

    #[test]
    fn nothing_invisible_and_nothing_endless_is_a_name() {
        let endless = "x".repeat(65);
        for name in ["", "   ", "a\nb", "a\0", "evil\u{202E}gnp.exe", "a\u{200B}b", endless.as_str()] {
            assert_eq!(RoomName::new(name), None, "{name:?}");
        }
        assert!(RoomName::new(&"会".repeat(64)).is_some(), "the limit counts characters, not bytes");
        assert!(RoomName::new(&"u\u{308}".repeat(64)).is_some(), "as they are seen");
    }
}
