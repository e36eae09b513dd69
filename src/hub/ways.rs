//! What the pages of one room have said of the ways between them, and what follows from it. Bounded by the pairs of people there
//! are, and gone with them.

use super::message::PersonId;
use super::why::{Path, RelayUse, Side, Why, explain};

/// All pairs of one room of which something is known.
#[derive(Debug, Default)]
pub(super) struct Ways(Vec<Way>);

/// Two people.
#[derive(Debug)]
pub(super) struct Way {
    /// Who, in the order in which they were first heard.
    pub(super) people: [PersonId; 2],
    /// Their pages' last words.
    paths: [Option<Path>; 2],
    relayed: [Option<RelayUse>; 2],
    one_nat: bool,
    /// What was said of it last.
    pub(super) why: Why,
}

impl Ways {
    /// The page of `from` says this. Returns what is to be said of the pair, if that is something new.
    pub(super) fn told(&mut self, from: &PersonId, path: Path, one_nat: bool) -> Option<Why> {
        let index = self.0.iter().position(|way| way.is_between(from, &path.to));
        let way = match index {
            Some(index) => &mut self.0[index],
            None => {
                self.0.push(Way::new([from.clone(), path.to.clone()], one_nat));
                self.0.last_mut()?
            }
        };
        let me = usize::from(way.people[1] == *from);
        let [mine, theirs] = path.relayed.map_or([None, None], |uses| uses.map(Some));
        (way.relayed[me], way.relayed[1 - me], way.one_nat) = (mine, theirs, one_nat);
        way.paths[me] = Some(path);
        let why = way.explain();
        let is_new = index.is_none() || why != way.why;
        way.why = why.clone();
        is_new.then_some(why)
    }

    /// Forgets whoever has left.
    pub(super) fn forget(&mut self, id: &PersonId) {
        self.0.retain(|way| !way.people.contains(id));
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Way> {
        self.0.iter()
    }
}

impl Way {
    fn new(people: [PersonId; 2], one_nat: bool) -> Way {
        let why = explain([&people[0], &people[1]].map(|id| Side { id, path: None, relayed: None }), one_nat);
        Way { people, paths: [None, None], relayed: [None, None], one_nat, why }
    }

    fn is_between(&self, a: &PersonId, b: &PersonId) -> bool {
        a != b && self.people.contains(a) && self.people.contains(b)
    }

    fn explain(&self) -> Why {
        let side = |me: usize| Side { id: &self.people[me], path: self.paths[me].as_ref(), relayed: self.relayed[me] };
        explain([side(0), side(1)], self.one_nat)
    }

    /// The round trip that either page has measured, in milliseconds.
    pub(super) fn rtt(&self) -> Option<u32> {
        self.paths.iter().flatten().find_map(|path| path.rtt)
    }

    /// Bytes that arrived at either page, when it last said something.
    pub(super) fn bytes(&self) -> u64 {
        self.paths.iter().flatten().map(|path| path.bytes_in).sum()
    }
}
