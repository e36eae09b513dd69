//! Whose allocations live in which streams, so that they can be ended from outside.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::inbox::StreamInbox;

/// One entry per allocation of a stream whose credentials were made out to somebody.
#[derive(Debug, Default)]
pub(in crate::relay) struct Owners(Mutex<HashMap<Box<str>, Vec<Arc<StreamInbox>>>>);

impl Owners {
    /// The stream with this inbox has an allocation of `id`.
    pub(super) fn add(&self, id: &str, inbox: &Arc<StreamInbox>) {
        self.lock().entry(id.into()).or_default().push(inbox.clone());
    }

    /// It has it no more.
    pub(super) fn remove(&self, id: &str, inbox: &Arc<StreamInbox>) {
        let mut owners = self.lock();
        let Some(inboxes) = owners.get_mut(id) else { return };
        inboxes.retain(|other| !Arc::ptr_eq(other, inbox));
        if inboxes.is_empty() {
            owners.remove(id);
        }
    }

    /// Ends every stream that has one.
    pub(in crate::relay) fn end(&self, id: &str) {
        self.lock().get(id).into_iter().flatten().for_each(|inbox| inbox.end());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Vec<Arc<StreamInbox>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
