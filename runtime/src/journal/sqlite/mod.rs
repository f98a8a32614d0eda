//! The store in a file: SQLite, with tables that an operator can read at any time.
//!
//! ```text
//! append ──> batch ──> queue ──> writer ── one transaction, one sync ──> committed
//!            what the  all       effects, open and finished transfers,
//!            trustline accounts  accounts; then some old rows go
//!            says                (tidying)
//! ```
//!
//! Whatever waits when the writer is free is its next group: idle, a batch costs one sync and waits for nothing; under
//! load the groups grow by themselves. See [`schema`] for what is in the file.

mod accounts;
mod batch;
mod columns;
mod effects;
mod failure;
mod finished_transfers;
mod lineages;
mod lock;
mod open_transfers;
mod queue;
mod reader;
mod readers;
mod rows;
mod schema;
mod threads;
mod tidying;
mod writer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use trustline_core::Limits;
use trustline_core::ledger::{Effect, Snapshot, Trustline};

use self::batch::Batch;
use self::lock::Lock;
use self::queue::Queue;
use self::reader::Reader;
use self::readers::Readers;
use self::writer::Writer;
use super::{Appended, Committed, Journal, JournalError, Watcher};

/// Keeps any number of ledgers in one SQLite file.
///
/// What it says is durable has been synced to the disk; the commits of all accounts share their syncs. Only one process
/// at a time may own the file, but any may read it:
///
/// ```text
/// $ sqlite3 shop.db 'SELECT * FROM balances'
/// $ sqlite3 shop.db "SELECT * FROM effects WHERE account = 'alice' ORDER BY sequence DESC LIMIT 10"
/// ```
///
/// The views are `accounts`, `balances`, `open_transfers`, `finished_transfers` (those that are remembered, so that no
/// repeat of theirs moves money), `peers` (how far their ledgers were when they said so) and `effects`.
///
/// If writing fails once, because the disk is full or broken, all accounts of the file stop, and nothing more is written
/// until it is opened again.
///
/// ```no_run
/// use std::sync::Arc;
/// use trustline_runtime::Sqlite;
///
/// let journal = Arc::new(Sqlite::open("shop.db")?);
/// # Ok::<(), trustline_runtime::JournalError>(())
/// ```
pub struct Sqlite {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// How a [`Sqlite`] is opened.
#[derive(Clone, Debug)]
pub struct SqliteBuilder {
    path: PathBuf,
    keep_effects_for: Option<Duration>,
    #[cfg(test)]
    most_pages: Option<u32>,
}

/// In the order in which it is closed.
struct Shared {
    queue: Queue,
    readers: Readers,
    writer: Mutex<Writer>,
    file: PathBuf,
    _lock: Lock,
}

impl SqliteBuilder {
    /// How long effects stay in the file: by default 25 hours, as long as the default [`Limits`] let a finished transfer
    /// be remembered. The ledgers do not need them: they are for people, and for programs that follow the ledger.
    #[must_use]
    pub fn keep_effects_for(mut self, duration: Duration) -> Self {
        self.keep_effects_for = Some(duration);
        self
    }

    /// Keeps all effects for ever. The file grows with every payment, by some 400 bytes; opening it takes no longer.
    #[must_use]
    pub fn keep_all_effects(mut self) -> Self {
        self.keep_effects_for = None;
        self
    }

