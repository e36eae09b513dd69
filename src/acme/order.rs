//! One attempt to get one certificate: place an order or go on with the kept one, prove the subject, hand in the request,
//! fetch the chain. Each step is kept before the next one, so that an interrupted attempt is gone on with.

use std::time::{Duration, Instant};

use instant_acme::{
    Account, AuthorizationHandle, AuthorizationStatus, CertificateIdentifier, ChallengeStatus, ChallengeType, Error,
    Identifier, NewOrder, Order, OrderStatus, Problem, RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};

use super::client::{Carried, Client};
use super::failure::{Failure, Fault};
use super::kept::{Kept, KeptOrder, Naming, State};
use super::subject::Subject;
use super::{Challenge, Options};
use crate::clock::Now;
use crate::tls::{Certificates, Pair, Proof};

/// Polling, for the validation and for the issuing: authorities need seconds.
const POLLING: RetryPolicy =
    RetryPolicy::new().initial_delay(Duration::from_millis(250)).backoff(1.5).timeout(Duration::from_secs(120));

/// The profile that Let's Encrypt has for addresses: without it they are refused.
const FOR_ADDRESSES: &str = "shortlived";

/// What an attempt needs.
pub(super) struct Attempt<'a> {
    pub(super) subject: &'a Subject,
    pub(super) challenge: Challenge,
    pub(super) options: &'a Options,
    pub(super) account: &'a Account,
    pub(super) client: &'a Client,
    pub(super) kept: &'a Kept,
    pub(super) certificates: &'a Certificates,
    /// The certificate that this one is to replace.
    pub(super) held: Option<&'a Pair>,
}

