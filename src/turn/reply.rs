//! Writes what a client is answered. A [`ReplyTo`] holds all that a reply needs of its request, so that it can be
//! written now or, when the shell has to open something first, later.

use super::action::Reply;
use super::auth::Signature;
use super::nonce;
use super::options::Client;
use super::refusal::Refusal;
use super::rules::Rules;
use crate::clock::Now;
use crate::stun::{Class, Message, Method, TransactionId, Writer, attribute};

/// What a reply needs of its request.
#[derive(Clone, Debug)]
pub(super) struct ReplyTo {
    pub(super) method: Method,
    pub(super) id: TransactionId,
    /// Once the request has proven who sent it, the reply proves the same (RFC 8489, 9.2.4).
    pub(super) signature: Option<Signature>,
    /// A client that sends FINGERPRINT gets it back; nobody else pays for it.
    fingerprint: bool,
}

impl ReplyTo {
    pub(super) fn new(method: Method, request: &Message) -> ReplyTo {
        let (id, fingerprint) = (request.transaction_id(), request.has_fingerprint());
        ReplyTo { method, id, signature: None, fingerprint }
    }

    /// A success with what `fill` puts into it.
    pub(super) fn success(&self, out: &mut Vec<u8>, fill: impl FnOnce(Writer) -> Writer) -> Reply {
        self.finish(fill(Writer::new(out, Class::Success, self.method, self.id)))
    }

    /// A refusal. One that asks for credentials carries the challenge and no proof of ours: it is as short as can be,
    /// because anybody can make us send it to anybody.
    pub(super) fn refuse(
        &self,
        refusal: &Refusal,
        rules: &Rules,
        client: Client,
        now: Now,
        out: &mut Vec<u8>,
    ) -> Reply {
        rules.refused.count(refusal);
        let writer = Writer::new(out, Class::Error, self.method, self.id).put_error(refusal.code());
        let writer = match refusal {
            Refusal::Unauthorized | Refusal::StaleNonce => writer
                .put(attribute::REALM, rules.options.realm.as_bytes())
                .put(attribute::NONCE, nonce::issue(rules, client, now).as_bytes())
                .put(attribute::PASSWORD_ALGORITHMS, &super::auth::PASSWORD_ALGORITHMS),
            Refusal::UnknownAttributes(unknown) => {
                let list: Vec<u8> = unknown.iter().flat_map(|kind| kind.to_be_bytes()).collect();
                writer.put(attribute::UNKNOWN_ATTRIBUTES, &list)
            }
            _ => writer,
        };
        self.finish(writer)
    }

    fn finish(&self, writer: Writer) -> Reply {
        let writer = match &self.signature {
            Some(signature) if signature.sha256 => writer.sign_sha256(&signature.key),
            Some(signature) => writer.sign_sha1(&signature.key),
            None => writer,
        };
        let writer = if self.fingerprint { writer.fingerprint() } else { writer };
        Reply::of(writer.finish())
    }
}
