//! How a server comes in: on its own, in the place of another one, or in its own place after an attempt at that failed.

use anyhow::Context;

use super::supervisor;
use super::takeover::Predecessor;
use crate::data_dir::{DataDir, Lock};
use crate::gate::Inherited;

/// In whose place a server starts.
#[derive(Debug)]
pub(super) enum Place {
    /// Nobody's; the service manager may have opened sockets for it.
    Free,
    /// That of the server that runs with the same `data_dir`, if there is one.
    Another,
    /// Its own, with the sockets it had.
    Own(Inherited),
}

/// What a server has before it has bound anything.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) sockets: Inherited,
    /// Whether UDP is bound beside somebody who will let go of it.
    pub(super) beside: bool,
    predecessor: Option<Predecessor>,
    lock: Option<Lock>,
}

impl Entry {
    /// Locks `dir`, unless whoever has it first has to give way.
    pub(super) fn at(place: Place, dir: &DataDir) -> anyhow::Result<Entry> {
        let entry = |sockets, beside| Entry { sockets, beside, predecessor: None, lock: None };
        let mut entry = match place {
            Place::Free => entry(supervisor::sockets(), false),
            Place::Own(sockets) => entry(sockets, true),
            Place::Another => match Predecessor::find(dir)? {
                Some((predecessor, sockets)) => {
                    return Ok(Entry { predecessor: Some(predecessor), ..entry(sockets, true) });
                }
                None => entry(supervisor::sockets(), false),
            },
        };
        entry.lock = Some(dir.lock()?);
        Ok(entry)
    }

    /// All is bound: from here on `dir` is ours. `true`: somebody else wrote there until a moment ago.
    pub(super) fn own(&mut self, dir: &DataDir) -> anyhow::Result<bool> {
        let Some(predecessor) = &mut self.predecessor else { return Ok(false) };
        predecessor.give_way()?;
        self.lock = Some(dir.lock().context("the callbox that runs gave way, and somebody else came first")?);
        Ok(true)
    }

    /// We serve: whoever gave way may rest. The lock is held as long as the result lives.
    pub(super) fn done(self) -> Option<Lock> {
        if let Some(predecessor) = self.predecessor {
            predecessor.rest();
        }
        self.lock
    }
}
