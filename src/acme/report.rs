//! How the certificates stand, for whoever asks: the banner, a health page, a metric. Written by the steward alone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::subject::Subject;

/// How one certificate stands. Times are since 1970 (UTC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it is for.
    pub subject: Subject,
    /// Until when the one in use is good; `None`: there is none yet.
    pub ends: Option<Duration>,
    /// When it will be renewed.
    pub renews: Option<Duration>,
    /// Why the last attempt failed, in words, and when the next one is.
    pub trouble: Option<(String, Duration)>,
    /// Failures in a row.
    pub failures: u32,
}

/// The standings of all certificates; clones see the same.
#[derive(Clone, Debug, Default)]
pub struct Report(Arc<Mutex<Vec<Standing>>>);

impl Report {
    /// One for each subject.
    pub fn standings(&self) -> Vec<Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn tell(&self, standings: Vec<Standing>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = standings;
    }
}
