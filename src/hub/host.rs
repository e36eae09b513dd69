//! What a host may do to a room and its people, and who the host is when the last one goes.

use std::num::NonZeroU16;

use super::bans::RoomBans;
use super::door::Waiting;
use super::message::{Command, DoorChange, Message, Parting, PersonId, SocketId, Wish};
use super::name::RoomName;
use super::refusal::Refusal;
use super::room::Place;
use super::step::Step;
use super::{Hub, Socket};
use crate::invitation::{Invitation, InvitationId};
use crate::pass::Seat;

impl Hub {
    /// Does what the person behind `socket` asks for as a host, or says why not.
    pub(super) fn command(
        &mut self,
        socket: SocketId,
        (room, by): (RoomName, PersonId),
        command: Command,
        step: &mut Step,
    ) {
        let is_host = self.rooms.get(&room).and_then(|room| room.find(&by)).is_some_and(|person| person.host);
        let done = match command {
            _ if !is_host => Err(Refusal::NotHost),
            // As nobody signals themselves: by then the page knows itself under another id.
            Command::Mute(id) | Command::Remove(id) | Command::HandOver(id) if id == by => Err(Refusal::NoSuchPeer),
            Command::Admit(id) => self.admit(&room, &id, step),
            Command::Decline(id) => self.decline(&room, &id, step),
            Command::Mute(id) => self.mute(&room, &by, &id, step),
            Command::Remove(id) => self.send_out(&room, &id, step),
            Command::HandOver(id) => self.hand_over(&room, &by, &id, step),
            Command::SetDoor(change) => self.set_door(&room, change, step),
            Command::Invite(wish) => self.invite(socket, &room, wish, step),
            Command::Revoke(token) => self.revoke(socket, &room, token, step),
        };
        if let Err(refusal) = done {
            self.refuse(socket, refusal, step);
        }
    }

    /// Lets somebody in who knocked.
    pub(super) fn admit(&mut self, name: &RoomName, id: &PersonId, step: &mut Step) -> Result<(), Refusal> {
        let Waiting { socket, arrival } = self.called_in(name, id, step)?;
        if let Some(room) = self.rooms.get_mut(name) {
            room.door.pardon(&arrival);
            step.door_changed(name);
        }
        self.sit_down(socket, arrival, step);
        Ok(())
    }

    pub(super) fn decline(&mut self, name: &RoomName, id: &PersonId, step: &mut Step) -> Result<(), Refusal> {
        let Waiting { socket, .. } = self.called_in(name, id, step)?;
        self.refuse(socket, Refusal::Declined, step);
        Ok(())
    }

    /// Somebody who knocked, taken out of the queue.
    fn called_in(&mut self, name: &RoomName, id: &PersonId, step: &mut Step) -> Result<Waiting, Refusal> {
        let room = self.rooms.get_mut(name).ok_or(Refusal::NoSuchPeer)?;
        let waiting = room.door.take(id).ok_or(Refusal::NoSuchPeer)?;
        room.tell_hosts(step, || Message::KnockOver(id.clone()));
        if let Some(socket) = self.sockets.get_mut(&waiting.socket) {
            socket.knocks = None;
        }
        Ok(waiting)
    }

    fn mute(&mut self, name: &RoomName, by: &PersonId, id: &PersonId, step: &mut Step) -> Result<(), Refusal> {
        let person = self.rooms.get(name).and_then(|room| room.find(id)).ok_or(Refusal::NoSuchPeer)?;
        if let Place::Here(socket) = person.place {
            step.send(socket, Message::MuteAsked(by.clone()));
        }
        Ok(())
    }

    pub(super) fn send_out(&mut self, name: &RoomName, id: &PersonId, step: &mut Step) -> Result<(), Refusal> {
        let room = self.rooms.get_mut(name).ok_or(Refusal::NoSuchPeer)?;
        let person = room.find(id).ok_or(Refusal::NoSuchPeer)?;
        let (network, socket, since) = (person.network, person.socket(), person.since);
        room.door.bar(id.clone(), network);
        step.door_changed(name);
        step.banned(name, self.bans.add(name, RoomBans::of(id.clone(), since)));
        self.remove(name, id, Parting::Removed, step);
        if let Some(socket) = socket {
            if let Some(socket) = self.sockets.get_mut(&socket) {
                socket.seat = None;
            }
            self.refuse(socket, Refusal::Removed, step);
        }
        Ok(())
    }

