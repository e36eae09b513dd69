//! What a person holds in hand: short-lived TURN credentials, and the seat token that brings them back to their place
//! after a dropped socket or a restarted server. Both are stateless: a keyed hash that any process with the same
//! secret can check. Who asks, and what for, is not known here.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use unicode_normalization::UnicodeNormalization;

use crate::clock::Now;

/// A text that must never reach a log: prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text as it is, spaces and leading zeros included.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself, for a keyed hash and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How a secret travels between the nodes of a cluster: as it is, in messages that are sealed whole. For `#[serde(with)]` where
/// that is meant, so that no secret gets into other texts by the way.
pub mod between_nodes {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Secret;

    /// Writes the text itself.
    pub fn serialize<S: Serializer>(secret: &Option<Secret>, to: S) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(Secret::expose).serialize(to)
    }

    /// Reads it again.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.map(Secret::new))
    }
}

/// A TURN username with its password, as a page puts them into `RTCIceServer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnCredentials {
    /// `expiry:id`, the expiry in unix seconds (draft-uberti-behave-turn-rest-00, 2.2).
    pub username: String,
    /// base64 of HMAC-SHA1 of the username under the first shared secret.
    pub password: Secret,
}

/// Everybody who may use the relay: holders of short-lived credentials, and static users.
#[derive(Clone, Debug, Default)]
pub struct TurnPasses {
    secrets: Vec<Secret>,
    users: HashMap<String, Secret>,
}

impl TurnPasses {
    /// `secrets`: the first one issues, every one is accepted, so that a secret can be rotated without a break.
    /// `users`: static names with their passwords, for clients that are not our page.
    pub fn new(secrets: Vec<Secret>, users: HashMap<String, Secret>) -> TurnPasses {
        let prepared = |(name, password): (String, Secret)| {
            (opaque_string(&name).into_owned(), Secret::new(opaque_string(password.expose())))
        };
        TurnPasses { secrets, users: users.into_iter().map(prepared).collect() }
    }

    /// Credentials for `id`, good for `ttl` from now. `None` when there is no shared secret to issue with.
    pub fn issue(&self, id: &str, ttl: Duration, now: Now) -> Option<TurnCredentials> {
        let username = format!("{}:{id}", (now.unix + ttl).as_secs());
        let password = Secret::new(rest_password(self.secrets.first()?, &username));
        Some(TurnCredentials { username, password })
    }

