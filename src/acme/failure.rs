//! What can go wrong between us and a certificate authority: which kind it is, how long to wait before the next attempt,
//! and the words for whoever has to mend it. Pure: problems in, decisions and sentences out.

use std::time::Duration;

use super::Challenge;
use super::subject::Subject;

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
        // It comes from outside and goes to a terminal: no escapes, no line breaks.
        let clean = detail.as_ref().chars().map(|c| if c.is_control() { ' ' } else { c });
        Failure { fault, detail: clean.take(MOST_DETAIL).collect(), retry_after: None }
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

    /// One sentence: what happened to the certificate for `subject`, and what to do.
    pub(super) fn words(&self, subject: &Subject, challenge: Challenge) -> String {
        let (what, remedy) = self.sentence(subject, challenge);
        let detail = self.detail.trim().trim_end_matches('.');
        let said = if detail.is_empty() { String::new() } else { format!(" (\"{detail}\")") };
        format!("{what}{said}; {remedy}")
    }

    fn sentence(&self, subject: &Subject, challenge: Challenge) -> (String, String) {
        let port = challenge.port();
        let other = challenge.other();
        match self.fault {
            Fault::Connection => (
                format!("the certificate authority could not connect to {subject}, port {port}"),
                format!(
                    "open TCP {port} in the firewalls of this machine and its provider, and forward it here; or set \
                     tls.acme.challenge = \"{}\", which uses port {}",
                    other.name(),
                    other.port()
                ),
            ),
            Fault::Dns => (
                format!("the certificate authority found no address for {subject}"),
                "add an A or AAAA record that points here, or remove the name from `names`".to_owned(),
            ),
            Fault::WrongAnswer | Fault::Tls => (
                format!("{subject}, port {port}, is answered by somebody else than this callbox"),
                format!(
                    "point all its A and AAAA records here and forward TCP {port} to this machine without a proxy that \
                     takes TLS off"
                ),
            ),
            Fault::Caa => (
                format!("a CAA record of {subject} forbids this certificate authority"),
                "add it to that record, or name another authority in tls.acme.directory".to_owned(),
            ),
            Fault::RateLimited => (
                format!("the certificate authority has a limit and will not issue for {subject} for a while"),
                "nothing needs to be done, it is tried again when the limit allows".to_owned(),
            ),
            Fault::Rejected => (
                format!("the certificate authority issues no certificate for {subject}"),
                if subject.is_address() {
                    "give callbox a DNS name in `names`, or name another authority in tls.acme.directory".to_owned()
                } else {
                    "choose another name, or another authority in tls.acme.directory".to_owned()
                },
            ),
            Fault::Profile => (
                format!("the certificate authority does not offer this certificate profile for {subject}"),
                "leave tls.acme.profile empty, or write one that it offers".to_owned(),
            ),
            Fault::ExternalAccount => (
                "the certificate authority wants an account that was registered with it".to_owned(),
                "register there and write the key id and the key it gives you into tls.acme.eab".to_owned(),
            ),
            Fault::Contact => (
                "the certificate authority does not accept the email address".to_owned(),
                "correct tls.acme.email, or leave it empty".to_owned(),
            ),
            Fault::Terms => (
                "the certificate authority wants somebody to agree to something".to_owned(),
                "read the page it names and follow it".to_owned(),
            ),
            Fault::Unreachable => (
                "the certificate authority cannot be reached".to_owned(),
                "allow this machine to connect to tls.acme.directory, and check its DNS and its clock".to_owned(),
            ),
            Fault::DataDir => (
                "the certificate's files cannot be kept".to_owned(),
                "see that this user may write to data_dir, and that its disk is not full".to_owned(),
            ),
            Fault::NoChallenge => (
                format!("the certificate authority wants a proof for {subject} that callbox cannot give"),
                format!(
                    "set tls.acme.challenge = \"{}\", or name another authority in tls.acme.directory",
                    other.name()
                ),
            ),
            Fault::Slow => passing("the certificate authority took too long"),
            Fault::Server => passing("the certificate authority has a fault"),
            Fault::Rubbish => (
                "the certificate authority answered something that makes no sense".to_owned(),
                "check that tls.acme.directory is the address of an ACME directory".to_owned(),
            ),
            Fault::AccountGone => {
                passing("the certificate authority does not know our account any more, so a new one is made")
            }
            Fault::OrderGone => passing("the certificate authority has ended the order, so a new one is placed"),
            Fault::Replacement => {
                passing("the certificate authority does not see this as a renewal, so it is ordered as new")
            }
            Fault::Nonce => passing("the certificate authority refused our requests as repeated"),
            Fault::Other => (
                format!("the certificate authority refused the certificate for {subject}"),
                "its own words say why".to_owned(),
            ),
        }
    }
}

fn passing(what: &str) -> (String, String) {
    (what.to_owned(), "nothing needs to be done".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(kind: &str, subject: &str, challenge: Challenge) -> String {
        let failure = Failure::of_problem(&format!("urn:ietf:params:acme:error:{kind}"), "said so.");
        failure.words(&Subject::new(subject), challenge)
    }

    #[test]
    fn a_closed_port_is_named_with_the_other_way_in() {
        let said = words("connection", "call.example.org", Challenge::TlsAlpn01);
        assert!(said.contains("call.example.org, port 443 (\"said so\"); open TCP 443"), "{said}");
        assert!(said.contains("\"http-01\", which uses port 80"), "{said}");
        let said = words("connection", "192.0.2.7", Challenge::Http01);
        assert!(said.contains("open TCP 80") && said.contains("\"tls-alpn-01\", which uses port 443"), "{said}");
    }

    #[test]
    fn every_problem_of_the_rfc_says_what_to_do() {
        let remedies = [
            ("dns", "A or AAAA record"),
            ("unauthorized", "point all its A and AAAA records here"),
            ("caa", "another authority in tls.acme.directory"),
            ("rateLimited", "tried again when the limit allows"),
            ("externalAccountRequired", "tls.acme.eab"),
            ("invalidContact", "tls.acme.email"),
            ("invalidProfile", "tls.acme.profile"),
            ("rejectedIdentifier", "choose another name"),
            ("unheardOf", "its own words say why"),
        ];
        for (kind, remedy) in remedies {
            let said = words(kind, "call.example.org", Challenge::TlsAlpn01);
            assert!(said.contains(remedy), "{kind}: {said}");
            assert!(!said.ends_with('.') && !said.contains('\n'), "{said}");
        }
        assert!(words("rejectedIdentifier", "192.0.2.7", Challenge::TlsAlpn01).contains("a DNS name in `names`"));
    }

    #[test]
    fn a_hostile_detail_cannot_write_on_the_terminal() {
        let failure = Failure::new(Fault::Other, format!("\x1b[2J\nroot# {}", "x".repeat(10_000)));
        assert!(!failure.detail.contains(char::is_control) && failure.detail.len() <= MOST_DETAIL);
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
