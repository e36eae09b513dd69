//! Signals that wait for a person whose socket dropped: bounded for each person and for the whole hub, so that nobody
//! fills the memory by talking to empty chairs. The oldest give way: of what a peer says the newest matters most.

use std::collections::VecDeque;

use super::message::{Payload, PersonId};

/// What waits for one person.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    signals: VecDeque<(PersonId, Payload)>,
    bytes: usize,
}

/// What may still wait in all mailboxes together, in bytes.
#[derive(Debug)]
pub(super) struct Postage(usize);

impl Postage {
    /// 32 MiB: a server that restarts with hundreds of people away still holds a call's worth of signals for each.
    pub(super) fn full() -> Postage {
        Postage(32 << 20)
    }

    /// Whether nothing waits anywhere.
    #[cfg(test)]
    pub(super) fn is_full(&self) -> bool {
        self.0 == Postage::full().0
    }
}

impl Mailbox {
    /// Puts a signal in. It is not kept when all mailboxes together are full: pages find out by themselves that an
    /// answer is missing, and ask again.
    pub(super) fn put(&mut self, from: PersonId, payload: Payload, postage: &mut Postage) {
        let size = size(&payload);
        while self.bytes + size > MOST_BYTES && self.drop_oldest(postage) {}
        if size > postage.0 {
            return;
        }
        postage.0 -= size;
        self.bytes += size;
        self.signals.push_back((from, payload));
    }

    /// Takes everything out, oldest first.
    pub(super) fn empty(&mut self, postage: &mut Postage) -> VecDeque<(PersonId, Payload)> {
        postage.0 += std::mem::take(&mut self.bytes);
        std::mem::take(&mut self.signals)
    }

    /// Throws away what `from` said: they have gone, or begin anew.
    pub(super) fn forget(&mut self, from: &PersonId, postage: &mut Postage) {
        self.signals.retain(|(sender, _)| sender != from);
        let left = self.signals.iter().map(|(_, payload)| size(payload)).sum();
        postage.0 += std::mem::replace(&mut self.bytes, left) - left;
    }

    fn drop_oldest(&mut self, postage: &mut Postage) -> bool {
        let Some((_, payload)) = self.signals.pop_front() else { return false };
        self.bytes -= size(&payload);
        postage.0 += size(&payload);
        true
    }
}

/// An offer and its candidates from each of seven peers are some 110 KiB.
const MOST_BYTES: usize = 128 << 10;

/// The text and its place in the queue, so that a flood of empty payloads is bounded too.
fn size(payload: &Payload) -> usize {
    payload.len() + 64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(name: &str) -> PersonId {
        PersonId(name.into())
    }

    #[test]
    fn a_full_mailbox_drops_the_oldest() {
        let (mut mailbox, mut postage) = (Mailbox::default(), Postage::full());
        for n in 0..100 {
            mailbox.put(from("a"), format!("{n:05}{}", "x".repeat(4000)).into(), &mut postage);
        }
        let kept: Vec<_> =
            mailbox.empty(&mut postage).into_iter().map(|(_, payload)| payload[..5].to_owned()).collect();
        assert_eq!(kept.last().map(String::as_str), Some("00099"));
        assert_eq!(kept.len(), MOST_BYTES / 4069);
        assert!(postage.is_full(), "all of it is given back");
    }

    #[test]
    fn all_mailboxes_together_are_bounded() {
        let mut postage = Postage(1000);
        let (mut one, mut other) = (Mailbox::default(), Mailbox::default());
        one.put(from("a"), "x".repeat(900).into(), &mut postage);
        other.put(from("a"), "late".into(), &mut postage);
        assert_eq!(other.signals.len(), 0);
        one.empty(&mut postage);
        other.put(from("a"), "in time".into(), &mut postage);
        assert_eq!(other.signals.len(), 1);
    }

    #[test]
    fn what_somebody_said_goes_with_them() {
        let (mut mailbox, mut postage) = (Mailbox::default(), Postage::full());
        mailbox.put(from("a"), "1".into(), &mut postage);
        mailbox.put(from("b"), "2".into(), &mut postage);
        mailbox.forget(&from("a"), &mut postage);
        assert_eq!(mailbox.empty(&mut postage), [(from("b"), "2".into())]);
        assert!(postage.is_full());
    }
}
