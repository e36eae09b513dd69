//! What goes into the hub and what comes out, as values: the shell turns them from and to the text of `tests/wire`. Between
//! the nodes of a cluster they travel as they are.

use std::fmt;
use std::num::NonZeroU16;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::bans::RoomBans;
use super::door::DoorState;
use super::invitations::Fate;
use super::name::RoomName;
use super::refusal::Refusal;
use super::short_text::ShortText;
use super::why::{Path, Why};
use crate::invitation::{Invitation, InvitationId, Role};
use crate::pass::Secret;

/// One WebSocket, numbered by the shell; never used twice in the life of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SocketId(pub u64);

/// One person in one room, for the life of the seat: URL-safe text without dots.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PersonId(pub ShortText);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a person comes from, as far as a hub may know: people of one network have the same one. A keyed hash, so that no
/// address is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Network(pub u64);

/// What a page sends to another page: JSON text that the hub passes on and never reads.
pub type Payload = Box<str>;

/// What the relay may still carry in this month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RelayBudget {
    /// Everything.
    #[default]
    Plenty,
    /// Smaller pictures.
    Lower,
    /// No pictures.
    AudioOnly,
    /// No pictures, and nothing for anybody new.
    UsedUp,
}

/// Something that happened outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A socket is there. Comes before anything else about it.
    Opened {
        /// Its number.
        socket: SocketId,
        /// Where it comes from.
        network: Network,
        /// Whether newcomers by it count as some of their network's; not those of this machine, or of a proxy that does
        /// not say for whom.
        counted: bool,
    },
    /// A page asks for something.
    Asked(SocketId, Request),
    /// A page sent something that is no [`Request`].
    Garbled(SocketId, Refusal),
    /// A socket is gone. Comes once, after which the number means nothing; also after the hub asked for the close.
    Closed(SocketId),
    /// These invitations were revoked elsewhere; each with its [`Invitation::ends`].
    Revoked(Vec<(InvitationId, u32)>),
    /// What became of invitations on another node.
    Fated(Vec<Fate>),
    /// Whom hosts sent out of this room on another node.
    Banned(RoomName, RoomBans),
    /// This room was another node's, who is lost: its door is as that node left it, and its people are expected back.
    Taken(RoomName, DoorState),
    /// This room is another node's now, where its people sit down again: nobody here is told anything, and nobody loses
    /// what they may do at the relay.
    GivenUp(RoomName),
    /// What the relay may still carry has changed.
    RelayBudget(RelayBudget),
    /// The server is about to stop: no new rooms from here on.
    Restarting,
    /// Whoever runs the server sends somebody out, as a host of that room would.
    Remove(RoomName, PersonId),
    /// Whoever runs the server closes a room.
    Close(RoomName),
    /// Time passed. A hub that keeps seats needs this about once a second.
    Tick,
}

/// What a page may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// To come into a room, or back to a seat.
    Join(Join),
    /// To pass something on to one peer in the same room.
    Signal {
        /// The peer.
        to: PersonId,
        /// What the page says to it.
        payload: Payload,
    },
    /// To get up, or to knock no longer.
    Leave,
    /// What only a host may ask for.
    Host(Command),
    /// To know why its connection to a peer goes the way it goes, which this says something of.
    Path(Box<Path>),
    /// New credentials for the relay.
    IceRefresh,
    /// A sign of life.
    Ping,
}

impl Request {
    /// Bytes of the texts in it. What else there is has a size of its own, and a small one.
    pub fn text_length(&self) -> usize {
        match self {
            Request::Join(join) => join.text_length(),
            Request::Signal { payload, .. } => payload.len(),
            Request::Host(Command::Revoke(token)) => token.len(),
            _ => 0,
        }
    }
}

/// What a host may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Let somebody in who knocked.
    Admit(PersonId),
    /// Send somebody away who knocked.
    Decline(PersonId),
    /// Ask somebody to switch their microphone off; their page does it.
    Mute(PersonId),
    /// Take somebody's seat away; they come in again only by knocking.
    Remove(PersonId),
    /// Make somebody the host instead.
    HandOver(PersonId),
    /// Change who may come in.
    SetDoor(DoorChange),
    /// Make an invitation to this room.
    Invite(Wish),
    /// Let nobody in with this invitation any more, given as the text of its link.
    Revoke(String),
}

/// The invitation that a host would like to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// From the system's generator, as [`Join::fresh`].
    pub fresh: PersonId,
    /// As what people come in.
    pub role: Role,
    /// For how many seconds it is good; `None`: for ever.
    pub seconds: Option<u32>,
    /// For how many people; `None`: for any number.
    pub uses: Option<NonZeroU16>,
}

/// What shall be different about a room's door; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoorChange {
    /// Nobody new may come in.
    pub locked: Option<bool>,
    /// Whoever is new knocks, and waits for a host.
    pub lobby: Option<bool>,
    /// Whoever is new has to know this; an empty text takes the password away.
    #[serde(with = "crate::pass::between_nodes")]
    pub password: Option<Secret>,
}

/// What everybody may know of a room's door.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoorSigns {
    /// Nobody new may come in.
    pub locked: bool,
    /// Whoever is new knocks.
    pub lobby: bool,
    /// Whoever is new needs the password.
    pub password: bool,
}

