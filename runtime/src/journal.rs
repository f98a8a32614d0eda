//! Where effects are made durable.

use std::fmt;
use std::sync::Arc;

use trustline_core::ledger::{Effect, Snapshot};

/// Keeps the effects of many accounts. Nothing that rests on an effect leaves the process before the journal has said
/// that it is durable.
pub trait Journal: Send + Sync + 'static {
    /// What is known of an account; `None` for a new one. May block: called when an account is opened, not while it
    /// pays.
    fn load(&self, account: &str) -> Result<Option<Snapshot>, JournalError>;

    /// Takes over the next effects of an account. A journal that cannot make them durable at once says
    /// [`Appended::Pending`] and later tells `waiting`. It is not given another batch for the account before that.
    fn append(&self, account: &str, effects: Vec<Effect>, waiting: Arc<dyn Committed>) -> Appended;
}

/// How far an append came.
#[derive(Debug)]
pub enum Appended {
    /// The effects are as durable as they will be.
    Done(Result<(), JournalError>),
    /// [`Committed::committed`] will be called.
    Pending,
}

/// Who waits for a batch of effects.
pub trait Committed: Send + Sync {
    /// The batch is durable, or never will be.
    fn committed(self: Arc<Self>, result: Result<(), JournalError>);
}

/// Why effects could not be stored or loaded. The trustlines concerned are stopped: what cannot be stored must not
/// happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalError(pub String);

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the journal failed: {}", self.0)
    }
}

impl std::error::Error for JournalError {}

/// Keeps nothing: the ledgers live as long as the process. For tests, and for trustlines that are settled otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory;

impl Journal for Memory {
    fn load(&self, _account: &str) -> Result<Option<Snapshot>, JournalError> {
        Ok(None)
    }

    fn append(&self, _account: &str, _effects: Vec<Effect>, _waiting: Arc<dyn Committed>) -> Appended {
        Appended::Done(Ok(()))
    }
}
