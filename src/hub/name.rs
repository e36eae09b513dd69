//! Names of rooms and people: any language, but nothing that could not be seen, or that would turn the text around it.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The name of a room, tidied: 1 to 64 characters, spaces around it taken off. `Kitchen` and `kitchen` are two rooms.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomName(Arc<str>);

impl RoomName {
    /// `None` when the text is no name.
    pub fn new(text: &str) -> Option<RoomName> {
        tidy(text).map(RoomName)
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

/// The text without spaces around it, if what remains has 1 to [`LONGEST`] characters that all may stand in a name.
pub(super) fn tidy(text: &str) -> Option<Arc<str>> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= LONGEST;
    (fits && !text.chars().any(is_unseen)).then(|| text.into())
}

/// A tile shows about twenty characters; sixty-four leave room for a full name with titles in any language.
const LONGEST: usize = 64;

/// Control characters, line separators, and what makes other text look different from what it is: the bidirectional
/// overrides and isolates, and the zero-width space. The zero-width joiners stay: Persian and emoji need them.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_language_makes_a_room() {
        for name in ["kitchen", "会议室", "Küche 2", "आँगन", "👩‍💻 pair", "می‌خواهم"] {
            assert_eq!(RoomName::new(name).map(|room| room.to_string()), Some(name.to_owned()));
        }
    }

    #[test]
    fn spaces_around_a_name_do_not_make_another_room() {
        assert_eq!(RoomName::new("  kitchen\t"), RoomName::new("kitchen"));
    }

    #[test]
    fn nothing_invisible_and_nothing_endless_is_a_name() {
        let endless = "x".repeat(65);
        for name in ["", "   ", "a\nb", "a\0", "evil\u{202E}gnp.exe", "a\u{200B}b", endless.as_str()] {
            assert_eq!(RoomName::new(name), None, "{name:?}");
        }
        assert!(RoomName::new(&"会".repeat(64)).is_some(), "the limit counts characters, not bytes");
    }
}
