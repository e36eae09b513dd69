//! A short text that lies where it is used. On a busy server each place in memory that nobody has touched for a while costs as much
//! as all the rest of a message: a pointer to a text is one more of them.

use std::fmt;
use std::hash::Hash;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// See the module's text. A text that is not short is one as well.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ShortText(Kept);

/// Short ones are always here, with zeros behind: so two texts are the same when all of this is.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Kept {
    Here { length: u8, bytes: [u8; SHORT] },
    There(Arc<str>),
}

/// As many bytes as make no difference to the size.
const SHORT: usize = 22;

impl Deref for ShortText {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Kept::Here { length, bytes } => {
                std::str::from_utf8(&bytes[..usize::from(*length)]).expect("the bytes of a whole text")
            }
            Kept::There(text) => text,
        }
    }
}

impl From<&str> for ShortText {
    fn from(text: &str) -> ShortText {
        let mut bytes = [0; SHORT];
        ShortText(match bytes.get_mut(..text.len()) {
            Some(part) => {
                part.copy_from_slice(text.as_bytes());
                Kept::Here { length: text.len() as u8, bytes }
            }
            None => Kept::There(text.into()),
        })
    }
}

impl From<String> for ShortText {
    fn from(text: String) -> ShortText {
        text.as_str().into()
    }
}

impl PartialOrd for ShortText {
    fn partial_cmp(&self, other: &ShortText) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ShortText {
    fn cmp(&self, other: &ShortText) -> std::cmp::Ordering {
        str::cmp(self, other)
    }
}

impl fmt::Debug for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl Serialize for ShortText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for ShortText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ShortText, D::Error> {
        String::deserialize(deserializer).map(ShortText::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_any_length_is_read_as_it_was_written_and_is_like_itself_alone() {
        let texts: Vec<String> =
            (0..60).map(|length| "ü".repeat(length)).chain((0..60).map(|n| "x".repeat(n))).collect();
        for text in &texts {
            let kept = ShortText::from(text.as_str());
            assert_eq!(&*kept, text);
            let alike = texts.iter().filter(|other| ShortText::from(other.as_str()) == kept);
            assert!(alike.eq(texts.iter().filter(|other| *other == text)));
            assert!(texts.iter().all(|other| ShortText::from(other.as_str()).cmp(&kept) == other.cmp(text)));
        }
        assert_eq!(size_of::<ShortText>(), 24);
    }
}
