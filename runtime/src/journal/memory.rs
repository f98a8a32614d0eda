//! The store that keeps nothing.

use std::sync::Arc;

use trustline_core::ledger::{Effect, Snapshot, Trustline};

use super::{Appended, Committed, Journal, JournalError};

/// Keeps nothing: the ledgers live as long as the process. For tests, and for trustlines that are settled otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory;

impl Journal for Memory {
    fn load(&self, _account: &str) -> Result<Option<Snapshot>, JournalError> {
        Ok(None)
    }

    fn append(&self, _account: &str, _effects: Vec<Effect>, _state: &Trustline, _waiting: Arc<dyn Committed>) -> Appended {
        Appended::Done(Ok(()))
    }
}
