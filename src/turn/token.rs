//! Names that nobody can guess and that need no dice: keyed hashes of what happens only once.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::action::Ticket;
use super::nonce::first_bytes;
use super::options::Client;
use super::rules::Rules;
use crate::clock::Now;
use crate::stun::TransactionId;

/// A MOBILITY-TICKET, in letters: coturn's client takes it for a text that ends at a zero byte.
pub(super) fn ticket(rules: &Rules, client: Client, request: TransactionId, now: Now) -> Ticket {
    let mut ticket = Ticket::default();
    let written = STANDARD.encode_slice(make::<12>(rules, "ticket", client, request, now), &mut ticket);
    debug_assert_eq!(written, Ok(ticket.len()));
    ticket
}

/// A RESERVATION-TOKEN (`what` = "port"), a CONNECTION-ID ("connection") or the secret of a ticket, for what this request of
/// this client brought about at this moment.
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
