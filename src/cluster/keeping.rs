//! Which rooms this node keeps, which nodes are alive, and how everybody finds their place again when that changes.

use std::collections::BTreeSet;
use std::time::Duration;

use super::node::{Node, Turn};
use super::stay::{At, Stay};
use super::{Claim, LEASE, NodeId, Order, Visit, Word};
use crate::hub::{Event, Message, Refusal, RoomName, SocketId};

impl Node {
    /// The store is back: what nodes said to us meanwhile is lost, and what we said to them.
    pub(super) fn went_up(&mut self, turn: &mut Turn) {
        self.up = Some(turn.now.monotonic);
        self.turned = Some(turn.now.unix);
        self.is_fresh = true;
        self.unanswered.clear();
        turn.order(Order::TellAll(Word::Missed));
        std::mem::take(&mut self.unsaid).into_iter().for_each(|order| turn.order(order));
        let everybody = self.alive.iter().copied().collect();
        self.sit_down_again(|_| true, everybody, turn);
        self.ask_again(turn);
    }

    fn ask_again(&mut self, turn: &mut Turn) {
        for room in self.asking.keys().cloned().collect::<Vec<_>>() {
            self.claim(room, false, turn);
        }
    }

    pub(super) fn went_down(&mut self, turn: &mut Turn) {
        self.up = None;
        self.unanswered.clear();
        self.turned = Some(turn.now.unix);
        // Who never sat is told; who did waits for the store with their call.
        for socket in self.asking.values().flatten().copied().collect::<Vec<_>>() {
            let Some(local) = self.locals.get_mut(&socket) else { continue };
            if local.stay.as_ref().is_some_and(|stay| stay.join.seat.is_none()) {
                local.stay = None;
                turn.send(socket, Message::Error(Refusal::Apart));
            }
        }
        let locals = &self.locals;
        self.asking.retain(|_, waiting| {
            waiting.retain(|socket| locals.get(socket).is_some_and(|local| local.stay.is_some()));
            !waiting.is_empty()
        });
    }

    pub(super) fn beat(&mut self, asked: Duration, kept: bool, alive: Vec<NodeId>, turn: &mut Turn) {
        let asked = turn.now.monotonic.checked_sub(asked).unwrap_or(turn.now.monotonic);
        // By our own clock too: what we wrote before we were cut off may reach the store late.
        let kept = kept && self.leased.is_some_and(|until| asked < until);
        self.leased = Some(asked + LEASE);
        let is_fresh = std::mem::take(&mut self.is_fresh);
        if is_fresh && kept {
            // The first beat of a session: what was changed since the last one was not put down.
            self.keeps.clone().into_iter().for_each(|room| self.put_door(room, turn));
        }
        if !kept {
            // Another node may have taken rooms over, or the store has forgotten everything.
            self.doubted.clone_from(&self.keeps);
            self.ask_again(turn);
        }
        if !kept || is_fresh {
            // Also what was asked in the last session and not answered.
            for room in self.doubted.clone() {
                self.claim(room, true, turn);
            }
        }
        // A store that has just come up does not know yet who is there.
        let settled = self.up.is_some_and(|up| turn.now.monotonic.saturating_duration_since(up) >= LEASE);
        let before = std::mem::take(&mut self.alive);
        self.alive = alive.into_iter().collect();
        self.greet(&before, turn);
        if !settled {
            self.alive.extend(before);
            return;
        }
        for node in before {
            if !self.alive.contains(&node) {
                self.lost(node, turn);
            }
        }
        // Also those whose last words arrived when their node was known to be lost.
        for guest in self.guests.those(|from, _| !self.alive.contains(&from)) {
            self.guest_goes(guest, turn);
        }
    }

    /// A node that was not there, or not for us, may still have people of ours who went elsewhere meanwhile.
    fn greet(&self, before: &BTreeSet<NodeId>, turn: &mut Turn) {
        for node in self.alive.difference(before) {
            let there = |stay: &Stay| matches!(stay.at, At::There(keeper) if keeper == *node);
            let sockets = self.locals.iter().filter(|(_, local)| local.stay.as_ref().is_some_and(there));
            turn.tell(*node, Word::Roll(sockets.map(|(socket, _)| *socket).collect()));
        }
    }

    /// A node is gone: the rooms it kept are anybody's.
    fn lost(&mut self, node: NodeId, turn: &mut Turn) {
        for (socket, stay) in self.take_stays(|keeper| keeper == node) {
            self.seek(socket, stay, turn);
        }
    }

    /// The stays of sockets whose rooms are kept by such nodes, taken out of them.
    fn take_stays(&mut self, wanted: impl Fn(NodeId) -> bool) -> Vec<(SocketId, Stay)> {
        let there = |stay: &mut Stay| matches!(stay.at, At::There(keeper) if wanted(keeper));
        let mut taken: Vec<_> = self
            .locals
            .iter_mut()
            .filter_map(|(socket, local)| Some((*socket, local.stay.take_if(|stay| there(stay))?)))
            .collect();
        taken.sort_by_key(|(socket, _)| *socket);
        taken
    }

    /// Words between us and these keepers of rooms may be lost: all of ours sit down again, which also tells the pages how the
    /// room is. Those who keep no room of ours any more, among `keepers`, hear that, too.
    pub(super) fn sit_down_again(
        &mut self,
        wanted: impl Fn(NodeId) -> bool,
        mut keepers: Vec<NodeId>,
        turn: &mut Turn,
    ) {
        let stays = self.take_stays(wanted);
        for (_, stay) in &stays {
            if let At::There(keeper) = stay.at
                && !keepers.contains(&keeper)
            {
                keepers.push(keeper);
            }
        }
        for keeper in keepers {
            let there = |(socket, stay): &(SocketId, Stay)| match stay.at {
                At::There(node) if node == keeper => Some(*socket),
                _ => None,
            };
            turn.tell(keeper, Word::Roll(stays.iter().filter_map(there).collect()));
        }
        for (socket, stay) in stays {
            self.enter_there(socket, stay, turn);
        }
    }

