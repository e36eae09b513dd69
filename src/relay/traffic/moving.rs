//! What a worker does for sessions that move (RFC 8016): it calls them, lets them go, and takes them in.

use super::{SessionId, Traffic};
use crate::relay::moving::{Arrival, Back, Moved, Summons, summon};
use crate::relay::opener::OpenedSockets;
use crate::relay::relayed::Home;
use crate::relay::socket::Way;
use crate::turn::{Client, Departure, Move, NotOpened, Reply};

impl Traffic {
    /// A client whose session lives elsewhere asks for it here. The reply comes with the session; one that gets lost is
    /// asked for again.
    pub(super) fn call(&mut self, moving: Move, client: Client, way: Way, request: &[u8]) {
        let Some(home) = self.shared.tickets.home(&moving.ticket) else { return self.reply(way, moving.otherwise) };
        let back = Back::Worker { worker: self.me, way };
        if !summon(&self.shared, &home, Summons { client, request: request.into(), back }) {
            self.counts.packets_dropped += 1;
        }
    }

    /// A session here is called elsewhere. The queue must be flushed: the session's sockets may leave.
    pub(in crate::relay) fn let_go(&mut self, id: SessionId, summons: Summons) {
        let Some(entry) = self.sessions.get_mut(id.slot).filter(|entry| entry.is_named(id)) else { return };
        let (rules, mut out) = (&self.shared.rules, Vec::new());
        let moved = match entry.session.moved(rules, summons.client, &summons.request, self.now, &mut out) {
            Some(Departure::Moves(_)) => self.sessions.take(id.slot, &self.registry),
            Some(Departure::Ends(_)) => {
                self.forget(id.slot);
                None
            }
            Some(Departure::Refused(_)) => None,
            None => return,
        };
        self.counts.allocations_closed += summons.answer(&self.shared, out, moved);
    }

    /// A session comes here, or the answer why it does not. The queue must be flushed.
    pub(in crate::relay) fn take_in(&mut self, arrival: Arrival) {
        let Some(way) = arrival.way else { return };
        let settled = arrival.moved.is_none_or(|moved| self.settle(moved, arrival.client, way));
        if settled {
            let start = self.queue.out.len();
            self.queue.out.extend_from_slice(&arrival.reply);
            self.reply(way, Reply::of(start..self.queue.out.len()));
        }
    }

    /// `false`: the poll has no room for its sockets, and the session has ended.
    fn settle(&mut self, mut moved: Moved, client: Client, way: Way) -> bool {
        // The client may have allocated anew meanwhile: one 5-tuple, one session.
        if let Some(slot) = self.sessions.find(&client) {
            self.forget(slot);
        }
        let name = self.sessions.next_name();
        moved.settle(&self.shared, &Home::Worker { worker: self.me, session: name });
        let slot = self.sessions.insert(client, moved.session, way);
        let [v4, v6] = moved.relayed.map(|relayed| relayed.ok_or(NotOpened::NotAsked));
        let wanted = (v4.is_ok(), v6.is_ok());
        let opened = self.sessions.attach(slot, OpenedSockets { v4, v6 }, &self.registry);
        let settled = wanted == (opened.v4.is_ok(), opened.v6.is_ok());
        match (settled, self.sessions.get_mut(slot)) {
            (true, Some(entry)) => entry.issued = moved.issued,
            _ => self.forget(slot),
        }
        self.sessions.watch(slot);
        // Whoever was revoked while the session was on its way was not found there.
        let holder = self.sessions.get(slot).and_then(|entry| entry.session.holder());
        if holder.is_some_and(|id| self.shared.rules.is_revoked(id, self.now)) {
            self.forget(slot);
            return false;
        }
        settled
    }
}
