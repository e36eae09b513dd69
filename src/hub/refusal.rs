//! Why something cannot be done, with a code that stays stable and words for a person.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A refusal; printed, it tells a person what was wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Refusal {
    /// Only people in a room may ask for this.
    #[error("you are not in a room: join one first")]
    NotJoined,
    /// The signal's addressee has gone.
    #[error("that person is not in this room any more")]
    NoSuchPeer,
    /// The room's name cannot be used.
    #[error("a room's name has 1 to 64 characters, and no invisible ones")]
    BadRoom,
    /// The person's name cannot be used.
    #[error("a person's name has 1 to 64 characters, and no invisible ones")]
    BadName,
    /// The room is by invitation only.
    #[error("this room can only be entered with an invitation: ask the person who told you of it for a link")]
    InvitationNeeded,
    /// The invitation's end has come, it was revoked, or it is for another room.
    #[error("this invitation has ended: ask the person who sent it for a new one")]
    InvitationEnded,
    /// As many people came in with the invitation as may.
    #[error("this invitation has been used up: ask the person who sent it for a new one")]
    InvitationSpent,
    /// A host locked the room.
    #[error("the room is locked: ask somebody inside to open it")]
    Locked,
    /// The room has a password.
    #[error("the room has a password: ask the person who invited you")]
    PasswordNeeded,
    /// Not the room's password.
    #[error("that is not the room's password")]
    PasswordWrong,
    /// As many people knock as may.
    #[error("too many people are waiting to be let in: try again in a moment")]
    LobbyFull,
    /// A host did not let the person in.
    #[error("the host did not let you in")]
    Declined,
    /// A host sent the person out.
    #[error("the host removed you from the room")]
    Removed,
    /// Only a host may ask for this.
    #[error("only a host of the room can do this")]
    NotHost,
    /// As many rooms are open as may be.
    #[error("this server has as many rooms as it can hold: try again later, or join one that is open")]
    TooManyRooms,
    /// The server is about to stop, and the room would be new.
    #[error("this server restarts in a moment: try again then")]
    Restarting,
    /// The nodes of a cluster do not hear each other: nobody can tell who else is in the room.
    #[error("this server cannot reach the others that it shares rooms with: try again in a few seconds; calls go on")]
    Apart,
    /// More newcomers came from one network than [`Options::joins_per_minute`](super::Options::joins_per_minute) allows;
    /// with the seconds until the next may.
    #[error("too many people came from your network in a short time: try again in {0} seconds")]
    TooManyJoins(u32),
    /// People of one network opened more rooms than [`Options::rooms_per_minute`](super::Options::rooms_per_minute) allows.
    #[error(
        "too many rooms were opened from your network in a short time: try again in {0} seconds, or join one that is open"
    )]
    TooManyNewRooms(u32),
    /// The socket says more than [`Options::rate`](super::Options::rate) allows.
    #[error("too many messages in a short time")]
    TooFast,
    /// The text is not a message of the wire.
    #[error("the message cannot be read: {0}")]
    BadMessage(Cow<'static, str>),
    /// The message is longer than a message may be.
    #[error("the message is larger than 64 KiB")]
    TooLarge,
    /// The same person came in by another socket.
    #[error("you are here by another window or connection")]
    Replaced,
}

impl Refusal {
    /// The word a page decides by.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::NotJoined => "not-joined",
            Refusal::NoSuchPeer => "no-such-peer",
            Refusal::BadRoom => "bad-room",
            Refusal::BadName => "bad-name",
            Refusal::InvitationNeeded => "invitation-needed",
            Refusal::InvitationEnded => "invitation-ended",
            Refusal::InvitationSpent => "invitation-spent",
            Refusal::Locked => "locked",
            Refusal::PasswordNeeded => "password-needed",
            Refusal::PasswordWrong => "password-wrong",
            Refusal::LobbyFull => "lobby-full",
            Refusal::Declined => "declined",
            Refusal::Removed => "removed",
            Refusal::NotHost => "not-host",
            Refusal::TooManyRooms => "too-many-rooms",
            Refusal::Restarting => "restarting",
            Refusal::Apart => "apart",
            Refusal::TooManyJoins(_) => "too-many-joins",
            Refusal::TooManyNewRooms(_) => "too-many-new-rooms",
            Refusal::TooFast => "too-fast",
            Refusal::BadMessage(_) => "bad-message",
            Refusal::TooLarge => "too-large",
            Refusal::Replaced => "replaced",
        }
    }

    /// Whether the socket is closed after this: what comes next on it could not be trusted, or nobody would read it.
    pub fn closes(&self) -> bool {
        matches!(
            self,
            Refusal::TooFast | Refusal::BadMessage(_) | Refusal::TooLarge | Refusal::Replaced | Refusal::Removed
        )
    }
}
