//! MESSAGE-INTEGRITY and MESSAGE-INTEGRITY-SHA256: who wrote a message, and that nobody changed it (RFC 8489, 14.5 and
//! 14.6), with the keys of long-term credentials (9.2.2).

use aws_lc_rs::{constant_time, digest, hmac};
use md5::{Digest, Md5};

use super::message::HEADER;

/// The key both integrity attributes are made with. Holds a digest of the password, never the password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key {
    bytes: [u8; 32],
    len: usize,
}

/// How a password becomes a key (RFC 8489, 18.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasswordAlgorithm {
    Md5 = 0x0001,
    Sha256 = 0x0002,
}

impl Key {
    /// RFC 8489, 9.2.2: `key = digest(username ":" OpaqueString(realm) ":" OpaqueString(password))`. The texts are used as
    /// they come: whoever gives them has prepared them (`pass::opaque_string`).
    pub(crate) fn long_term(algorithm: PasswordAlgorithm, username: &str, realm: &str, password: &str) -> Key {
        let text = [username, realm, password].join(":");
        let mut key = Key { bytes: [0; 32], len: 0 };
        match algorithm {
            PasswordAlgorithm::Md5 => key.fill(&Md5::digest(text)),
            PasswordAlgorithm::Sha256 => key.fill(digest::digest(&digest::SHA256, text.as_bytes()).as_ref()),
        }
        key
    }

    /// A short-term credential's key (RFC 8489, 9.1.1): the password itself, at most 32 bytes of it. Only the RFC 5769
    /// vectors use it.
    #[cfg(test)]
    pub(crate) fn short_term(password: &str) -> Key {
        let mut key = Key { bytes: [0; 32], len: 0 };
        key.fill(password.as_bytes());
        key
    }

    fn fill(&mut self, digest: &[u8]) {
        self.len = digest.len();
        self.bytes[..self.len].copy_from_slice(digest);
    }

    fn sha1(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.bytes[..self.len])
    }

    fn sha256(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.bytes[..self.len])
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(***)")
    }
}

/// The value of a MESSAGE-INTEGRITY that follows `message`: 20 bytes.
pub(crate) fn sign_sha1(message: &[u8], key: &Key) -> hmac::Tag {
    sign(message, 20, &key.sha1())
}

/// The value of a MESSAGE-INTEGRITY-SHA256 that follows `message`: 32 bytes. TURN allows no truncation.
pub(crate) fn sign_sha256(message: &[u8], key: &Key) -> hmac::Tag {
    sign(message, 32, &key.sha256())
}

/// Whether the MESSAGE-INTEGRITY at `at` fits.
pub(crate) fn verify_sha1(message: &[u8], at: usize, key: &Key) -> bool {
    verify(message, at, sign_sha1(&message[..at], key))
}

/// Whether the MESSAGE-INTEGRITY-SHA256 at `at` fits.
pub(crate) fn verify_sha256(message: &[u8], at: usize, key: &Key) -> bool {
    verify(message, at, sign_sha256(&message[..at], key))
}

/// RFC 8489, 14.5: "the length of the message … up to and including the attribute"; whatever follows does not count.
fn sign(message: &[u8], value: usize, key: &hmac::Key) -> hmac::Tag {
    let length = (message.len() - HEADER + 4 + value) as u16;
    let mut context = hmac::Context::with_key(key);
    context.update(&message[..2]);
    context.update(&length.to_be_bytes());
    context.update(&message[4..]);
    context.sign()
}

/// The attribute's declared length must be the tag's: a shorter one is a guess at fewer bytes.
fn verify(message: &[u8], at: usize, tag: hmac::Tag) -> bool {
    let tag = tag.as_ref();
    let declared = u16::from_be_bytes([message[at + 2], message[at + 3]]);
    usize::from(declared) == tag.len()
        && constant_time::verify_slices_are_equal(&message[at + 4..at + 4 + tag.len()], tag).is_ok()
}