    fn hand_over(&mut self, name: &RoomName, by: &PersonId, id: &PersonId, step: &mut Step) -> Result<(), Refusal> {
        if self.rooms.get(name).and_then(|room| room.find(id)).is_none() {
            return Err(Refusal::NoSuchPeer);
        }
        self.give_role(name, by, false, step);
        self.give_role(name, id, true, step);
        Ok(())
    }

    fn set_door(&mut self, name: &RoomName, change: DoorChange, step: &mut Step) -> Result<(), Refusal> {
        let room = self.rooms.get_mut(name).ok_or(Refusal::NoSuchPeer)?;
        room.door.change(change);
        step.door_changed(name);
        let signs = room.door.signs();
        room.tell_all(step, || Message::Door(signs));
        Ok(())
    }

    fn invite(&mut self, socket: SocketId, room: &RoomName, wish: Wish, step: &mut Step) -> Result<(), Refusal> {
        let ends = wish.seconds.map_or(0, |seconds| {
            let ends = step.now.unix.as_secs().saturating_add(seconds.into());
            u32::try_from(ends).unwrap_or(u32::MAX)
        });
        let uses = wish.uses.map_or(0, NonZeroU16::get);
        let invitation = Invitation { id: InvitationId::of(&wish.fresh.0), role: wish.role, ends, uses };
        step.send(socket, Message::Invited { token: self.invitations.token(room, &invitation), invitation });
        Ok(())
    }

    fn revoke(&mut self, socket: SocketId, room: &RoomName, token: String, step: &mut Step) -> Result<(), Refusal> {
        // One that is used up or has ended by itself opens nothing anyway.
        if let Ok(invitation) = self.invitations.read(room, &token, step.now) {
            self.may_remember(socket, step)?;
            step.fated(self.invitations.revoke(invitation.id, invitation.ends));
        }
        step.send(socket, Message::Revoked(token));
        Ok(())
    }

    /// Whether a host may have one more thing remembered over restarts. Whoever opens a room is its host, so a stranger must not
    /// fill that memory faster than rooms are opened.
    fn may_remember(&mut self, socket: SocketId, step: &Step) -> Result<(), Refusal> {
        let Some(Socket { network, counted: true, .. }) = self.sockets.get(&socket) else { return Ok(()) };
        let open = self.newcomers.open(*network, &self.options, step.now.monotonic);
        open.and_then(|()| if self.invitations.is_full() { Err(Refusal::TooFast) } else { Ok(()) })
    }

    /// An open room is never without a host: whoever has been there longest is it.
    pub(super) fn find_a_host(&mut self, name: &RoomName, step: &mut Step) {
        let Some(room) = self.rooms.get(name).filter(|room| self.options.open && !room.has_host()) else { return };
        let longest =
            room.people.iter().min_by_key(|person| (person.since, &person.id)).map(|person| person.id.clone());
        if let Some(id) = longest {
            self.give_role(name, &id, true, step);
        }
    }

    fn give_role(&mut self, name: &RoomName, id: &PersonId, host: bool, step: &mut Step) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let Some(person) = room.find_mut(id).filter(|person| person.host != host) else { return };
        person.host = host;
        let seat = Seat { id: id.to_string(), since: person.since, host };
        let socket = person.socket();
        room.tell_others(id, step, || Message::PeerRole(id.clone(), host));
        let Some(socket) = socket else { return };
        step.send(socket, Message::Role { host, seat: self.seat_key.token(name.as_str(), &seat) });
        for knock in room.door.knocks().into_iter().filter(|_| host) {
            step.send(socket, Message::Knock(knock));
        }
    }
}
