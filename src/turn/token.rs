//! Names that nobody can guess and that need no dice: keyed hashes of what happens only once.

use super::nonce::first_bytes;
use super::options::Client;
use super::rules::Rules;
use crate::clock::Now;
use crate::stun::TransactionId;

/// A RESERVATION-TOKEN (`what` = "port"), MOBILITY-TICKET ("ticket") or CONNECTION-ID ("connection") for what this
/// request of this client brought about at this moment.
pub(super) fn make<const N: usize>(
    rules: &Rules,
    what: &str,
    client: Client,
    request: TransactionId,
    now: Now,
) -> [u8; N] {
    let text = format!("{what} {client:?} {request:?} {:?}", now.unix);
    first_bytes(aws_lc_rs::hmac::sign(&rules.key, text.as_bytes()))
}
