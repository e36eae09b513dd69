//! One event's hour and its effects, handed through the hub together.

use super::bans::RoomBans;
use super::invitations::Fate;
use super::message::{Effect, Message, PersonId, SocketId};
use super::name::RoomName;
use super::refusal::Refusal;
use crate::clock::Now;

/// When it is, and what is to be done about what happened.
pub(super) struct Step<'a> {
    pub(super) now: Now,
    pub(super) effects: &'a mut Vec<Effect>,
}

impl Step<'_> {
    pub(super) fn send(&mut self, to: SocketId, message: Message) {
        self.effects.push(Effect::Send(to, message));
    }

    pub(super) fn admit(&mut self, person: PersonId, room: RoomName) {
        self.effects.push(Effect::Admit(person, room));
    }

    pub(super) fn fated(&mut self, fate: Option<Fate>) {
        self.effects.extend(fate.map(Effect::Fated));
    }

    pub(super) fn banned(&mut self, room: &RoomName, bans: RoomBans) {
        self.effects.push(Effect::Banned(room.clone(), bans));
    }

    pub(super) fn door_changed(&mut self, room: &RoomName) {
        self.effects.push(Effect::DoorChanged(room.clone()));
    }

    pub(super) fn revoke(&mut self, person: PersonId) {
        self.effects.push(Effect::Revoke(person));
    }

    pub(super) fn close(&mut self, socket: SocketId, refusal: Refusal) {
        self.effects.push(Effect::Close(socket, refusal));
    }
}
