//! Where effects are made durable.

mod error;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::sync::{Arc, Weak};

use trustline_core::ledger::{Effect, Snapshot, Trustline};

pub use error::JournalError;
pub use memory::Memory;
#[cfg(feature = "sqlite")]
pub use sqlite::{Sqlite, SqliteBuilder};

/// Keeps the effects of many accounts. Nothing that rests on an effect leaves the process before the journal has said
/// that it is durable.
///
/// # The laws of a store
///
/// * What it has said to be durable survives whatever happens to the process. Of what it has not, it may keep a part,
///   but only whole batches, and of each account only the first ones.
/// * [`load`](Self::load) gives the state after the last batch that it kept, as the trustline's own
///   [`snapshot`](Trustline::snapshot) was then.
/// * Every batch is answered, once, unless the process ends.
pub trait Journal: Send + Sync + 'static {
    /// What is known of an account; `None` for a new one. May block: called when an account is opened, not while it
    /// pays.
    fn load(&self, account: &str) -> Result<Option<Snapshot>, JournalError>;

    /// Takes over the next effects of an account. `state` is the trustline right after the last of them. A journal that
    /// cannot make them durable at once says [`Appended::Pending`] and later tells `waiting`. It is not given another
    /// batch for the account before that.
    ///
    /// Called under the account's lock: it must neither block for long nor call `waiting` itself.
    fn append(&self, account: &str, effects: Vec<Effect>, state: &Trustline, waiting: Arc<dyn Committed>) -> Appended;

    /// Tells `watcher` when the store as a whole has failed and takes nothing more, whoever's batch it was that failed;
    /// at once, if that is so already. A store that fails for one account at a time, as this method does if it is not
    /// written, has nothing to tell: it answers batches.
    fn watch(&self, watcher: Weak<dyn Watcher>) {
        drop(watcher);
    }

    /// Whether what it keeps can be loaded by another process, some day. Only then do its ledgers get names, by which an
    /// older backup is noticed that was put in their place (see
    /// [`Session::handle_opened`](trustline_core::session::Session::handle_opened)). The default is that it cannot.
    fn outlives_the_process(&self) -> bool {
        false
    }
}

/// How far an append came.
#[derive(Debug)]
pub enum Appended {
    /// The effects are as durable as they will be.
    Done(Result<(), JournalError>),
    /// [`Committed::committed`] will be called.
    Pending,
}

/// Whose ledger is in a store.
pub trait Watcher: Send + Sync {
    /// The store takes nothing more. What it said to be durable is.
    fn failed(self: Arc<Self>, failure: JournalError);
}

/// Who waits for a batch of effects.
pub trait Committed: Send + Sync {
    /// The batch is durable, or never will be.
    fn committed(self: Arc<Self>, result: Result<(), JournalError>);
}
