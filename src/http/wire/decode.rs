//! What a page says, read into the hub's requests.

use std::borrow::Cow;
use std::num::NonZeroU16;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{RoleText, TransportText};
use crate::hub::{Candidate, Command, DoorChange, Join, Pair, Path, PersonId, Refusal, Request, Transport, Wish};
use crate::invitation::Role;
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
