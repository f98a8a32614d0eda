//! What waits for the next commit.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::batch::Batch;
use crate::journal::{JournalError, Watcher};

/// Filled by appends, emptied by whoever writes. It is bounded by what appends: an account has one batch in it at most.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<Batch>,
    closing: bool,
    failure: Option<JournalError>,
    /// To be told of the failure.
    watchers: Vec<Weak<dyn Watcher>>,
}

/// What there is to do.
#[derive(Debug)]
pub(super) enum Next {
    /// Everything that was waiting.
    Write(Vec<Batch>),
    /// Nothing came for as long as was asked.
    Idle,
    /// Nothing, and nothing will come.
    Close,
}

impl Queue {
    /// Once the store has failed, it takes nothing more.
    pub(super) fn push(&self, batch: Batch) -> Result<(), JournalError> {
        let mut state = self.lock();
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        state.waiting.push(batch);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Who is told when the store fails; or the failure.
    pub(super) fn watch(&self, watcher: Weak<dyn Watcher>) -> Result<(), JournalError> {
        let mut state = self.lock();
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        if state.watchers.len() == state.watchers.capacity() {
            // Instead of growing: accounts come and go.
            state.watchers.retain(|watcher| watcher.strong_count() > 0);
        }
        state.watchers.push(watcher);
        Ok(())
    }

    /// Waits for something to do.
    pub(super) fn next(&self, patience: Duration) -> Next {
        let idle = |state: &mut State| state.waiting.is_empty() && !state.closing;
        let (mut state, _) = self.changed.wait_timeout_while(self.lock(), patience, idle).unwrap_or_else(PoisonError::into_inner);
        if !state.waiting.is_empty() {
            Next::Write(std::mem::take(&mut state.waiting))
        } else if state.closing {
            Next::Close
        } else {
            Next::Idle
        }
    }

    /// What waits is still written.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.changed.notify_all();
    }

    /// From now on nothing is taken. Returns what waited, and who watched.
    pub(super) fn fail(&self, failure: JournalError) -> (Vec<Batch>, Vec<Weak<dyn Watcher>>) {
        let mut state = self.lock();
        state.failure.get_or_insert(failure);
        (std::mem::take(&mut state.waiting), std::mem::take(&mut state.watchers))
    }

    pub(super) fn has_failed(&self) -> bool {
        self.lock().failure.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in it can be half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
