//! What the hub says, written for a page.

use serde::Serialize;

use super::{Ice, RoleText, TransportText};
use crate::hub::{DoorSigns, Joined, Message, Parting, Peer, PersonId, Reason, RelayBudget, Transport, Why};
use crate::invitation::{Invitation, Role};

/// Writes one message to a page. `ice` makes the relay's entries for a person; it is asked only where they are sent.
pub fn encode(message: &Message, ice: impl FnOnce(&PersonId) -> Ice) -> String {
    match message {
        Message::Signal { from, payload } => signal(from, payload),
        Message::Joined(joined) => write(&JoinedText::new(joined, ice(&joined.you))),
        Message::IceServers(you) => write(&Said::IceServers { ice: ice(you) }),
        Message::Full { room, max_people } => write(&Said::Full { room: room.as_str(), max_people: *max_people }),
        Message::Waiting(room) => write(&Said::Waiting { room: room.as_str() }),
        Message::Knock(knock) => write(&Said::Knock { id: &knock.id.0, name: &knock.name }),
        Message::KnockOver(id) => write(&Said::KnockOver { id: &id.0 }),
        Message::Invited { token, invitation } => write(&Said::invited(token, invitation)),
        Message::Revoked(token) => write(&Said::Revoked { invitation: token }),
        Message::Door(signs) => write(&Said::Door { door: (*signs).into() }),
        Message::Role { host, seat } => write(&Said::Role { host: *host, seat }),
        Message::PeerRole(id, host) => write(&Said::PeerRole { id: &id.0, host: *host }),
        Message::RelayBudget(left) => write(&Said::RelayBudget { left: word(*left) }),
        Message::Restarting => write(&Said::Restarting),
        Message::MuteAsked(by) => write(&Said::MuteAsked { by: &by.0 }),
        Message::PeerJoined(peer) => write(&Said::PeerJoined { peer: PeerText::new(peer) }),
        Message::PeerBack(peer) => write(&Said::PeerBack { peer: PeerText::new(peer) }),
        Message::PeerAway(id) => write(&Said::PeerAway { id: &id.0 }),
        Message::PeerLeft(id, parting) => write(&Said::PeerLeft { id: &id.0, reason: reason(*parting) }),
        Message::Why(peer, why) => write(&Said::why(peer, why)),
        Message::Left(room) => write(&Said::Left { room: room.as_str() }),
        Message::Pong => write(&Said::Pong),
        Message::Error(refusal) => write(&Said::Error { code: refusal.code(), message: refusal.to_string() }),
    }
}

fn reason(parting: Parting) -> &'static str {
    match parting {
        Parting::Left => "left",
        Parting::Lost => "lost",
        Parting::Removed => "removed",
    }
}

fn word(left: RelayBudget) -> &'static str {
    match left {
        RelayBudget::Plenty => "plenty",
        RelayBudget::Lower => "lower",
        RelayBudget::AudioOnly => "audio-only",
        RelayBudget::UsedUp => "used-up",
    }
}

