//! Whether trusted certificates are ordered, for what and by which proof; and the one line on the terminal that says so and
//! why. Deciding is pure; doing it is the steward's work.

use std::net::IpAddr;

use crate::acme::{Challenge, Subject, Wishes};
use crate::config::{Config, Tls};

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// These are ordered.
    Ordered(Wishes),
    /// Nothing is ordered, for this reason.
    Nothing(&'static str),
}

/// What is known when the ports are bound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground<'a> {
    pub(super) config: &'a Config,
    /// By which the world reaches this machine, or so it seems.
    pub(super) public: &'a [IpAddr],
    /// The one port and the plain one, as bound.
    pub(super) one_port: u16,
    pub(super) plain_port: Option<u16>,
}

impl Ground<'_> {
    /// The decision.
    pub(super) fn trust(self) -> Trust {
        let config = self.config;
        match config.tls {
            Tls::Off | Tls::Files { .. } | Tls::SelfSigned => return Trust::Nothing("tls.mode says so"),
            Tls::Auto | Tls::Acme => {}
        }
        let subjects = self.subjects();
        if subjects.is_empty() {
            return Trust::Nothing("no public name or address of this machine is known; write it into `names`");
        }
        if !config.acme.accept_terms {
            return Trust::Nothing("tls.acme.accept_terms is false");
        }
        let challenges = self.challenges();
        if challenges.is_empty() {
            return Trust::Nothing(
                "a certificate authority looks at port 443 or 80 and neither is ours; set listen = \"[::]:443\", or \
                 tls.mode = \"acme\" where 443 is forwarded here",
            );
        }
        Trust::Ordered(Wishes { options: config.acme.options.clone(), subjects, challenges })
    }

    /// What was typed in, or else found; in "auto" only what an authority could reach.
    fn subjects(self) -> Vec<Subject> {
        let forced = self.config.tls == Tls::Acme;
        let typed = self.config.names.iter().map(|name| Subject::new(name));
        let mut subjects: Vec<Subject> = typed.filter(|subject| forced || is_public(subject)).collect();
        if self.config.names.is_empty() {
            // One of each family: interfaces have more IPv6 addresses than anybody opens.
            let first = |v4: bool| self.public.iter().find(|ip| ip.is_ipv4() == v4);
            subjects.extend([first(true), first(false)].into_iter().flatten().copied().map(Subject::Address));
        }
        subjects.dedup();
        subjects
    }

    /// The wanted one, or every one whose port is ours. "acme" means that somebody forwards it where it is not.
    fn challenges(self) -> Vec<Challenge> {
        let ours = |challenge: &Challenge| match challenge {
            Challenge::TlsAlpn01 => self.one_port == challenge.port(),
            Challenge::Http01 => self.plain_port == Some(challenge.port()),
        };
        let forced = self.config.tls == Tls::Acme;
        match self.config.acme.challenge {
            Some(challenge) if forced || ours(&challenge) => vec![challenge],
            Some(_) => Vec::new(),
            None => {
                let found: Vec<_> = [Challenge::TlsAlpn01, Challenge::Http01].into_iter().filter(ours).collect();
                if forced && found.is_empty() { vec![Challenge::TlsAlpn01] } else { found }
            }
        }
    }
}

impl Trust {
    /// For the steward: no subject where nothing is to be ordered.
    pub(super) fn wishes(self, config: &Config) -> Wishes {
        match self {
            Trust::Ordered(wishes) => wishes,
            Trust::Nothing(_) => {
                let challenges = vec![Challenge::TlsAlpn01];
                Wishes { options: config.acme.options.clone(), subjects: Vec::new(), challenges }
            }
        }
    }

    /// For the terminal, one sentence. `config` decides whether there is anything to say.
    pub(super) fn words(&self, config: &Config) -> String {
        match self {
            Trust::Nothing(_) if !matches!(config.tls, Tls::Auto | Tls::Acme) => String::new(),
            Trust::Nothing(why) => format!("No trusted certificate is ordered: {why}.\n"),
            Trust::Ordered(Wishes { options, subjects, challenges }) => {
                let subjects = subjects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let ways = challenges.iter().map(|challenge| challenge.name()).collect::<Vec<_>>().join(" or ");
                let authority = options.directory.split('/').nth(2).unwrap_or_default();
                format!(
                    "A trusted certificate for {subjects} comes from {authority} (by {ways}, under its terms of service; \
                     tls.acme.accept_terms = false orders none).\n"
                )
            }
        }
    }
}

