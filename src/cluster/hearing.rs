//! What other nodes say: of our people in the rooms they keep, and of theirs in ours.

use super::node::{Node, Turn};
use super::stay::{At, MOST_IN_VAIN, Stay};
use super::{NodeId, Order, Output, Visit, Word};
use crate::hub::{Effect, Event, Join, Message, Refusal, Request, RoomName, SocketId};

impl Node {
    /// A node says something.
    pub(super) fn heard(&mut self, from: NodeId, word: Word, turn: &mut Turn) {
        match word {
            Word::Enter { visit, network, counted, join } => {
                let opened = Event::Opened { socket: visit.socket, network, counted };
                self.guest_enters((from, visit), opened, join, turn);
            }
            Word::Asked(socket, request) => match self.guests.find(from, socket) {
                Some(guest) => self.in_hub(Event::Asked(guest, request), turn),
                None => turn.tell(from, Word::NotHere(socket)),
            },
            Word::Closed(socket) => {
                self.guests.find(from, socket).into_iter().for_each(|guest| self.guest_goes(guest, turn));
            }
            Word::Leaves(socket) => {
                if let Some(guest) = self.guests.find(from, socket) {
                    self.guests.leave(guest);
                    self.leave_quietly(guest, turn);
                    self.in_hub(Event::Closed(guest), turn);
                }
            }
            Word::Roll(sockets) => self.roll(from, &sockets, turn),
            Word::Said(visit, message) => self.said(from, visit, message, turn),
            Word::End(visit @ Visit { socket, .. }, refusal) => {
                if self.is_visiting(visit, from) {
                    self.locals.entry(socket).and_modify(|local| local.stay = None);
                    turn.outputs.push(Output::Here(Effect::Close(socket, refusal)));
                }
            }
            Word::NotHere(socket) => self.not_there(from, socket, turn),
            Word::Missed => self.sit_down_again(|keeper| keeper == from, vec![from], turn),
            Word::Admit(person, room) => turn.outputs.push(Output::Here(Effect::Admit(person, room))),
            Word::Revoke(person) => turn.outputs.push(Output::Here(Effect::Revoke(person))),
            Word::Announce(person, addresses) => turn.outputs.push(Output::Announce(person, addresses)),
            Word::Banned(room, bans) => self.in_hub(Event::Banned(room, bans), turn),
            Word::Fated(fates) => self.in_hub(Event::Fated(fates), turn),
        }
    }

    fn is_at(&self, socket: SocketId, keeper: NodeId) -> bool {
        matches!(self.stay(socket), Some(Stay { at: At::There(node), .. }) if *node == keeper)
    }

    fn is_visiting(&self, visit: Visit, keeper: NodeId) -> bool {
        self.is_at(visit.socket, keeper) && self.stay(visit.socket).is_some_and(|stay| stay.visit == visit.number)
    }

    fn said(&mut self, from: NodeId, visit: Visit, message: Message, turn: &mut Turn) {
        let socket = visit.socket;
        // Late words of a former keeper, or to a former stay; and what it has of its own relay is for its own people.
        if !self.is_visiting(visit, from) || matches!(message, Message::RelayBudget(_) | Message::Restarting) {
            return;
        }
        self.note(socket, &message);
        if self.stay(socket).is_none() {
            turn.tell(from, Word::Closed(socket));
        }
        turn.send(socket, message);
    }

    /// Whom we took for the keeper of the room is it no longer.
    fn not_there(&mut self, from: NodeId, socket: SocketId, turn: &mut Turn) {
        if !self.is_at(socket, from) {
            return;
        }
        let Some(mut stay) = self.locals.get_mut(&socket).and_then(|local| local.stay.take()) else { return };
        // It may have taken an earlier word of ours, in between, and would keep the seat for a socket that asks elsewhere.
        turn.tell(from, Word::Closed(socket));
        stay.in_vain += 1;
        if stay.in_vain > MOST_IN_VAIN {
            return turn.send(socket, Message::Error(Refusal::Apart));
        }
        self.seek(socket, stay, turn);
    }

    fn guest_enters(&mut self, (node, visit): (NodeId, Visit), opened: Event, join: Join, turn: &mut Turn) {
        let room = RoomName::new(&join.room);
        let keeps = room.as_ref().is_some_and(|room| self.keeps.contains(room) && !self.doubted.contains(room));
        if !keeps || !self.is_certain(turn.now) {
            let is_ours = |room: &RoomName| self.keeps.contains(room) || self.asking.contains_key(room);
            if let Some(room) = room.filter(|room| !is_ours(room)) {
                // Should the store think that it is. Not behind a claim of ours, which it would undo.
                turn.order(Order::Release(room));
            }
            return turn.tell(node, Word::NotHere(visit.socket));
        }
        let (guest, is_new) = self.guests.enter(node, visit);
        if let (true, Event::Opened { network, counted, .. }) = (is_new, opened) {
            self.in_hub(Event::Opened { socket: guest, network, counted }, turn);
        }
        self.in_hub(Event::Asked(guest, Request::Join(join)), turn);
    }

    /// A guest's socket is gone, as far as we can tell.
    pub(super) fn guest_goes(&mut self, guest: SocketId, turn: &mut Turn) {
        self.guests.leave(guest);
        self.in_hub(Event::Closed(guest), turn);
    }

    /// All the sockets that `node` has here, as it says.
    fn roll(&mut self, node: NodeId, sockets: &[SocketId], turn: &mut Turn) {
        for guest in self.guests.those(|from, socket| from == node && !sockets.contains(&socket)) {
            self.guest_goes(guest, turn);
        }
    }
}
