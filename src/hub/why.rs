//! Why a call between two people goes the way it goes: what both pages and the relay see of it, joined into one sentence. A
//! pure table; it leaves out addresses, which nobody tells it.

use serde::{Deserialize, Serialize};

use super::message::PersonId;

/// What one page says of its connection to one peer, when that has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Path {
    /// The peer.
    pub to: PersonId,
    /// The two candidates that were selected; `None`: for ten seconds there has been no connection.
    pub pair: Option<Pair>,
    /// Whether something arrives by it.
    pub alive: bool,
    /// Whether the page takes paths through the relay alone.
    pub relay_only: bool,
    /// Milliseconds there and back, if known.
    pub rtt: Option<u32>,
    /// Bytes of media and data that arrived.
    pub bytes_in: u64,
    /// Bytes of media and data that left.
    pub bytes_out: u64,
    /// What the relay has seen of this page's person and of the peer; `None`: there is no relay. Not the page's to say: the shell
    /// asks the relay.
    pub relayed: Option<[RelayUse; 2]>,
}

/// A pair of candidates (RFC 8445, 2.3) as one side has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// One's own candidate.
    pub local: Candidate,
    /// The other side's.
    pub remote: Candidate,
    /// What is spoken between the page and the relay, if its own candidate is a relayed one.
    pub relay: Option<Transport>,
}

/// The type of a candidate (RFC 8445, 5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Candidate {
    /// An address of the machine.
    Host,
    /// What a STUN server saw.
    ServerReflexive,
    /// What the other side saw.
    PeerReflexive,
    /// An address of the relay.
    Relay,
}

/// What carries a person's packets to the relay, the fastest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream in the clear.
    Tcp,
    /// A stream inside TLS.
    Tls,
}

/// What the relay has seen of one person: the allocations they made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayUse {
    /// Over UDP.
    pub udp: u32,
    /// Over TCP.
    pub tcp: u32,
    /// Over TLS.
    pub tls: u32,
}

impl RelayUse {
    fn is_nothing(&self) -> bool {
        *self == RelayUse::default()
    }
}

/// One side of a call, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side<'a> {
    pub(super) id: &'a PersonId,
    /// Its page's last word.
    pub(super) path: Option<&'a Path>,
    /// What the relay has seen; `None`: there is none.
    pub(super) relayed: Option<RelayUse>,
}

/// The sentence: its kind, whom it is about, and what carries the packets to the relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// Its kind.
    pub reason: Reason,
    /// Nobody, one of the two, or both.
    pub who: Vec<PersonId>,
    /// Where the relay is used: the slower of the two transports to it.
    pub over: Option<Transport>,
}

/// What is to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// From page to page.
    Direct,
    /// The same, and both come from one public address.
    OneNat,
    /// No direct way was found.
    Relayed,
    /// They asked for the relay and nothing else.
    RelayWanted,
    /// The relay never got a datagram of theirs, but a stream.
    UdpBlocked,
    /// The relay got nothing of theirs at all.
    Unheard,
    /// There is a path, and nothing of what they send arrives.
    Silent,
    /// No connection, and no relay to help.
    NoRelay,
    /// Both reach the relay, and there is still no connection.
    NoWay,
}

