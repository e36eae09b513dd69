//! Tokens that nobody can guess and that need no dice: keyed hashes of what happened only once.

use super::action::Token;
use super::nonce::first_bytes;
use super::options::Client;
use super::rules::Rules;
use crate::clock::Now;
use crate::stun::TransactionId;

/// A RESERVATION-TOKEN (RFC 8656, 18.10) for what this request reserves.
pub(super) fn reservation(rules: &Rules, client: Client, request: TransactionId, now: Now) -> Token {
    let text = format!("reservation {:?} {request:?} {:?}", client, now.unix);
    first_bytes(aws_lc_rs::hmac::sign(&rules.key, text.as_bytes()))
}
