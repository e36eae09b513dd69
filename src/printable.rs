//! What somebody else wrote, made fit for a terminal or a log: nothing in it is obeyed, turns the text beside it or hides in it,
//! and it has an end. What names may hold is stricter and stands with the names.

/// `text` with at most `most` characters, each that would act instead of being shown replaced by a sign of that.
pub fn printable(text: &str, most: usize) -> String {
    text.chars().take(most).map(|c| if acts(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Control characters, and what has no picture of its own: marks of direction, joiners, line separators, tags.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
        || matches!(c, '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_wrote_is_shown_and_not_obeyed() {
        assert_eq!(printable("\u{1b}[2Jgnp\u{202e}exe\n\u{9b}31m", 99), "\u{FFFD}[2Jgnp\u{FFFD}exe\u{FFFD}\u{FFFD}31m");
        assert_eq!(printable("a\u{200b}b\u{e0041}c", 99), "a\u{FFFD}b\u{FFFD}c");
        assert_eq!(printable("会议室 ä", 99), "会议室 ä");
    }

    #[test]
    fn it_has_an_end() {
        assert_eq!(printable(&"会".repeat(500), 120).chars().count(), 120);
    }
}