/// Joins both sides. `one_nat`: both come from one public address. The first rule that fits speaks; where only one page has said
/// something, it speaks for both.
pub(super) fn explain([a, b]: [Side<'_>; 2], one_nat: bool) -> Why {
    let sides = [a, b];
    let who = |is: &dyn Fn(&Side<'_>) -> bool| -> Vec<PersonId> {
        sides.iter().filter(|side| is(side)).map(|side| side.id.clone()).collect()
    };
    let over = sides.iter().filter_map(Side::over).max();
    let why = |reason, who| Why { reason, who, over };
    if sides.iter().any(Side::has_no_pair) {
        let unheard = who(&|side| side.relayed.is_some_and(|relayed| relayed.is_nothing()));
        return match (a.relayed.or(b.relayed), unheard.is_empty()) {
            (None, _) => why(Reason::NoRelay, Vec::new()),
            (Some(_), false) => why(Reason::Unheard, unheard),
            (Some(_), true) => why(Reason::NoWay, Vec::new()),
        };
    }
    // Whoever hears nothing says that the other one is silent.
    let silent: Vec<PersonId> =
        [(a, b), (b, a)].iter().filter(|(_, hears)| hears.is_deaf()).map(|(says, _)| says.id.clone()).collect();
    if !silent.is_empty() {
        return why(Reason::Silent, silent);
    }
    if sides.iter().any(Side::uses_relay) {
        let (blocked, wanted) = (who(&|side| side.lacks_udp()), who(&|side| side.wants_relay()));
        return match (blocked.is_empty(), wanted.is_empty()) {
            (false, _) => why(Reason::UdpBlocked, blocked),
            (true, false) => why(Reason::RelayWanted, wanted),
            (true, true) => why(Reason::Relayed, Vec::new()),
        };
    }
    why(if one_nat { Reason::OneNat } else { Reason::Direct }, Vec::new())
}

impl Side<'_> {
    fn pair(&self) -> Option<Pair> {
        self.path.and_then(|path| path.pair)
    }

    fn has_no_pair(&self) -> bool {
        self.path.is_some_and(|path| path.pair.is_none())
    }

    fn is_deaf(&self) -> bool {
        self.path.is_some_and(|path| !path.alive)
    }

    fn wants_relay(&self) -> bool {
        self.path.is_some_and(|path| path.relay_only)
    }

    fn uses_relay(&self) -> bool {
        self.pair().is_some_and(|pair| pair.local == Candidate::Relay || pair.remote == Candidate::Relay)
    }

    fn over(&self) -> Option<Transport> {
        self.pair()?.relay
    }

    /// Its path to the relay is a stream, and no datagram ever opened one: a page tries both at the same time. A relay that
    /// was started anew, or is not the one in use, has seen neither and says nothing.
    fn lacks_udp(&self) -> bool {
        self.over().is_some_and(|over| over != Transport::Udp)
            && self.relayed.is_some_and(|relayed| relayed.udp == 0 && !relayed.is_nothing())
    }
}

