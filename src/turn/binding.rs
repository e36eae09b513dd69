//! Binding: a client learns the address its packets come from (RFC 8489, 3). Needs no credentials, so it is as short as
//! can be.

use super::action::Action;
use super::options::Client;
use super::refusal::Refusal;
use super::reply::ReplyTo;
use super::request;
use super::rules::Rules;
use crate::stun::{Message, attribute};

pub(super) fn answer(
    _rules: &Rules,
    client: Client,
    request: &Message,
    to: &ReplyTo,
    out: &mut Vec<u8>,
) -> Result<Action, Refusal> {
    request::unknown_attributes(request, None)?;
    Ok(Action::Reply(to.success(out, |writer| writer.put_xor_address(attribute::XOR_MAPPED_ADDRESS, client.address))))
}
