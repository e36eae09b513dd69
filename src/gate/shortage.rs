//! When no connection can be accepted for want of file descriptors: one line when that begins, with what to do, and one when it
//! is over, however often it flickers in between.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tracing::{info, warn};

/// One listening socket's want.
#[derive(Debug, Default)]
pub struct Shortage(Option<Episode>);

#[derive(Clone, Copy, Debug)]
struct Episode {
    failed: Instant,
    /// Whether somebody got in since the last failure.
    accepted: bool,
}

/// Without a failure for so long, it is over: a stranger who closes some connections and opens others makes it flicker.
const QUIET: Duration = Duration::from_secs(5);

/// After an error that another accept would only repeat. Connections wait in the backlog meanwhile.
const PAUSE: Duration = Duration::from_millis(100);

impl Shortage {
    /// `accept` has failed; waits as long as trying again would be of no use.
    pub async fn failed(&mut self, local: SocketAddr, cause: &io::Error) {
        if self.begins(Instant::now()) {
            warn!(
                %local, %cause,
                "cannot accept connections, those that come wait; raise the limit of open files (LimitNOFILE= of the unit, `ulimit -n`)"
            );
        }
        sleep(PAUSE).await;
    }

    /// `accept` has worked.
    pub fn accepted(&mut self) {
        if let Some(episode) = &mut self.0 {
            episode.accepted = true;
        }
    }

    /// Waits for the end of the want, if there is one and somebody got in since, and says it.
    pub async fn over(&mut self, local: SocketAddr) {
        let Some(ends) = self.ends() else { return std::future::pending().await };
        sleep_until(ends).await;
        self.0 = None;
        info!(%local, "connections are accepted again");
    }

    /// Whether an episode begins with this failure.
    fn begins(&mut self, now: Instant) -> bool {
        self.0.replace(Episode { failed: now, accepted: false }).is_none()
    }

    fn ends(&self) -> Option<Instant> {
        self.0.filter(|episode| episode.accepted).map(|episode| episode.failed + QUIET)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_want_that_flickers_is_one() {
        let (mut shortage, start) = (Shortage::default(), Instant::now());
        assert_eq!(shortage.ends(), None);
        assert!(shortage.begins(start));
        for tenths in 1..600 {
            shortage.accepted();
            assert!(!shortage.begins(start + PAUSE * tenths), "told already");
        }
        assert_eq!(shortage.ends(), None, "nobody got in since");
        shortage.accepted();
        assert_eq!(shortage.ends(), Some(start + PAUSE * 599 + QUIET));
    }

    #[tokio::test(start_paused = true)]
    async fn after_its_end_another_one_may_begin() {
        let mut shortage = Shortage::default();
        let local = ([127, 0, 0, 1], 443).into();
        shortage.failed(local, &io::Error::from_raw_os_error(libc::EMFILE)).await;
        shortage.accepted();
        let begun = Instant::now();
        shortage.over(local).await;
        assert_eq!(begun.elapsed(), QUIET - PAUSE);
        assert!(shortage.begins(Instant::now()));
    }
}
