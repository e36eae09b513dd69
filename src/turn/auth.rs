//! Who sent a request: long-term credentials (RFC 8489, 9.2) against static users and short-lived passes.
//!
//! Security: nothing is stored before this says yes. The nonce is checked first, because it costs one hash and shows that
//! whoever writes also reads at that address. A user we do not know is refused exactly like a wrong password, after the
//! same work. A stronger password algorithm cannot be talked away: the client repeats the list we sent, signed.

use std::borrow::Cow;

use super::nonce;
use super::options::Client;
use super::refusal::Refusal;
use super::rules::Rules;
use crate::clock::Now;
use crate::pass;
use crate::stun::{Key, Message, PasswordAlgorithm, attribute};

/// The value of PASSWORD-ALGORITHMS: SHA-256, then MD5, neither with parameters (RFC 8489, 14.11).
pub(super) const PASSWORD_ALGORITHMS: [u8; 8] = [0, PasswordAlgorithm::Sha256 as u8, 0, 0, 0, 1, 0, 0];

/// A request's sender, proven.
#[derive(Clone, Debug)]
pub(super) struct Proof {
    pub(super) username: Box<str>,
    pub(super) signature: Signature,
}

/// How to sign what is sent back.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) key: Key,
    /// By MESSAGE-INTEGRITY-SHA256, as the request was.
    pub(super) sha256: bool,
}

/// Proves who sent the request, in the order of RFC 8489, 9.2.4.
pub(super) fn authenticate(rules: &Rules, client: Client, request: &Message, now: Now) -> Result<Proof, Refusal> {
    if !request.has_integrity() {
        return Err(Refusal::Unauthorized);
    }
    let (Some(_), Some(nonce)) = (request.get(attribute::REALM), request.get(attribute::NONCE)) else {
        return Err(Refusal::BadRequest);
    };
    let algorithm = algorithm(request)?;
    let username = username(rules, request)?;
    if !nonce::is_valid(rules, client, nonce, now) {
        return Err(Refusal::StaleNonce);
    }
    let key = proven_key(rules, &username, algorithm, request, now).ok_or(Refusal::Unauthorized)?;
    Ok(Proof { username: username.into(), signature: Signature { key, sha256: request.has_integrity_sha256() } })
}

/// The key the request was signed with, if it is one of that user's. For a user without a password, unknown, expired or
/// revoked, the same work is done with a key that opens nothing.
fn proven_key(rules: &Rules, username: &str, algorithm: PasswordAlgorithm, request: &Message, now: Now) -> Option<Key> {
    let key = |password: &str| Key::long_term(algorithm, username, &rules.options.realm, password);
    let passwords = rules.live().passes.passwords(username, now);
    let is_revoked = pass::holder(username).is_some_and(|id| rules.is_revoked(id, now));
    if passwords.is_empty() || is_revoked {
        let _never_accepted = request.proves(&key(&rules.decoy));
        return None;
    }
    passwords.iter().map(|password| key(password.expose())).find(|key| request.proves(key))
}

/// RFC 8489, 9.2.4: PASSWORD-ALGORITHMS and PASSWORD-ALGORITHM come both or not at all, the first as we sent it, the
/// second out of it.
fn algorithm(request: &Message) -> Result<PasswordAlgorithm, Refusal> {
    match (request.get(attribute::PASSWORD_ALGORITHMS), request.get(attribute::PASSWORD_ALGORITHM)) {
        (None, None) => Ok(PasswordAlgorithm::Md5),
        (Some(offered), Some(chosen)) if offered == PASSWORD_ALGORITHMS => match chosen {
            [0, 1, 0, 0] => Ok(PasswordAlgorithm::Md5),
            [0, 2, 0, 0] => Ok(PasswordAlgorithm::Sha256),
            _ => Err(Refusal::BadRequest),
        },
        _ => Err(Refusal::BadRequest),
    }
}

/// The name in USERNAME or behind USERHASH. A hash nobody has becomes a name nobody has.
fn username<'a>(rules: &Rules, request: &Message<'a>) -> Result<Cow<'a, str>, Refusal> {
    if let Some(name) = request.get(attribute::USERNAME) {
        return Ok(String::from_utf8_lossy(name));
    }
    let hash = request.get(attribute::USERHASH).ok_or(Refusal::BadRequest)?;
    Ok(rules.live().userhashes.get(hash).map_or(Cow::Borrowed(""), |name| Cow::Owned(name.clone())))
}
