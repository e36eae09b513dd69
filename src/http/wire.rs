//! The text of the wire, as `tests/wire/*.json` documents it: read into the hub's requests, written from its messages.
//! What pages say to each other passes through as the text it came in.

use std::borrow::Cow;
use std::num::NonZeroU16;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::ice::IceServer;
use crate::hub::{
    Candidate, Command, DoorChange, DoorSigns, Join, Joined, Message, Pair, Parting, Path, Peer, PersonId, Reason,
    Refusal, RelayBudget, Request, Transport, Why, Wish,
};
use crate::invitation::{Invitation, Role};
use crate::pass::Secret;

/// Reads one message of a page. `fresh` draws the id that a newcomer will get; it is asked only for a `join`.
///
/// # Errors
/// [`Refusal::BadMessage`] for anything that is not exactly one of the documented messages, unknown fields included: a
/// page that says more than we understand must hear so at once, and not be half understood.
pub fn decode(text: &str, fresh: impl FnOnce() -> PersonId) -> Result<Request, Refusal> {
    match kind(text)?.as_ref() {
        "signal" => read(text).map(|SignalOut { to, payload, .. }| Request::Signal {
            to: PersonId(to.as_ref().into()),
            payload: payload.get().into(),
        }),
        "ping" => read::<Bare>(text).map(|_| Request::Ping),
        "path" => read(text).map(|path: PathText| Request::Path(Box::new(path.into()))),
        "join" => read::<JoinText>(text).map(|join| Request::Join(join.with(fresh()))),
        "leave" => read::<Bare>(text).map(|_| Request::Leave),
        "admit" => about(text, Command::Admit),
        "decline" => about(text, Command::Decline),
        "mute" => about(text, Command::Mute),
        "remove" => about(text, Command::Remove),
        "hand-over" => about(text, Command::HandOver),
        "invite" => read(text).map(|wish: WishText| Request::Host(Command::Invite(wish.with(fresh())))),
        "revoke" => read(text).map(|text: RevokeText| Request::Host(Command::Revoke(text.invitation))),
        "set-door" => read(text).map(|change: DoorText| Request::Host(Command::SetDoor(change.into()))),
        "ice-refresh" => read::<Bare>(text).map(|_| Request::IceRefresh),
        _ => Err(Refusal::BadMessage("unknown type".into())),
    }
}

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

/// How one person reaches the relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ice {
    /// The relay's addresses and this person's credentials.
    pub ice_servers: Vec<IceServer>,
    /// How many seconds the credentials are good for.
    pub ice_ttl: u64,
}

/// What kind of message it is. Where the type stands first, as our page writes it, nothing else is looked at here: the second
/// reading looks at everything, and refuses a type that is there twice.
fn kind(text: &str) -> Result<Cow<'_, str>, Refusal> {
    let first = text.strip_prefix(r#"{"type":""#).and_then(|rest| rest.split_once('"'));
    match first {
        Some((kind, _)) if !kind.contains('\\') => Ok(kind.into()),
        _ => read::<Kind>(text).map(|kind| kind.r#type),
    }
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
}

/// A message that is its type and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bare {
    #[serde(rename = "type")]
    _type: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignalOut<'a> {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    #[serde(borrow)]
    to: Cow<'a, str>,
    #[serde(borrow)]
    payload: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JoinText {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    room: String,
    name: String,
    instance: String,
    seat: Option<String>,
    invitation: Option<String>,
    password: Option<String>,
}

impl JoinText {
    fn with(self, fresh: PersonId) -> Join {
        let JoinText { room, name, instance, seat, invitation, password, .. } = self;
        Join { room, name, instance, seat, invitation, password: password.map(Secret::new), fresh }
    }
}

/// A host's wish about one person.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About<'a> {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    #[serde(borrow)]
    id: Cow<'a, str>,
}

fn about(text: &str, command: fn(PersonId) -> Command) -> Result<Request, Refusal> {
    read(text).map(|About { id, .. }| Request::Host(command(PersonId(id.as_ref().into()))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DoorText {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    locked: Option<bool>,
    lobby: Option<bool>,
    password: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WishText {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    role: RoleText,
    seconds: Option<u32>,
    uses: Option<NonZeroU16>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum RoleText {
    Guest,
    Host,
}

impl WishText {
    fn with(self, fresh: PersonId) -> Wish {
        let role = match self.role {
            RoleText::Guest => Role::Guest,
            RoleText::Host => Role::Host,
        };
        Wish { fresh, role, seconds: self.seconds, uses: self.uses }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeText {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    invitation: String,
}

/// What a page says of its way to a peer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PathText<'a> {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    #[serde(borrow)]
    to: Cow<'a, str>,
    pair: Option<PairText>,
    alive: bool,
    relay_only: bool,
    rtt: Option<u32>,
    bytes_in: u64,
    bytes_out: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PairText {
    local: CandidateText,
    remote: CandidateText,
    relay: Option<TransportText>,
}

/// As `RTCIceCandidateType` has them.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum CandidateText {
    Host,
    Srflx,
    Prflx,
    Relay,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum TransportText {
    Udp,
    Tcp,
    Tls,
}

impl From<PathText<'_>> for Path {
    fn from(text: PathText<'_>) -> Path {
        let PathText { to, pair, alive, relay_only, rtt, bytes_in, bytes_out, .. } = text;
        let to = PersonId(to.as_ref().into());
        Path { to, pair: pair.map(Pair::from), alive, relay_only, rtt, bytes_in, bytes_out, relayed: None }
    }
}

impl From<PairText> for Pair {
    fn from(PairText { local, remote, relay }: PairText) -> Pair {
        let [local, remote] = [local, remote].map(|candidate| match candidate {
            CandidateText::Host => Candidate::Host,
            CandidateText::Srflx => Candidate::ServerReflexive,
            CandidateText::Prflx => Candidate::PeerReflexive,
            CandidateText::Relay => Candidate::Relay,
        });
        let relay = relay.map(|transport| match transport {
            TransportText::Udp => Transport::Udp,
            TransportText::Tcp => Transport::Tcp,
            TransportText::Tls => Transport::Tls,
        });
        Pair { local, remote, relay }
    }
}

impl From<DoorText> for DoorChange {
    fn from(DoorText { locked, lobby, password, .. }: DoorText) -> DoorChange {
        DoorChange { locked, lobby, password: password.map(Secret::new) }
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Refusal> {
    serde_json::from_str(text).map_err(|error| Refusal::BadMessage(error.to_string().into()))
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
