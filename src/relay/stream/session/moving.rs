//! What a stream does for sessions that move (RFC 8016): it calls them, lets them go, and takes them in.

use std::future::poll_fn;
use std::task::{Context, Poll};

use super::{StreamInbox, StreamRelay, StreamSession, Stuck};
use crate::clock::Now;
use crate::relay::moving::{Arrival, Back, Moved, Summons, summon};
use crate::relay::opener::Relayed;
use crate::relay::overview::Question;
use crate::relay::relayed::Home;
use crate::relay::socket::SendQueue;
use crate::turn::{Departure, Move, Session};

impl StreamSession {
    /// The client asks for its session, which lives elsewhere. The reply comes with it; one that gets lost is asked for
    /// again.
    pub(super) fn call(&mut self, moving: Move, request: &[u8], queue: &SendQueue) -> Result<(), Stuck> {
        let Some(home) = self.shared.tickets.home(&moving.ticket) else { return self.reply(moving.otherwise, queue) };
        let back = Back::Stream(self.inbox.clone());
        if !summon(&self.shared, &home, Summons { client: self.client, request: request.into(), back }) {
            self.counts.packets_dropped += 1;
        }
        Ok(())
    }

    /// Sessions that come here, and a call for the one that lives here. Call after [`StreamSession::hear`].
    pub(in crate::relay::stream) fn hear_of_moves(&mut self, task: &Context<'_>) -> Result<(), Stuck> {
        answer_question(&self.inbox, &self.session);
        let (summons, arrivals) = self.inbox.take_moves();
        if !arrivals.is_empty() {
            // What waits at the sockets that arrive is heard in the next wake.
            task.waker().wake_by_ref();
        }
        arrivals.into_iter().try_for_each(|arrival| self.take_in(arrival))?;
        summons.into_iter().for_each(|summons| self.let_go(summons));
        Ok(())
    }

    /// The connection is over, most likely because the client changes its network: a session that may move can be called
    /// from its new place until its time is over. What peers send meanwhile waits in the sockets, or is lost.
    pub(in crate::relay::stream) async fn outlive(mut self) {
        self.close_inbox();
        let inbox = self.inbox.clone();
        while let Some(deadline) = self.deadline().filter(|_| self.issued.is_some() && !self.was_ended()) {
            let called = poll_fn(|task| {
                drop(inbox.take(task.waker()));
                answer_question(&inbox, &self.session);
                let summons = inbox.take_moves().0;
                if summons.is_some() || inbox.is_over() { Poll::Ready(summons) } else { Poll::Pending }
            });
            let called = tokio::time::timeout_at(deadline.into(), called).await;
            self.begin(Now::read());
            match called {
                Ok(summons) => summons.into_iter().for_each(|summons| self.let_go(summons)),
                Err(_) => drop(self.expire(Now::read())),
            }
        }
    }

    /// No session comes here any more; one that came too late ends.
    pub(super) fn close_inbox(&mut self) {
        let too_late = self.inbox.close();
        self.counts.allocations_closed += too_late.iter().filter(|arrival| arrival.moved.is_some()).count() as u64;
    }

    /// Nothing is queued for the session's sockets: each wake flushes before it hears.
    fn let_go(&mut self, summons: Summons) {
        let (rules, mut out) = (&self.shared.rules, Vec::new());
        let moved = match self.session.moved(rules, summons.client, &summons.request, self.now, &mut out) {
            Some(Departure::Moves(_)) => Some(self.take_out()),
            Some(Departure::Ends(_)) => {
                self.forget();
                None
            }
            Some(Departure::Refused(_)) => None,
            None => return,
        };
        self.counts.allocations_closed += summons.answer(&self.shared, out, moved);
    }

    /// The session with its sockets; the stream is a stranger's from here on.
    fn take_out(&mut self) -> Moved {
        self.disown();
        let session = std::mem::replace(&mut self.session, Session::new(self.client));
        let relayed = std::mem::take(&mut self.relays).map(|relay| relay.and_then(StreamRelay::into_relayed));
        Moved { session, relayed, issued: self.issued.take() }
    }

    fn take_in(&mut self, arrival: Arrival) -> Result<(), Stuck> {
        if let Some(mut moved) = arrival.moved {
            // The client may have allocated anew meanwhile: one 5-tuple, one session.
            if self.session.is_alive() {
                self.forget();
            }
            moved.settle(&self.shared, &Home::Stream(self.inbox.clone()));
            let relays = moved.relayed.map(|relayed| relayed.map(StreamRelay::new).transpose());
            let [Ok(v4), Ok(v6)] = relays else {
                self.counts.allocations_closed += 1;
                return Ok(());
            };
            (self.session, self.relays, self.issued) = (moved.session, [v4, v6], moved.issued);
            self.own();
        }
        self.counts.replies += 1;
        self.writes.reply(&arrival.reply)
    }
}

/// Tells of the session if somebody asked, who may have lost patience.
fn answer_question(inbox: &StreamInbox, session: &Session) {
    if let Some(Question { tell, .. }) = inbox.take_question() {
        let _ = tell.send(session.overview(Now::read()).into_iter().collect());
    }
}

impl StreamRelay {
    /// For another home. A socket the runtime cannot let go of is lost, and with it that family.
    fn into_relayed(self) -> Option<Relayed> {
        let socket = self.socket.map(tokio::net::UdpSocket::into_std).transpose().ok()?;
        Some(Relayed { lease: self.lease, socket, listener: self.listener })
    }
}