/// Somebody who knocked, as hosts see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knock {
    /// The id they will have inside.
    pub id: PersonId,
    /// The name they gave, tidied.
    pub name: Arc<str>,
}

/// Who comes, where to, and how they are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// The room as typed; see [`RoomName`] for what it may be.
    pub room: String,
    /// The person's name as typed; the same rules.
    pub name: String,
    /// Drawn anew at every page load.
    pub instance: String,
    /// The token of an earlier seat in this room, if the person comes back.
    pub seat: Option<String>,
    /// An invitation to this room, if the person has one.
    pub invitation: Option<String>,
    /// The room's password, if the person was asked for it.
    #[serde(with = "crate::pass::between_nodes")]
    pub password: Option<Secret>,
    /// The id to give to a person without a seat; from the system's generator, at least 96 bits, so never given twice.
    pub fresh: PersonId,
}

impl Join {
    /// Bytes of the texts in it.
    pub fn text_length(&self) -> usize {
        let tokens = [&self.seat, &self.invitation].map(|token| token.as_ref().map_or(0, String::len));
        self.room.len() + self.name.len() + self.instance.len() + tokens.iter().sum::<usize>()
    }
}

/// Something to be done outside, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Say this on that socket.
    Send(SocketId, Message),
    /// Close that socket once all that was said on it is out, with the refusal's words as the reason.
    Close(SocketId, Refusal),
    /// Somebody sat down in that room: what the relay knows them by is good.
    Admit(PersonId, RoomName),
    /// Somebody is gone for good, which a dropped socket alone does not make them: what the relay knows them by is good no
    /// more, and what it carries for them ends.
    Revoke(PersonId),
    /// Something became of an invitation; for the other nodes of a cluster.
    Fated(Fate),
    /// Hosts sent these people out of this room; for the other nodes of a cluster, where it may be opened next.
    Banned(RoomName, RoomBans),
    /// The door of this room is different; for whoever takes the room over when this node is lost.
    DoorChanged(RoomName),
}

/// What the hub says to a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// You are in. Complete: replaces whatever the page knew of the room.
    Joined(Box<Joined>),
    /// The room has as many people as it may have.
    Full {
        /// The room asked for.
        room: RoomName,
        /// Its limit.
        max_people: usize,
    },
    /// You knocked: a host will let you in, or not.
    Waiting(RoomName),
    /// Somebody knocks; told to hosts.
    Knock(Knock),
    /// Somebody who knocked is let in, sent away or gone; told to hosts.
    KnockOver(PersonId),
    /// The invitation you wished for.
    Invited {
        /// The text for a link.
        token: String,
        /// What it grants.
        invitation: Invitation,
    },
    /// The invitation with this text opens nothing any more.
    Revoked(String),
    /// The room's door is different now.
    Door(DoorSigns),
    /// You are a host now, or no longer, with the token that says so.
    Role {
        /// Whether you are a host.
        host: bool,
        /// Instead of the token you have.
        seat: String,
    },
    /// Somebody is a host now, or no longer.
    PeerRole(PersonId, bool),
    /// This host asks you to be quiet.
    MuteAsked(PersonId),
    /// Somebody sat down.
    PeerJoined(Peer),
    /// A peer's socket is there again.
    PeerBack(Peer),
    /// A peer's socket dropped; the seat is kept.
    PeerAway(PersonId),
    /// A peer is gone for good.
    PeerLeft(PersonId, Parting),
    /// A peer said something to you.
    Signal {
        /// The peer.
        from: PersonId,
        /// What it said.
        payload: Payload,
    },
    /// You got up.
    Left(RoomName),
    /// New credentials for the relay, made out to this person.
    IceServers(PersonId),
    /// What the relay may still carry. After a [`Message::Joined`] only if it is not all: that page knows of nothing else.
    RelayBudget(RelayBudget),
    /// The server is about to stop, and another one will be there. Told when it is decided, and after a
    /// [`Message::Joined`] from then on.
    Restarting,
    /// Why the call with this peer goes the way it goes.
    Why(PersonId, Why),
    /// You are heard.
    Pong,
    /// What you asked for cannot be done.
    Error(Refusal),
}

/// The answer to a successful [`Join`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The room, tidied.
    pub room: RoomName,
    /// The reader's own id.
    pub you: PersonId,
    /// The token that brings the reader back to this seat.
    pub seat: String,
    /// How many people the room may have, the reader included.
    pub max_people: usize,
    /// Whether the reader is a host.
    pub host: bool,
    /// Whether the room is there for everybody who knows its name; otherwise an invitation is needed.
    pub open: bool,
    /// Who may come in.
    pub door: DoorSigns,
    /// Who knocks; empty unless the reader is a host.
    pub knocks: Vec<Knock>,
    /// Everybody else.
    pub peers: Vec<Peer>,
}

/// Another person in the room, as one reader sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Who.
    pub id: PersonId,
    /// The name they gave, tidied.
    pub name: Arc<str>,
    /// Which page load of theirs this is.
    pub instance: Arc<str>,
    /// Whether the reader makes the offers to them.
    pub offerer: bool,
    /// Whether their socket dropped.
    pub away: bool,
    /// Whether they are a host.
    pub host: bool,
}

/// Why a peer is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Parting {
    /// By own will.
    Left,
    /// The socket dropped and the seat was kept in vain.
    Lost,
    /// A host sent them out.
    Removed,
}