    /// Goes to the node that keeps the room, or back there.
    pub(super) fn enter_there(&mut self, socket: SocketId, mut stay: Stay, turn: &mut Turn) {
        let (Some(local), At::There(keeper)) = (self.locals.get_mut(&socket), &stay.at) else { return };
        self.visits += 1;
        stay.visit = self.visits;
        let (network, counted, join) = (local.network, local.counted, stay.join.clone());
        let visit = Visit { socket, number: stay.visit };
        turn.tell(*keeper, Word::Enter { visit, network, counted, join });
        local.stay = Some(stay);
    }

    pub(super) fn claimed(&mut self, room: RoomName, claim: Claim, turn: &mut Turn) {
        if let Some(more) = self.unanswered.get_mut(&room).filter(|count| **count > 1) {
            *more -= 1;
            return;
        }
        self.unanswered.remove(&room);
        let kept = self.keeps.contains(&room);
        if kept {
            self.claimed_again(&room, &claim, turn);
        }
        if claim == Claim::Unknown || (kept && claim == Claim::Full) {
            return; // they wait for the next beat
        }
        let waiting = self.asking.remove(&room).unwrap_or_default();
        match &claim {
            Claim::Ours(_) if kept => {}
            // Asked twice, and left meanwhile: a release may be under way, and would undo what is kept from here on.
            Claim::Ours(_) if waiting.is_empty() => turn.order(Order::Release(room.clone())),
            Claim::Ours(door) => {
                self.keeps.insert(room.clone());
                if let Some(door) = door.clone() {
                    self.in_hub(Event::Taken(room.clone(), door), turn);
                }
            }
            _ => {}
        }
        for socket in waiting {
            let Some(stay) = self.locals.get_mut(&socket).and_then(|local| local.stay.take()) else { continue };
            self.arrive(socket, stay, &claim, turn);
        }
    }

    fn arrive(&mut self, socket: SocketId, mut stay: Stay, claim: &Claim, turn: &mut Turn) {
        let At::Asking(waiting) = std::mem::replace(&mut stay.at, At::Here) else { return };
        match claim {
            Claim::Ours(_) => self.sit_here(socket, stay, turn),
            Claim::Theirs(keeper) => {
                stay.at = At::There(*keeper);
                self.enter_there(socket, stay, turn);
            }
            Claim::Full => return turn.send(socket, Message::Error(Refusal::TooManyRooms)),
            Claim::Unknown => return,
        }
        for request in waiting {
            match claim {
                Claim::Theirs(keeper) => turn.tell(*keeper, Word::Asked(socket, request)),
                _ => self.in_hub(Event::Asked(socket, request), turn),
            }
        }
    }

    /// The store was asked about a room that we keep.
    fn claimed_again(&mut self, room: &RoomName, claim: &Claim, turn: &mut Turn) {
        if matches!(claim, Claim::Ours(_) | Claim::Theirs(_)) {
            self.doubted.remove(room);
        }
        match claim {
            Claim::Ours(_) => self.put_door(room.clone(), turn),
            Claim::Theirs(keeper) => self.give_up(room, *keeper, turn),
            // The next beat asks again.
            Claim::Full | Claim::Unknown => {}
        }
    }

    /// Another node took the room over while we were cut off: our people move there.
    fn give_up(&mut self, room: &RoomName, keeper: NodeId, turn: &mut Turn) {
        self.keeps.remove(room);
        let guests = self.guests.those(|_, _| true);
        let theirs = guests.into_iter().filter(|guest| self.hub.room_of(*guest) == Some(room));
        let theirs: Vec<_> = theirs.collect();
        self.in_hub(Event::GivenUp(room.clone()), turn);
        for guest in theirs {
            if let Some((node, visit)) = self.guests.origin(guest) {
                turn.tell(node, Word::NotHere(visit.socket));
            }
            self.guest_goes(guest, turn);
        }
        let ours = |stay: &mut Stay| stay.room == *room && matches!(stay.at, At::Here);
        let mut moving: Vec<_> = self
            .locals
            .iter_mut()
            .filter_map(|(socket, local)| Some((*socket, local.stay.take_if(|stay| ours(stay))?)))
            .collect();
        moving.sort_by_key(|(socket, _)| *socket);
        for (socket, mut stay) in moving {
            stay.at = At::There(keeper);
            self.enter_there(socket, stay, turn);
        }
    }

    /// Not while another node may keep the room: its door is the newer one then.
    pub(super) fn put_door(&mut self, room: RoomName, turn: &mut Turn) {
        if let Some(door) = self.hub.door(&room).filter(|_| !self.doubted.contains(&room)) {
            turn.order(Order::PutDoor(room, door));
        }
    }

    /// What nobody is in is nobody's; but not while the store is asked for it, whose answer would come before it is let go of.
    pub(super) fn release_empty(&mut self, turn: &mut Turn) {
        if self.keeps.len() == self.hub.rooms() {
            return;
        }
        let (hub, unanswered, mut over) = (&self.hub, &self.unanswered, Vec::new());
        self.keeps.retain(|room| {
            let stays = hub.has(room) || unanswered.contains_key(room);
            if !stays {
                over.push(room.clone());
            }
            stays
        });
        over.into_iter().for_each(|room| turn.order(Order::Release(room)));
    }
}