    /// Opens the file, or creates it.
    pub fn open(self) -> Result<Sqlite, JournalError> {
        let file = lock::canonical(&self.path)?;
        let lock = Lock::acquire(&file)?;
        let mut connection = connect(&file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        schema::prepare(&mut connection, &file)?;
        tune(&connection).map_err(|error| failure::unopenable(&file, &error))?;
        #[cfg(test)]
        if let Some(most) = self.most_pages {
            connection.pragma_update(None, "max_page_count", most).map_err(|error| failure::unopenable(&file, &error))?;
        }
        let readers = Readers::open(&file)?;
        let writer = Writer::new(connection, file.clone(), self.keep_effects_for).map_err(|error| failure::unopenable(&file, &error))?;
        let shared = Arc::new(Shared { queue: Queue::default(), readers, writer: Mutex::new(writer), file, _lock: lock });
        let mut journal = Sqlite { shared, threads: Vec::new() };
        for _ in 0..threads::COUNT {
            journal.start_thread()?;
        }
        Ok(journal)
    }
}

fn tune(connection: &Connection) -> rusqlite::Result<()> {
    // A commit is one sync of the log. On macOS only this one reaches the disk itself.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "fullfsync", true)?;
    // The writer does it itself, when nobody waits for it. A log that was long for once is cut.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    // The ends of the tables, where all writing is. In KiB, as SQLite has it.
    connection.pragma_update(None, "cache_size", -4 * 1024)
}

/// Nothing is a URI: a file may be called anything.
fn connect(file: &Path, flags: OpenFlags) -> Result<Connection, JournalError> {
    let connection = Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let connection = connection.map_err(|error| failure::unopenable(file, &error))?;
    // For an operator who writes to the file by hand.
    connection.busy_timeout(Duration::from_secs(10)).map_err(|error| failure::unopenable(file, &error))?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

impl Sqlite {
    /// Opens the file, or creates it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        Self::builder(path).open()
    }

    /// What [`open`](Self::open) leaves at its default can be set first.
    pub fn builder(path: impl AsRef<Path>) -> SqliteBuilder {
        let limits = Limits::default();
        SqliteBuilder {
            path: path.as_ref().to_owned(),
            keep_effects_for: Some(limits.furthest_expiry + limits.memory_margin),
            #[cfg(test)]
            most_pages: None,
        }
    }

    /// The file, by its canonical path.
    pub fn file(&self) -> &Path {
        &self.shared.file
    }

    /// The names of all accounts, in order.
    pub fn accounts(&self) -> Result<Vec<String>, JournalError> {
        self.shared.readers.read(Reader::accounts)
    }

    /// The effects of an account after the one with this sequence number, as far as they are kept, in order; `most` at
    /// once.
    pub fn effects(&self, account: &str, after: u64, most: usize) -> Result<Vec<Effect>, JournalError> {
        self.shared.readers.read(|reader| reader.effects(account, after, most))
    }

    fn start_thread(&mut self) -> Result<(), JournalError> {
        let shared = self.shared.clone();
        let started = thread::Builder::new().name("trustline-journal".to_owned()).spawn(move || threads::run(&shared));
        let unopenable = |error: std::io::Error| JournalError::Unopenable { file: self.shared.file.clone(), cause: error.to_string() };
        self.threads.push(started.map_err(unopenable)?);
        Ok(())
    }
}

impl Journal for Sqlite {
    fn load(&self, account: &str) -> Result<Option<Snapshot>, JournalError> {
        self.shared.readers.read(|reader| reader.snapshot(account))
    }

    fn append(&self, account: &str, effects: Vec<Effect>, state: &Trustline, waiting: Arc<dyn Committed>) -> Appended {
        if effects.is_empty() {
            return Appended::Done(Ok(()));
        }
        match self.shared.queue.push(Batch::new(account, effects, state, waiting)) {
            Ok(()) => Appended::Pending,
            Err(error) => Appended::Done(Err(error)),
        }
    }

    fn watch(&self, watcher: Weak<dyn Watcher>) {
        if let Err(failure) = self.shared.queue.watch(watcher.clone())
            && let Some(watcher) = watcher.upgrade()
        {
            watcher.failed(failure);
        }
    }

    fn outlives_the_process(&self) -> bool {
        true
    }
}

/// Writes what was appended, and closes the file.
impl Drop for Sqlite {
    fn drop(&mut self) {
        self.shared.queue.close();
        // The last account may be dropped by what a thread of ours tells it. Then the file is closed when that is done.
        let current = thread::current().id();
        if self.threads.iter().all(|thread| thread.thread().id() != current) {
            for thread in self.threads.drain(..) {
                let _ = thread.join();
            }
        }
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("file", &self.shared.file).finish_non_exhaustive()
    }
}