impl Attempt<'_> {
    /// Ends with a certificate that is kept and fits its subject. `state` is kept after every change.
    pub(super) async fn run(&self, state: &mut State) -> Result<Pair, Failure> {
        let (mut order, key) = self.place(state).await?;
        let obtained = self.obtain(&mut order, &key).await;
        // An order that was refused, or whose certificate is here, is over.
        if !obtained.as_ref().is_err_and(Failure::is_passing) {
            state.order = None;
            state.naming = if state.naming == Naming::Never { Naming::Never } else { Naming::Yes };
        }
        obtained
    }

    async fn obtain(&self, order: &mut Order, key: &str) -> Result<Pair, Failure> {
        if order.state().status == OrderStatus::Pending {
            self.prove(order).await?;
        }
        if order.state().status == OrderStatus::Ready {
            order.finalize_csr(&request(self.subject, key)?).await.map_err(|error| self.failure(error))?;
        }
        let chain = match order.state().status {
            OrderStatus::Valid => order.certificate().await.map_err(|error| self.failure(error))?,
            _ => Some(order.poll_certificate(&POLLING).await.map_err(|error| self.failure(error))?),
        };
        self.accept(&chain.unwrap_or_default(), key)
    }

    /// The kept order if the authority still has it, else a new one.
    async fn place(&self, state: &mut State) -> Result<(Order, String), Failure> {
        if let Some(kept) = state.order.clone().filter(|kept| kept.account == self.account.id()) {
            match self.account.order(kept.url).await {
                Ok(mut order) => {
                    // RFC 8555, 7.1.6: an order that was not finished in time becomes invalid, and may be forgotten.
                    if order.state().status != OrderStatus::Invalid {
                        return Ok((order, kept.key));
                    }
                }
                Err(error) => {
                    let failure = self.failure(error);
                    if failure.is_passing() {
                        return Err(failure);
                    }
                }
            }
        }
        let key = KeyPair::generate().map_err(|error| Failure::new(Fault::Other, error.to_string()))?.serialize_pem();
        let order = self.new_order(state).await?;
        let (account, url) = (self.account.id().to_owned(), order.url().to_owned());
        state.order = Some(KeptOrder { account, url, key: key.clone() });
        self.kept.keep_state(state)?;
        Ok((order, key))
    }

    async fn new_order(&self, state: &mut State) -> Result<Order, Failure> {
        let identifiers = [match self.subject {
            Subject::Name(name) => Identifier::Dns(name.clone()),
            Subject::Address(ip) => Identifier::Ip(*ip),
        }];
        let offered: Vec<&str> = self.account.profiles().map(|profile| profile.name).collect();
        let profile = profile(self.options.profile.as_deref(), &offered, self.subject);
        let mut new = NewOrder::new(&identifiers);
        if let Some(profile) = profile {
            new = new.profile(profile);
        }
        let replaced = self.held.filter(|_| state.naming == Naming::Yes).and_then(identifier_of);
        let Some(replaced) = replaced else {
            return self.account.new_order(&new).await.map_err(|error| self.failure(error));
        };
        let error = match self.account.new_order(&new.replaces(replaced)).await {
            Ok(order) => return Ok(order),
            Err(error) => error,
        };
        // Whatever there is against this order, it may be the naming, which only costs a priority.
        state.naming = match &error {
            Error::Api(problem) if of_problem(problem).fault != Fault::RateLimited => Naming::NotThisTime,
            Error::Unsupported(_) => Naming::NotThisTime,
            Error::Other(cause) if !cause.is::<Carried>() => Naming::Never,
            _ => return Err(self.failure(error)),
        };
        Err(Failure::new(Fault::Replacement, self.failure(error).detail))
    }

    /// Shows the answers to all pending challenges until the authority has seen them.
    async fn prove(&self, order: &mut Order) -> Result<(), Failure> {
        let mut proofs = Vec::new();
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(|error| self.failure(error))?;
            if authorization.status == AuthorizationStatus::Pending {
                proofs.push(self.show(&mut authorization).await?);
            }
        }
        let polled = order.poll_ready(&POLLING).await;
        drop(proofs);
        match polled {
            Ok(OrderStatus::Ready) => Ok(()),
            Ok(_) | Err(Error::Api(_)) => Err(self.reason(order).await),
            Err(error) => Err(self.failure(error)),
        }
    }

    async fn show<'a>(&self, authorization: &'a mut AuthorizationHandle<'a>) -> Result<Proof, Failure> {
        let kind = match self.challenge {
            Challenge::TlsAlpn01 => ChallengeType::TlsAlpn01,
            Challenge::Http01 => ChallengeType::Http01,
        };
        let challenge = authorization.challenge(kind);
        let mut challenge = challenge.ok_or_else(|| Failure::new(Fault::NoChallenge, ""))?;
        let answer = challenge.key_authorization();
        let proof = match self.challenge {
            Challenge::Http01 => self.certificates.show_text(challenge.token.clone(), answer.as_str().to_owned()),
            Challenge::TlsAlpn01 => self
                .certificates
                .show_certificate(self.subject.server_name(), &self.subject.to_string(), answer.digest().as_ref())
                .map_err(|error| Failure::new(Fault::Other, error.to_string()))?,
        };
        // Of an order gone on with, the authority may be looking already.
        if challenge.status == ChallengeStatus::Pending {
            challenge.set_ready().await.map_err(|error| self.failure(error))?;
        }
        Ok(proof)
    }

    /// Why an order became invalid stands in its challenges (RFC 8555, 8.2).
    async fn reason(&self, order: &mut Order) -> Failure {
        let mut reason = None;
        let mut authorizations = order.authorizations();
        while let Some(Ok(mut authorization)) = authorizations.next().await {
            if let Ok(state) = authorization.refresh().await {
                reason = reason.or_else(|| state.challenges.iter().find_map(|challenge| challenge.error.clone()));
            }
        }
        let own = order.state().error.clone();
        reason.or(own).map_or_else(|| Failure::new(Fault::OrderGone, ""), |problem| of_problem(&problem))
    }

    /// Only what fits its key and its subject is kept and used.
    fn accept(&self, chain: &str, key: &str) -> Result<Pair, Failure> {
        let wrong = |why| Failure::new(Fault::Rubbish, why);
        let pair = self.certificates.pair(chain.as_bytes(), key.as_bytes());
        let pair = pair.ok_or_else(|| wrong("the certificate does not belong to our key"))?;
        if !pair.covers(&self.subject.to_string()) {
            return Err(wrong("the certificate is for somebody else"));
        }
        if pair.ends() <= Now::read().unix {
            return Err(wrong("the certificate has ended already, or this machine's clock is wrong"));
        }
        self.kept.keep_certificate(&format!("{chain}\n{key}"))?;
        Ok(pair)
    }

    fn failure(&self, error: Error) -> Failure {
        failure(error, self.client)
    }
}

