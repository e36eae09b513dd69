//! A failed attempt in one sentence: what happened, what the authority said, and what to do about it.

use super::Challenge;
use super::failure::{Failure, Fault};
use super::subject::Subject;

impl Failure {
    /// One sentence: what happened to the certificate for `subject`, and what to do.
    pub(super) fn words(&self, subject: &Subject, challenge: Challenge) -> String {
        let (what, remedy) = (happened(self.fault, subject, challenge.port()), remedy(self.fault, subject, challenge));
        let detail = self.detail.trim().trim_end_matches('.');
        let said = if detail.is_empty() { String::new() } else { format!(" (\"{detail}\")") };
        format!("{what}{said}; {remedy}")
    }
}

fn happened(fault: Fault, subject: &Subject, port: u16) -> String {
    let what = match fault {
        Fault::WrongAnswer | Fault::Tls => {
            return format!("{subject}, port {port}, is answered by somebody else than this callbox");
        }
        Fault::Caa => return format!("a CAA record of {subject} forbids this certificate authority"),
        Fault::DataDir => return "the certificate's files cannot be kept".to_owned(),
        Fault::Connection => format!("could not connect to {subject}, port {port}"),
        Fault::Dns => format!("found no address for {subject}"),
        Fault::RateLimited => format!("has a limit and will not issue for {subject} for a while"),
        Fault::Rejected => format!("issues no certificate for {subject}"),
        Fault::Profile => format!("does not offer this certificate profile for {subject}"),
        Fault::NoChallenge => format!("wants a proof for {subject} that callbox cannot give"),
        Fault::Other => format!("refused the certificate for {subject}"),
        Fault::ExternalAccount => "wants an account that was registered with it".to_owned(),
        Fault::Contact => "does not accept the email address".to_owned(),
        Fault::Terms => "wants somebody to agree to something".to_owned(),
        Fault::Unreachable => "cannot be reached".to_owned(),
        Fault::Slow => "took too long".to_owned(),
        Fault::Server => "has a fault".to_owned(),
        Fault::Rubbish => "answered something that makes no sense".to_owned(),
        Fault::AccountGone => "does not know our account any more, so a new one is made".to_owned(),
        Fault::OrderGone => "has ended the order, so a new one is placed".to_owned(),
        Fault::Replacement => "does not see this as a renewal, so it is ordered as new".to_owned(),
        Fault::Nonce => "refused our requests as repeated".to_owned(),
    };
    format!("the certificate authority {what}")
}

fn remedy(fault: Fault, subject: &Subject, challenge: Challenge) -> String {
    let (port, other) = (challenge.port(), challenge.other());
    let remedy = match fault {
        Fault::Connection => {
            return format!(
                "open TCP {port} in the firewalls of this machine and its provider, and forward it here; or set \
                 tls.acme.challenge = \"{}\", which uses port {}",
                other.name(),
                other.port()
            );
        }
        Fault::WrongAnswer | Fault::Tls => {
            return format!(
                "point all its A and AAAA records here and forward TCP {port} to this machine without a proxy that \
                 takes TLS off"
            );
        }
        Fault::NoChallenge => {
            return format!(
                "set tls.acme.challenge = \"{}\", or name another authority in tls.acme.directory",
                other.name()
            );
        }
        Fault::Rejected if subject.is_address() => {
            "give callbox a DNS name in `names`, or name another authority in tls.acme.directory"
        }
        Fault::Rejected => "choose another name, or another authority in tls.acme.directory",
        Fault::Dns => "add an A or AAAA record that points here, or remove the name from `names`",
        Fault::Caa => "add it to that record, or name another authority in tls.acme.directory",
        Fault::RateLimited => "nothing needs to be done, it is tried again when the limit allows",
        Fault::Profile => "leave tls.acme.profile empty, or write one that it offers",
        Fault::ExternalAccount => "register there and write the key id and the key it gives you into tls.acme.eab",
        Fault::Contact => "correct tls.acme.email, or leave it empty",
        Fault::Terms => "read the page it names and follow it",
        Fault::Unreachable => "allow this machine to connect to tls.acme.directory, and check its DNS and its clock",
        Fault::DataDir => "see that this user may write to data_dir, and that its disk is not full",
        Fault::Rubbish => "check that tls.acme.directory is the address of an ACME directory",
        Fault::Other => "its own words say why",
        Fault::Slow | Fault::Server | Fault::AccountGone | Fault::OrderGone | Fault::Replacement | Fault::Nonce => {
            "nothing needs to be done"
        }
    };
    remedy.to_owned()
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
}
