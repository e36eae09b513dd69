//! Whose allocations live in which streams, so that they can be ended from outside, and asked about.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::inbox::StreamInbox;
use crate::relay::overview::Question;

/// One entry per allocation of a stream, by whom its credentials were made out to; `None`: static users'.
#[derive(Debug, Default)]
pub(in crate::relay) struct Owners(Mutex<HashMap<Owner, Vec<Arc<StreamInbox>>>>);

/// See [`Session::holder`](crate::turn::Session::holder).
pub(super) type Owner = Option<Box<str>>;

impl Owners {
    /// The stream with this inbox has an allocation of `owner`.
    pub(super) fn add(&self, owner: Owner, inbox: &Arc<StreamInbox>) {
        self.lock().entry(owner).or_default().push(inbox.clone());
    }

    /// It has it no more.
    pub(super) fn remove(&self, owner: &Owner, inbox: &Arc<StreamInbox>) {
        let mut owners = self.lock();
        let Some(inboxes) = owners.get_mut(owner) else { return };
        inboxes.retain(|other| !Arc::ptr_eq(other, inbox));
        if inboxes.is_empty() {
            owners.remove(owner);
        }
    }

    /// Ends every stream that has one of `id`.
    pub(in crate::relay) fn end(&self, id: &str) {
        self.lock().get(&Some(id.into())).into_iter().flatten().for_each(|inbox| inbox.end());
    }

    /// Asks every stream that has one, up to as many as are wanted.
    pub(in crate::relay) fn ask(&self, question: &Question) {
        self.lock().values().flatten().take(question.most).for_each(|inbox| inbox.ask(question.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Owner, Vec<Arc<StreamInbox>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
