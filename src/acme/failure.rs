//! What can go wrong between us and a certificate authority: which kind it is, and how long to wait before the next
//! attempt. Pure: problems in, decisions out. How it is told stands in `words.rs`.

use std::time::Duration;

use crate::printable::printable;

/// The kinds that differ in what to do about them. Most are error types of RFC 8555, 6.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The authority could not connect to us.
    Connection,
    /// It could not look the name up.
    Dns,
    /// It reached somebody who did not give our answer.
    WrongAnswer,
    /// It reached somebody who did not speak TLS as it should be.
    Tls,
    /// A CAA record names another authority.
    Caa,
    /// Too many orders or failures.
    RateLimited,
    /// It issues no certificate for this subject.
    Rejected,
    /// It does not have the profile, or not for this subject.
    Profile,
    /// It wants an account that was registered elsewhere.
    ExternalAccount,
    /// It does not accept the account's email address.
    Contact,
    /// It wants somebody to agree to its terms.
    Terms,
    /// It does not know our account any more.
    AccountGone,
    /// It does not know our order any more, or has ended it.
    OrderGone,
    /// It does not let this order replace the certificate we named (RFC 9773, 5).
    Replacement,
    /// It refused our nonces again and again.
    Nonce,
    /// It could not be connected to.
    Unreachable,
    /// It took too long.
    Slow,
    /// It answered with a fault of its own.
    Server,
    /// What it said makes no sense.
    Rubbish,
    /// It offers no challenge that we can answer.
    NoChallenge,
    /// Something else, told in its own words.
    Other,
    /// What it sent could not be kept.
    DataDir,
}

/// One failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) fault: Fault,
    /// In the words of the authority or the system; made fit for a terminal.
    pub(super) detail: String,
    /// The authority's own word on when to come back.
    pub(super) retry_after: Option<Duration>,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Longer than any sentence an authority needs, shorter than what fills a screen.
const MOST_DETAIL: usize = 400;

impl Failure {
    pub(super) fn new(fault: Fault, detail: impl AsRef<str>) -> Failure {
        Failure { fault, detail: printable(detail.as_ref(), MOST_DETAIL), retry_after: None }
    }

    /// A problem document: its type (RFC 8555, 6.7) and detail.
    pub(super) fn of_problem(kind: &str, detail: &str) -> Failure {
        let fault = match kind.strip_prefix("urn:ietf:params:acme:error:").unwrap_or(kind) {
            "connection" => Fault::Connection,
            "dns" => Fault::Dns,
            "unauthorized" | "incorrectResponse" => Fault::WrongAnswer,
            "tls" => Fault::Tls,
            "caa" => Fault::Caa,
            "rateLimited" => Fault::RateLimited,
            "rejectedIdentifier" | "unsupportedIdentifier" => Fault::Rejected,
            "invalidProfile" => Fault::Profile,
            "externalAccountRequired" => Fault::ExternalAccount,
            "invalidContact" | "unsupportedContact" => Fault::Contact,
            "userActionRequired" => Fault::Terms,
            "accountDoesNotExist" => Fault::AccountGone,
            "orderNotReady" => Fault::OrderGone,
            "alreadyReplaced" => Fault::Replacement,
            "badNonce" => Fault::Nonce,
            "serverInternal" => Fault::Server,
            _ => Fault::Other,
        };
        Failure::new(fault, detail)
    }

    /// Whether the order may be gone on with later as it is.
    pub(super) fn is_passing(&self) -> bool {
        use Fault::{DataDir, Nonce, RateLimited, Server, Slow, Unreachable};
        matches!(self.fault, Slow | Unreachable | Server | Nonce | RateLimited | DataDir)
    }

    /// How long to wait after the `count`th failure in a row, before jitter.
    pub(super) fn patience(&self, count: u32) -> Duration {
        let (first, most) = match self.fault {
            Fault::Nonce => (Duration::from_secs(5), 10 * MINUTE),
            // Another attempt differs from this one: it may begin almost at once, but not in a circle.
            Fault::AccountGone | Fault::OrderGone | Fault::Replacement => (Duration::from_secs(1), HOUR),
            Fault::Unreachable | Fault::Slow | Fault::Server | Fault::Rubbish | Fault::DataDir => (MINUTE, HOUR),
            // Let's Encrypt counts five failed validations of a name in an hour: 0, 5, 15, 35 and 75 minutes stay below.
            Fault::Connection | Fault::Dns | Fault::WrongAnswer | Fault::Tls | Fault::NoChallenge | Fault::Other => {
                (5 * MINUTE, 12 * HOUR)
            }
            Fault::RateLimited => (HOUR, 24 * HOUR),
            // Only somebody who changes something can help.
            Fault::Caa | Fault::Rejected | Fault::Profile | Fault::ExternalAccount | Fault::Contact | Fault::Terms => {
                (HOUR, 24 * HOUR)
            }
        };
        let doubled = first * 2_u32.saturating_pow(count.saturating_sub(1).min(16));
        // RFC 8555, 6.6: Retry-After says when the limit is over.
        doubled.min(most).max(self.retry_after.unwrap_or_default().min(7 * 24 * HOUR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_detail_cannot_write_on_the_terminal() {
        let failure = Failure::new(Fault::Other, format!("\x1b[2J\nroot# {}", "x".repeat(10_000)));
        assert!(!failure.detail.contains(char::is_control) && failure.detail.chars().count() <= MOST_DETAIL);
    }

    #[test]
    fn five_failed_validations_do_not_fit_into_an_hour() {
        let failure = Failure::new(Fault::Connection, "");
        let waits: Duration = (1..=4).map(|count| failure.patience(count)).sum();
        assert!(waits > HOUR, "{waits:?}");
        assert_eq!(failure.patience(100), 12 * HOUR);
    }

    #[test]
    fn the_authoritys_own_time_is_kept_and_a_mad_one_is_not() {
        let limited = |after| Failure { retry_after: Some(after), ..Failure::new(Fault::RateLimited, "") };
        assert_eq!(limited(30 * HOUR).patience(1), 30 * HOUR);
        assert_eq!(limited(Duration::from_secs(1)).patience(1), HOUR);
        assert_eq!(limited(Duration::MAX).patience(1), 7 * 24 * HOUR);
    }
}
