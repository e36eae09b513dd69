//! Keeps the relay's monthly budget: counts what it sends, remembers it over restarts, and tells relay and pages what follows.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::admin;
use crate::clock::Now;
use crate::data_dir::DataDir;
use crate::http::{RelayBudget, Site};
use crate::relay::Streams;
use crate::turn::{Budget, BudgetStep, NoMore, Usage};

/// In `data_dir`.
const FILE: &str = "relay-budget";

/// How often is counted: at a gigabit a second, no step comes later than a quarter of a gigabyte.
const COUNT_EVERY: Duration = Duration::from_secs(2);

/// How often is written, which is what a crash forgets at most.
const KEEP_EVERY: Duration = Duration::from_secs(60);

/// See the module's text.
pub(super) struct Keeper {
    budget: Budget,
    dir: DataDir,
    streams: Streams,
    site: Site,
    /// What the relay had sent when it was last looked at.
    counted: u64,
    kept: Option<Usage>,
    kept_at: Instant,
    step: BudgetStep,
    /// For whoever asks how it stands.
    tell: watch::Sender<admin::Budget>,
}

impl Keeper {
    /// With what was kept in `dir`. A file that cannot be read is reported, and the month begins at zero: a server that
    /// does not start would be the worse fault.
    pub(super) fn open(limit: u64, dir: DataDir, streams: Streams, site: Site) -> Keeper {
        let (kept, counted) = (read(&dir), streams.counts().sent());
        let budget = Budget::new(limit, kept, Now::read());
        let step = BudgetStep::Plenty;
        let tell = watch::Sender::new(admin::Budget { limit, used: budget.usage().bytes, step });
        let mut keeper = Keeper { budget, dir, streams, site, counted, kept, kept_at: Instant::now(), step, tell };
        keeper.take_step();
        keeper
    }

    /// How it stands, from now on.
    pub(super) fn told(&self) -> watch::Receiver<admin::Budget> {
        self.tell.subscribe()
    }

    /// Counts until `shutdown`; [`Keeper::finish`] counts what comes after it.
    pub(super) async fn run(mut self, shutdown: CancellationToken) -> Keeper {
        while shutdown.run_until_cancelled(sleep(COUNT_EVERY)).await.is_some() {
            self.count();
            if self.kept_at.elapsed() >= KEEP_EVERY {
                // A slow disk holds up nobody's signals.
                block_in_place(|| self.keep());
            }
        }
        self
    }

    /// The relay has stopped: the last bytes are counted and written.
    pub(super) fn finish(mut self) {
        self.count();
        self.keep();
    }

    fn count(&mut self) {
        let sent = self.streams.counts().sent();
        self.budget.add(sent.saturating_sub(self.counted), Now::read());
        self.counted = self.counted.max(sent);
        self.take_step();
    }

    fn take_step(&mut self) {
        let step = self.budget.step();
        self.tell.send_modify(|told| (told.used, told.step) = (self.budget.usage().bytes, step));
        if step == std::mem::replace(&mut self.step, step) {
            return;
        }
        self.streams.refuse_allocations(NoMore::UsedUp, step == BudgetStep::UsedUp);
        self.site.relay_budget(match step {
            BudgetStep::Plenty | BudgetStep::Warned => RelayBudget::Plenty,
            BudgetStep::Lower => RelayBudget::Lower,
            BudgetStep::AudioOnly => RelayBudget::AudioOnly,
            BudgetStep::UsedUp => RelayBudget::UsedUp,
        });
        let Usage { month, bytes } = self.budget.usage();
        match words(step) {
            Some(words) => warn!(%month, bytes, "turn.monthly_budget: {words}"),
            None => info!(%month, "turn.monthly_budget: a new month, the relay carries everything again"),
        }
    }

    fn keep(&mut self) {
        self.kept_at = Instant::now();
        let usage = self.budget.usage();
        if self.kept == Some(usage) {
            return;
        }
        match self.dir.write(FILE, format!("{usage}\n").as_bytes()) {
            Ok(()) => self.kept = Some(usage),
            Err(cause) => error!(cause = %anyhow::Error::from(cause), "what the relay sent in this month is not kept"),
        }
    }
}

/// What the operator reads when a step is taken.
fn words(step: BudgetStep) -> Option<&'static str> {
    match step {
        BudgetStep::Plenty => None,
        BudgetStep::Warned => Some("80 % is used up; at 90 % pictures through the relay become smaller"),
        BudgetStep::Lower => {
            Some("90 % is used up; pictures through the relay are smaller, at 97 % there will be none")
        }
        BudgetStep::AudioOnly => Some("97 % is used up; the relay carries voices only, at 100 % for nobody new"),
        BudgetStep::UsedUp => {
            Some("all is used up; nobody new gets the relay until the month ends or the budget is raised")
        }
    }
}

fn read(dir: &DataDir) -> Option<Usage> {
    let damaged = |cause: anyhow::Error| {
        let file = dir.path().join(FILE);
        error!(%cause, file = %file.display(), "what the relay sent in this month cannot be read and counts from zero");
    };
    let text = dir.read(FILE).map_err(|cause| damaged(cause.into())).ok()??;
    let usage = String::from_utf8_lossy(&text).parse();
    usage.map_err(|_| damaged(anyhow::anyhow!("the file was damaged; it must look like \"2026-11 123456\""))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_counts_from_zero_and_a_whole_one_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = DataDir::open(folder.path()).expect("usable");
        assert_eq!(read(&dir), None, "nothing was ever kept");
        dir.write(FILE, b"2026-11 12\xFF").expect("written");
        assert_eq!(read(&dir), None);
        dir.write(FILE, b"2026-11 12\n").expect("written");
        assert_eq!(read(&dir).map(|usage| usage.bytes), Some(12));
    }
}