    /// Every password that would be right for `username` now. Empty for an unknown user and for expired credentials:
    /// the caller answers both like a wrong password, so that nobody learns which names exist.
    pub fn passwords(&self, username: &str, now: Now) -> Vec<Secret> {
        if let Some(password) = self.users.get(&*opaque_string(username)) {
            return vec![password.clone()];
        }
        match rest_expiry(username) {
            Some(expiry) if now.unix.as_secs() < expiry => {
                self.secrets.iter().map(|secret| Secret::new(rest_password(secret, username))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether short-lived credentials are accepted at all.
    pub fn has_secrets(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// The static users' names, for USERHASH (RFC 8489, 14.4), which can only be looked up, not computed back.
    pub fn static_users(&self) -> impl Iterator<Item = &str> {
        self.users.keys().map(String::as_str)
    }
}

/// OpaqueString (RFC 8265, 4.2.2), by which RFC 8489, 9.2.2 prepares realms, names and passwords: every other space becomes
/// U+0020, then NFC, so that it does not matter whether an "ü" was typed as one character or as two. Control characters,
/// which the profile forbids, stay: a key made from them harms nobody.
pub fn opaque_string(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    text.chars().map(|c| if is_other_space(c) { ' ' } else { c }).nfc().collect()
}

/// Unicode's space separators but U+0020.
pub fn is_other_space(c: char) -> bool {
    matches!(c, '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
}

/// Whom a username was made out to: the `id` of `expiry:id`. `None` for one that has none.
pub fn holder(username: &str) -> Option<&str> {
    username.split_once(':').map(|(_, id)| id)
}

/// What the `id` begins with of credentials that anybody gets who asks, to test the relay with: what it grants them is
/// said in [`turn`](crate::turn).
pub const TEST: &str = "test-";

/// Whether a username was made out to nobody, for a test.
pub fn is_for_test(username: &str) -> bool {
    holder(username).is_some_and(|id| id.starts_with(TEST))
}

/// The expiry in front of `expiry:id`, in unix seconds; a bare number counts too, as coturn has it.
fn rest_expiry(username: &str) -> Option<u64> {
    username.split(':').next()?.parse().ok()
}

fn rest_password(secret: &Secret, username: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.expose().as_bytes());
    STANDARD.encode(hmac::sign(&key, username.as_bytes()))
}

/// A place in a room: who sits there, and since when. It outlives sockets and server restarts by its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The person's id: URL-safe text from the system's generator, without dots.
    pub id: String,
    /// When the person first sat down, in unix milliseconds: of two people the earlier one makes the offers.
    pub since: u64,
    /// Whether the person is a host of the room.
    pub host: bool,
}

/// Makes and reads seat tokens. The key stays in `data_dir`, so that tokens outlive a restart.
#[derive(Clone)]
pub struct SeatKey(hmac::Key);

impl SeatKey {
    /// From 32 bytes of the system's generator.
    pub fn new(key: &[u8; 32]) -> SeatKey {
        SeatKey(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The token for `seat` in `room`: `id.since.role.mac`, the role `h` for a host and `g` for a guest.
    pub fn token(&self, room: &str, seat: &Seat) -> String {
        let mac = URL_SAFE_NO_PAD.encode(self.mac(room, seat));
        format!("{}.{}.{}.{mac}", seat.id, seat.since, role(seat.host))
    }

    /// The seat a token stands for, if it was made for this room under this key.
    pub fn read(&self, room: &str, token: &str) -> Option<Seat> {
        let mut parts = token.splitn(4, '.');
        let (id, since) = (parts.next()?, parts.next()?.parse().ok()?);
        let (host, mac) = (parts.next()? == role(true), URL_SAFE_NO_PAD.decode(parts.next()?).ok()?);
        let seat = Seat { id: id.to_owned(), since, host };
        constant_time::verify_slices_are_equal(&mac, &self.mac(room, &seat)).ok()?;
        Some(seat)
    }

    /// Neither an id nor a number holds a NUL, so no two seats share a text to be hashed.
    fn mac(&self, room: &str, Seat { id, since, host }: &Seat) -> [u8; 32] {
        let text = format!("callbox-seat-2\0{id}\0{since}\0{}\0{room}", role(*host));
        let mut mac = [0; 32];
        mac.copy_from_slice(hmac::sign(&self.0, text.as_bytes()).as_ref());
        mac
    }
}

fn role(host: bool) -> &'static str {
    if host { "h" } else { "g" }
}

impl fmt::Debug for SeatKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeatKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn passes(secrets: &[&str]) -> TurnPasses {
        let users = HashMap::from([("alice".to_owned(), Secret::new("wonder"))]);
        TurnPasses::new(secrets.iter().map(|s| Secret::new(*s)).collect(), users)
    }

    #[test]
    fn issued_credentials_work_for_an_hour_and_not_a_second_longer() {
        let (passes, now) = (passes(&["north"]), Now::read());
        let issued = passes.issue("bob", HOUR, now).expect("a secret is there");
        assert_eq!(passes.passwords(&issued.username, now), vec![issued.password]);
        assert!(passes.passwords(&issued.username, now.after(HOUR)).is_empty());
    }

    #[test]
    fn the_password_is_the_one_coturn_would_compute() {
        // printf '1700000000:bob' | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(rest_password(&Secret::new("north"), "1700000000:bob"), "7tNSWpJ3gOxGfEgOjt+kaWhBC20=");
    }

    #[test]
    fn a_rotated_secret_keeps_yesterdays_credentials_alive() {
        let now = Now::read();
        let old = passes(&["north"]).issue("bob", HOUR, now).expect("issued");
        let accepted = passes(&["south", "north"]).passwords(&old.username, now);
        assert!(accepted.contains(&old.password));
        assert!(!passes(&["south"]).passwords(&old.username, now).contains(&old.password));
    }

    #[test]
    fn static_users_never_expire_and_strangers_have_no_password() {
        let (passes, now) = (passes(&[]), Now::read());
        assert_eq!(passes.passwords("alice", now.after(HOUR * 9000)), vec![Secret::new("wonder")]);
        assert!(passes.passwords("mallory", now).is_empty());
        assert!(passes.issue("bob", HOUR, now).is_none());
    }

    #[test]
    fn a_seat_token_opens_only_its_own_room_and_only_untouched() {
        let key = SeatKey::new(&[7; 32]);
        let seat = Seat { id: "p1".into(), since: 1_700_000_000_000, host: false };
        let token = key.token("kitchen", &seat);
        assert_eq!(key.read("kitchen", &token), Some(seat));
        assert_eq!(key.read("cellar", &token), None);
        assert_eq!(key.read("kitchen", &token.replacen("p1", "p2", 1)), None);
        assert_eq!(key.read("kitchen", &token.replacen(".g.", ".h.", 1)), None, "nobody makes themselves a host");
        assert_eq!(key.read("kitchen", "p1.1"), None);
        assert_eq!(SeatKey::new(&[8; 32]).read("kitchen", &token), None);
    }

    #[test]
    fn secrets_do_not_reach_a_log() {
        let printed = format!("{:?} {:?}", passes(&["north"]), SeatKey::new(&[7; 32]));
        assert!(!printed.contains("north") && !printed.contains("wonder"));
    }
}
