//! What goes through the store is sealed: whoever reads it learns neither names nor passwords nor what pages say, and whoever
//! writes to it can disturb, but neither speak for a node nor make themselves a host.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::pass::Secret;

/// Everything that the nodes of a cluster derive from the secret they share.
pub struct Keys {
    secret: hmac::Key,
    seal: RandomizedNonceKey,
}

/// Of AES-GCM, before the text.
const NONCE: usize = 12;

impl Keys {
    /// The same on every node with the same secret.
    pub fn new(secret: &Secret) -> Keys {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        let key = derive(&secret, "seal");
        let seal = RandomizedNonceKey::new(&AES_256_GCM, &key).expect("32 bytes are a key of AES-256");
        Keys { secret, seal }
    }

    /// The key for one purpose.
    pub fn derived(&self, purpose: &str) -> [u8; 32] {
        derive(&self.secret, purpose)
    }

    /// `value`, to be read by [`open`](Keys::open) with the same `place` alone.
    pub(super) fn seal(&self, place: &str, value: &impl Serialize) -> Vec<u8> {
        let mut text = serde_json::to_vec(value).expect("what nodes say always has a JSON form");
        let nonce = self.seal.seal_in_place_append_tag(Aad::from(place), &mut text);
        let nonce = nonce.expect("a text within the limits of AES-GCM");
        [&nonce.as_ref()[..], &text].concat()
    }

    /// What was sealed; `None`: not with this secret, or for another place.
    pub(super) fn open<T: DeserializeOwned>(&self, place: &str, sealed: &[u8]) -> Option<T> {
        let (nonce, text) = sealed.split_at_checked(NONCE)?;
        let (nonce, mut text) = (Nonce::try_assume_unique_for_key(nonce).ok()?, text.to_vec());
        let text = self.seal.open_in_place(nonce, Aad::from(place), &mut text).ok()?;
        serde_json::from_slice(text).ok()
    }
}

fn derive(secret: &hmac::Key, purpose: &str) -> [u8; 32] {
    let mut key = [0; 32];
    key.copy_from_slice(hmac::sign(secret, format!("callbox-cluster-1\0{purpose}").as_bytes()).as_ref());
    key
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_opens_and_only_in_the_same_place() {
        let keys = |text: &str| Keys::new(&Secret::new(text));
        let sealed = keys("north").seal("to 1", &"hello".to_owned());
        assert!(!sealed.windows(5).any(|window| window == b"hello"));
        let open = |secret, place, sealed: &[u8]| keys(secret).open::<String>(place, sealed);
        assert_eq!(open("north", "to 1", &sealed).as_deref(), Some("hello"));
        assert_eq!(open("south", "to 1", &sealed), None);
        assert_eq!(open("north", "to 2", &sealed), None);
        for cut in 0..sealed.len() {
            assert_eq!(open("north", "to 1", &sealed[..cut]), None);
        }
    }
}