/// Whether a public authority could know it: no address of private use, no name of one (RFC 6761, RFC 6762, RFC 8375,
/// RFC 9476, and what home routers invent).
fn is_public(subject: &Subject) -> bool {
    const NEVER: [&str; 12] = [
        "localhost",
        "local",
        "lan",
        "home",
        "internal",
        "intranet",
        "corp",
        "test",
        "example",
        "invalid",
        "alt",
        "arpa",
    ];
    match subject {
        Subject::Address(ip) => !crate::turn::is_special(*ip),
        Subject::Name(name) => match name.rsplit_once('.') {
            Some((_, top)) => !NEVER.contains(&top),
            None => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Inputs, load};

    fn config(flags: &[(&'static str, &str)]) -> Config {
        let flags = flags.iter().map(|(key, text)| (*key, "--flag", (*text).to_owned())).collect();
        load(Inputs { file: Some("config.example.toml".into()), flags, ..Inputs::default() }).unwrap()
    }

    fn trust(flags: &[(&'static str, &str)], public: &[&str], one_port: u16, plain_port: Option<u16>) -> Trust {
        let public: Vec<IpAddr> = public.iter().map(|ip| ip.parse().unwrap()).collect();
        Ground { config: &config(flags), public: &public, one_port, plain_port }.trust()
    }

    fn ordered(trust: Trust) -> (Vec<String>, Vec<Challenge>) {
        let Trust::Ordered(wishes) = trust else { panic!("{trust:?}") };
        (wishes.subjects.iter().map(ToString::to_string).collect(), wishes.challenges)
    }

    #[test]
    fn a_bare_server_with_port_443_gets_a_certificate_for_its_addresses() {
        let (subjects, challenges) = ordered(trust(&[], &["8.8.4.4", "2600::1", "2600::2"], 443, None));
        assert_eq!(subjects, ["8.8.4.4", "2600::1"]);
        assert_eq!(challenges, [Challenge::TlsAlpn01]);
    }

    #[test]
    fn a_typed_name_wins_over_what_was_found() {
        let (subjects, challenges) = ordered(trust(&[("names", "call.callbox.dev")], &["8.8.4.4"], 443, Some(80)));
        assert_eq!(subjects, ["call.callbox.dev"]);
        assert_eq!(challenges, [Challenge::TlsAlpn01, Challenge::Http01]);
    }

    #[test]
    fn a_laptop_orders_nothing_and_says_why() {
        assert!(matches!(trust(&[], &[], 443, None), Trust::Nothing(why) if why.contains("`names`")));
        assert!(matches!(trust(&[], &["8.8.4.4"], 8443, None), Trust::Nothing(why) if why.contains("443")));
        for private in ["laptop", "nas.local", "box.lan", "192.168.1.5", "fd00::1", "a.home.arpa"] {
            assert!(matches!(trust(&[("names", private)], &["8.8.4.4"], 443, None), Trust::Nothing(_)), "{private}");
        }
    }

    #[test]
    fn port_80_is_enough() {
        let (_, challenges) = ordered(trust(&[("http.listen", "[::]:80")], &["8.8.4.4"], 8443, Some(80)));
        assert_eq!(challenges, [Challenge::Http01]);
    }

    #[test]
    fn acme_by_name_believes_the_operator_about_names_and_ports() {
        let flags = [("tls.mode", "acme"), ("names", "nas.internal,192.168.1.5")];
        let (subjects, challenges) = ordered(trust(&flags, &[], 8443, None));
        assert_eq!(subjects, ["nas.internal", "192.168.1.5"]);
        assert_eq!(challenges, [Challenge::TlsAlpn01]);
    }

    #[test]
    fn the_terms_are_named_and_can_be_declined() {
        let flags = [("names", "call.callbox.dev")];
        let said = trust(&flags, &[], 443, None).words(&config(&flags));
        assert!(said.contains("acme-v02.api.letsencrypt.org") && said.contains("tls.acme.accept_terms"), "{said}");
        assert_eq!(said.lines().count(), 1);
        let flags = [("names", "call.callbox.dev"), ("tls.acme.accept_terms", "false")];
        assert!(trust(&flags, &[], 443, None).words(&config(&flags)).contains("accept_terms is false"));
        let flags = [("tls.mode", "self-signed")];
        assert_eq!(trust(&flags, &["8.8.4.4"], 443, None).words(&config(&flags)), "");
    }
}
