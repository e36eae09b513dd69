//! What the client of a stream is told of packets that did not arrive, and packets that must not be split.

use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::Duration;

use super::{StreamSession, Stuck};
use crate::relay::socket::{Kept, SendQueue, next_error, send_whole};

/// Errors of one socket heard at a time, how often they are looked for, and how long after the last packet. The kernel keeps
/// as many as the socket's receive buffer holds, where they leave no room for packets: so enough are heard to empty it.
const ERRORS: usize = 1024;
const ERRORS_EVERY: Duration = Duration::from_millis(50);
const ERRORS_AFTER: Duration = Duration::from_secs(60);

impl StreamSession {
    /// In one packet or not at all, behind all that is queued.
    pub(super) fn send_whole(&mut self, to: SocketAddr, payload: &[u8], queue: &mut SendQueue) -> Result<(), Stuck> {
        self.flush(&[], queue);
        let socket = self.relays[usize::from(to.is_ipv6())].as_ref().and_then(|relay| relay.socket.as_ref());
        let sent = socket.is_some_and(|socket| send_whole(socket.as_fd(), to, payload).is_ok());
        if sent {
            return Ok(());
        }
        self.counts.packets_dropped += 1;
        self.hear_errors(Some(to), queue)
    }

    /// tokio does not wake for errors alone, so they are looked for in passing while packets go out, and not each time.
    pub(super) fn looks_for_errors(&mut self) -> bool {
        let now = self.now.monotonic;
        let looks = now >= self.errors_from && now < self.sent_at + ERRORS_AFTER;
        if looks {
            self.errors_from = now + ERRORS_EVERY;
        }
        looks
    }

    /// Tells the client what has become of packets that did not arrive (RFC 8656, 11.5). `failed`: to whom one could not be
    /// sent just before.
    pub(super) fn hear_errors(&mut self, failed: Option<SocketAddr>, queue: &mut SendQueue) -> Result<(), Stuck> {
        for socket in self.relays.iter().flatten().filter_map(|relay| relay.socket.as_ref()) {
            for Kept { error, .. } in (0..ERRORS).map(|_| next_error(socket.as_fd())).take_while(|kept| kept.more) {
                let told = error.and_then(|error| error.about(failed));
                let told = told.and_then(|(peer, icmp)| self.session.from_icmp(peer, icmp, self.now, &mut queue.out));
                told.map_or(Ok(()), |message| self.writes.reply(&queue.out[message]))?;
            }
        }
        Ok(())
    }
}