/// Only what is asked for by name, or what addresses need.
fn profile<'a>(wanted: Option<&'a str>, offered: &[&str], subject: &Subject) -> Option<&'a str> {
    let needed = (subject.is_address() && offered.contains(&FOR_ADDRESSES)).then_some(FOR_ADDRESSES);
    wanted.or(needed)
}

/// `None` for a certificate that does not name its issuer's key: it cannot be asked about (RFC 9773, 4.1).
pub(super) fn identifier_of(pair: &Pair) -> Option<CertificateIdentifier<'static>> {
    CertificateIdentifier::try_from(pair.certificate()).ok().map(CertificateIdentifier::into_owned)
}

/// The certificate request. The subject stands in the alternative names only: the common name is no place for an
/// address (CA/Browser Forum, Baseline Requirements 7.1.4.3), and nobody needs it for names.
fn request(subject: &Subject, key: &str) -> Result<Vec<u8>, Failure> {
    let wrong = |error: rcgen::Error| Failure::new(Fault::Other, error.to_string());
    let key = KeyPair::from_pem(key).map_err(wrong)?;
    let mut params = CertificateParams::new([subject.to_string()]).map_err(wrong)?;
    params.distinguished_name = DistinguishedName::new();
    Ok(params.serialize_request(&key).map_err(wrong)?.der().to_vec())
}

/// What the library says, as one of our kinds, with the Retry-After that it left out.
pub(super) fn failure(error: Error, client: &Client) -> Failure {
    let failure = match error {
        Error::Api(problem) => of_problem(&problem),
        Error::Timeout(again) => {
            let retry_after = again.map(|again| again.saturating_duration_since(Instant::now()));
            Failure { retry_after, ..Failure::new(Fault::Slow, "") }
        }
        Error::Other(cause) => match cause.downcast::<Carried>() {
            Ok(carried) => carried.0,
            Err(cause) => Failure::new(Fault::Other, cause.to_string()),
        },
        error @ (Error::Json(_) | Error::Str(_) | Error::InvalidUri(_)) => {
            Failure::new(Fault::Rubbish, error.to_string())
        }
        error => Failure::new(Fault::Other, error.to_string()),
    };
    Failure { retry_after: failure.retry_after.or(client.take_retry_after()), ..failure }
}

/// RFC 8555, 6.7.1: the subproblem about an identifier says more than the whole.
fn of_problem(problem: &Problem) -> Failure {
    let (sub, whole) = (problem.subproblems.first(), (problem.r#type.as_ref(), problem.detail.as_ref()));
    let (kind, detail) = sub.map_or(whole, |sub| (sub.r#type.as_ref(), sub.detail.as_ref()));
    let mut failure =
        Failure::of_problem(kind.or(whole.0).map_or("", String::as_str), detail.map_or("", String::as_str));
    if failure.fault == Fault::Other && problem.status.is_some_and(|status| status >= 500) {
        failure.fault = Fault::Server;
    }
    failure
}

#[cfg(test)]
mod tests {
    use x509_parser::certification_request::X509CertificationRequest;
    use x509_parser::prelude::FromDer;

    use super::*;

    #[test]
    fn addresses_get_the_short_profile_where_there_is_one() {
        let (name, address) = (Subject::new("call.example.org"), Subject::new("192.0.2.7"));
        let offered = ["classic", "shortlived"];
        assert_eq!(profile(None, &offered, &address), Some("shortlived"));
        assert_eq!(profile(None, &["classic"], &address), None);
        assert_eq!(profile(None, &offered, &name), None);
        assert_eq!(profile(Some("classic"), &offered, &address), Some("classic"));
    }

    #[test]
    fn no_request_has_a_common_name() {
        let key = KeyPair::generate().unwrap().serialize_pem();
        for subject in ["192.0.2.7", "2001:db8::7", "call.example.org"] {
            let der = request(&Subject::new(subject), &key).unwrap();
            let (_, request) = X509CertificationRequest::from_der(&der).unwrap();
            assert_eq!(request.certification_request_info.subject.iter().count(), 0, "{subject}");
        }
    }
}
