//! A store, and trustlines to put into it.

mod crashing;
mod failing;
mod fulfillments;
mod grouping;
mod keeping;
mod migrating;
mod opening;
mod reading;
mod story;
mod tidying;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use trustline_core::ledger::{Effect, Trustline};

use super::Sqlite;
use crate::journal::{Appended, Committed, Journal, JournalError};

const PATIENCE: Duration = Duration::from_secs(60);

/// A directory of its own, removed at the end. In memory where there is such a place, because most tests do not ask
/// whether the disk really syncs.
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let path = parent.join(format!("trustline-{}-{:016x}", std::process::id(), fastrand::u64(..)));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.join("ledger.db")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Hears what became of one batch.
#[derive(Default)]
struct Waiter {
    result: Mutex<Option<Result<(), JournalError>>>,
    changed: Condvar,
}

impl Waiter {
    /// Nobody must wait for ever.
    fn wait(&self) -> Result<(), JournalError> {
        let (mut result, _) = self.changed.wait_timeout_while(self.result.lock().unwrap(), PATIENCE, |result| result.is_none()).unwrap();
        result.take().expect("the journal answers every batch")
    }
}

impl Committed for Waiter {
    fn committed(self: Arc<Self>, result: Result<(), JournalError>) {
        let before = self.result.lock().unwrap().replace(result);
        assert_eq!(before, None, "a batch is answered once");
        self.changed.notify_all();
    }
}

/// Hands over a batch; the answer comes later.
fn send(journal: &Sqlite, account: &str, effects: Vec<Effect>, state: &Trustline) -> Arc<Waiter> {
    let waiter = Arc::new(Waiter::default());
    if let Appended::Done(result) = journal.append(account, effects, state, waiter.clone()) {
        waiter.clone().committed(result);
    }
    waiter
}

fn append(journal: &Sqlite, account: &str, effects: Vec<Effect>, state: &Trustline) -> Result<(), JournalError> {
    send(journal, account, effects, state).wait()
}

/// What an operator sees.
fn look(file: &Path, sql: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let width = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells = (0..width).map(|column| {
            Ok(match row.get_ref(column)? {
                rusqlite::types::ValueRef::Null => "-".to_owned(),
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                rusqlite::types::ValueRef::Text(text) => format!("'{}'", String::from_utf8_lossy(text)),
                other => format!("{other:?}"),
            })
        });
        Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join(" "))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn count(file: &Path, table: &str) -> usize {
    look(file, &format!("SELECT count(*) FROM {table}"))[0].parse().unwrap()
}