/// The most frequent message by far: written around the payload, which is not looked at again.
fn signal(from: &PersonId, payload: &str) -> String {
    let [before, between, after] = [r#"{"type":"signal","from":""#, r#"","payload":"#, "}"];
    let mut text = String::with_capacity(before.len() + from.0.len() + between.len() + payload.len() + after.len());
    // An id is URL-safe text: it needs no escapes.
    for part in [before, &*from.0, between, payload, after] {
        text.push_str(part);
    }
    text
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Said<'a> {
    IceServers {
        #[serde(flatten)]
        ice: Ice,
    },
    Full {
        room: &'a str,
        max_people: usize,
    },
    Waiting {
        room: &'a str,
    },
    Knock {
        id: &'a str,
        name: &'a str,
    },
    KnockOver {
        id: &'a str,
    },
    Invited {
        invitation: &'a str,
        role: RoleText,
        #[serde(skip_serializing_if = "Option::is_none")]
        ends: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        uses: Option<u32>,
    },
    Revoked {
        invitation: &'a str,
    },
    Door {
        door: Signs,
    },
    Role {
        host: bool,
        seat: &'a str,
    },
    PeerRole {
        id: &'a str,
        host: bool,
    },
    RelayBudget {
        left: &'static str,
    },
    Restarting,
    MuteAsked {
        by: &'a str,
    },
    PeerJoined {
        peer: PeerText<'a>,
    },
    PeerBack {
        peer: PeerText<'a>,
    },
    PeerAway {
        id: &'a str,
    },
    PeerLeft {
        id: &'a str,
        reason: &'static str,
    },
    Left {
        room: &'a str,
    },
    Why {
        peer: &'a str,
        reason: &'static str,
        who: Vec<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        over: Option<TransportText>,
    },
    Pong,
    Error {
        code: &'static str,
        message: String,
    },
}

impl<'a> Said<'a> {
    fn why(peer: &'a PersonId, Why { reason, who, over }: &'a Why) -> Said<'a> {
        let reason = match reason {
            Reason::Direct => "direct",
            Reason::OneNat => "one-nat",
            Reason::Relayed => "relayed",
            Reason::RelayWanted => "relay-wanted",
            Reason::UdpBlocked => "udp-blocked",
            Reason::Unheard => "unheard",
            Reason::Silent => "silent",
            Reason::NoRelay => "no-relay",
            Reason::NoWay => "no-way",
        };
        let over = over.map(|over| match over {
            Transport::Udp => TransportText::Udp,
            Transport::Tcp => TransportText::Tcp,
            Transport::Tls => TransportText::Tls,
        });
        Said::Why { peer: &peer.0, reason, who: who.iter().map(|id| &*id.0).collect(), over }
    }

    fn invited(invitation: &'a str, granted: &Invitation) -> Said<'a> {
        let role = match granted.role {
            Role::Guest => RoleText::Guest,
            Role::Host => RoleText::Host,
        };
        let [ends, uses] = [granted.ends, granted.uses.into()].map(|limit| Some(limit).filter(|limit| *limit != 0));
        Said::Invited { invitation, role, ends, uses }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "joined")]
struct JoinedText<'a> {
    room: &'a str,
    you: &'a str,
    seat: &'a str,
    max_people: usize,
    host: bool,
    open: bool,
    door: Signs,
    knocks: Vec<KnockText<'a>>,
    peers: Vec<PeerText<'a>>,
    #[serde(flatten)]
    ice: Ice,
}

impl<'a> JoinedText<'a> {
    fn new(joined: &'a Joined, ice: Ice) -> JoinedText<'a> {
        JoinedText {
            room: joined.room.as_str(),
            you: &joined.you.0,
            seat: &joined.seat,
            max_people: joined.max_people,
            host: joined.host,
            open: joined.open,
            door: joined.door.into(),
            knocks: joined.knocks.iter().map(|knock| KnockText { id: &knock.id.0, name: &knock.name }).collect(),
            peers: joined.peers.iter().map(PeerText::new).collect(),
            ice,
        }
    }
}

#[derive(Serialize)]
struct KnockText<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct Signs {
    locked: bool,
    lobby: bool,
    password: bool,
}

impl From<DoorSigns> for Signs {
    fn from(DoorSigns { locked, lobby, password }: DoorSigns) -> Signs {
        Signs { locked, lobby, password }
    }
}

#[derive(Serialize)]
struct PeerText<'a> {
    id: &'a str,
    name: &'a str,
    instance: &'a str,
    offerer: bool,
    away: bool,
    host: bool,
}

impl<'a> PeerText<'a> {
    fn new(Peer { id, name, instance, offerer, away, host }: &'a Peer) -> PeerText<'a> {
        PeerText { id: &id.0, name, instance, offerer: *offerer, away: *away, host: *host }
    }
}

fn write(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("texts, numbers and lists of them always have a JSON form")
}