impl Why {
    /// In English, for whoever runs the server; the pages have words of their own.
    pub fn sentence(&self, name: impl Fn(&PersonId) -> String) -> String {
        let names: Vec<String> = self.who.iter().map(name).collect();
        let (who, whose) = match names.as_slice() {
            [one] => (one.clone(), format!("{one}'s network blocks")),
            _ => ("either of them".to_owned(), "both networks block".to_owned()),
        };
        let over = match self.over {
            Some(Transport::Tls) => "relayed over TLS",
            Some(Transport::Tcp) => "relayed over TCP",
            Some(Transport::Udp) => "relayed over UDP",
            None => "relayed",
        };
        match self.reason {
            Reason::Direct => "direct".to_owned(),
            Reason::OneNat => "direct; both are behind one NAT".to_owned(),
            Reason::Relayed => format!("no direct way was found: {over}"),
            Reason::RelayWanted if names.len() > 1 => format!("both ask for the relay: {over}"),
            Reason::RelayWanted => format!("{who} asks for the relay: {over}"),
            Reason::UdpBlocked => format!("{whose} UDP: {over}"),
            Reason::Unheard => format!("the relay got nothing from {who}"),
            Reason::Silent => format!("nothing of what comes from {who} arrives at the other side"),
            Reason::NoRelay => "no direct way was found, and there is no relay".to_owned(),
            Reason::NoWay => "both reach the relay, but nothing comes through".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UDP: RelayUse = RelayUse { udp: 1, tcp: 1, tls: 1 };
    const STREAMS: RelayUse = RelayUse { udp: 0, tcp: 0, tls: 1 };
    const NOTHING: RelayUse = RelayUse { udp: 0, tcp: 0, tls: 0 };

    fn path(pair: Option<Pair>) -> Path {
        let to = PersonId("x".into());
        Path { to, pair, alive: true, relay_only: false, rtt: None, bytes_in: 0, bytes_out: 0, relayed: None }
    }

    fn by(local: Candidate, remote: Candidate, relay: Option<Transport>) -> Path {
        path(Some(Pair { local, remote, relay }))
    }

    /// The sentence about Alice and Bob.
    fn said(a: (Option<Path>, Option<RelayUse>), b: (Option<Path>, Option<RelayUse>), one_nat: bool) -> String {
        let (alice, bob) = (PersonId("Alice".into()), PersonId("Bob".into()));
        let sides = [
            Side { id: &alice, path: a.0.as_ref(), relayed: a.1 },
            Side { id: &bob, path: b.0.as_ref(), relayed: b.1 },
        ];
        explain(sides, one_nat).sentence(PersonId::to_string)
    }

    #[test]
    fn what_both_pages_and_the_relay_see_becomes_one_sentence() {
        use Candidate::{Host, Relay, ServerReflexive};
        use Transport::{Tcp, Tls, Udp};
        let direct = || by(ServerReflexive, Host, None);
        let relay = |over| by(Relay, Relay, Some(over));
        let remote = || by(Host, Relay, None);
        let wanting = |path| Path { relay_only: true, ..path };
        let deaf = |path| Path { alive: false, ..path };
        for (a, b, one_nat, expected) in [
            ((Some(direct()), Some(UDP)), (Some(direct()), Some(UDP)), false, "direct"),
            ((Some(direct()), Some(UDP)), (None, Some(NOTHING)), false, "direct"),
            ((Some(direct()), None), (Some(direct()), None), true, "direct; both are behind one NAT"),
            (
                (Some(relay(Udp)), Some(UDP)),
                (Some(relay(Udp)), Some(UDP)),
                false,
                "no direct way was found: relayed over UDP",
            ),
            (
                (Some(relay(Udp)), Some(UDP)),
                (Some(relay(Udp)), Some(UDP)),
                true,
                "no direct way was found: relayed over UDP",
            ),
            (
                (Some(relay(Tcp)), Some(UDP)),
                (Some(remote()), Some(UDP)),
                false,
                "no direct way was found: relayed over TCP",
            ),
            (
                (Some(remote()), Some(UDP)),
                (Some(relay(Tls)), Some(STREAMS)),
                false,
                "Bob's network blocks UDP: relayed over TLS",
            ),
            (
                (Some(relay(Udp)), Some(UDP)),
                (Some(relay(Tls)), Some(STREAMS)),
                false,
                "Bob's network blocks UDP: relayed over TLS",
            ),
            (
                (Some(relay(Tls)), Some(STREAMS)),
                (Some(relay(Tcp)), Some(STREAMS)),
                false,
                "both networks block UDP: relayed over TLS",
            ),
            (
                (Some(relay(Tls)), Some(NOTHING)),
                (Some(relay(Tls)), Some(NOTHING)),
                false,
                "no direct way was found: relayed over TLS",
            ),
            (
                (Some(wanting(relay(Tls))), Some(STREAMS)),
                (Some(remote()), Some(UDP)),
                false,
                "Alice's network blocks UDP: relayed over TLS",
            ),
            (
                (Some(wanting(relay(Udp))), Some(UDP)),
                (Some(remote()), Some(UDP)),
                false,
                "Alice asks for the relay: relayed over UDP",
            ),
            (
                (Some(wanting(relay(Udp))), Some(UDP)),
                (Some(wanting(relay(Tcp))), Some(UDP)),
                false,
                "both ask for the relay: relayed over TCP",
            ),
            (
                (Some(path(None)), Some(NOTHING)),
                (Some(path(None)), Some(UDP)),
                false,
                "the relay got nothing from Alice",
            ),
            (
                (None, Some(NOTHING)),
                (Some(path(None)), Some(NOTHING)),
                false,
                "the relay got nothing from either of them",
            ),
            (
                (Some(path(None)), Some(UDP)),
                (Some(path(None)), Some(STREAMS)),
                false,
                "both reach the relay, but nothing comes through",
            ),
            (
                (Some(path(None)), None),
                (Some(path(None)), None),
                false,
                "no direct way was found, and there is no relay",
            ),
            (
                (Some(direct()), Some(UDP)),
                (Some(deaf(direct())), Some(UDP)),
                false,
                "nothing of what comes from Alice arrives at the other side",
            ),
            (
                (Some(deaf(relay(Udp))), Some(UDP)),
                (Some(relay(Udp)), Some(UDP)),
                false,
                "nothing of what comes from Bob arrives at the other side",
            ),
            (
                (Some(deaf(direct())), Some(UDP)),
                (Some(path(None)), Some(NOTHING)),
                false,
                "the relay got nothing from Bob",
            ),
        ] {
            assert_eq!(said(a, b, one_nat), expected);
        }
    }
}
