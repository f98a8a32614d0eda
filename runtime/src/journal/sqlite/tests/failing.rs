//! A disk that is full, an account with two owners, and handlers that panic.

use std::sync::Arc;
use std::sync::mpsc::{Sender, TryRecvError, channel};

use trustline_core::ledger::{Snapshot, Trustline};

use super::story::{self, AUTHORITIES};
use super::{Directory, PATIENCE, append, grouping, send};
use crate::journal::sqlite::threads;
use crate::journal::sqlite::writer::Writer;
use crate::journal::{Appended, Committed, Journal, Watcher};
use crate::{JournalError, Sqlite};

const NAMES: [&str; 3] = ["a", "b", "c"];

/// Writes until there is no room. Returns the accounts as they were after the last commit.
fn fill(journal: &Sqlite, trustlines: &mut [Trustline; 3]) -> [Snapshot; 3] {
    let mut durable = trustlines.each_ref().map(Trustline::snapshot);
    for _ in 0..100_000 {
        let waiting: Vec<_> = NAMES
            .iter()
            .zip(trustlines.iter_mut())
            .map(|(name, trustline)| {
                let effects = story::some(trustline, 3, 5);
                send(journal, name, effects, trustline)
            })
            .collect();
        let mut failed = false;
        for ((waiter, trustline), durable) in waiting.iter().zip(trustlines.iter()).zip(&mut durable) {
            match waiter.wait() {
                Ok(()) => *durable = trustline.snapshot(),
                Err(error) => {
                    assert_eq!(error, JournalError::Full { file: journal.file().to_owned() });
                    failed = true;
                }
            }
        }
        if failed {
            return durable;
        }
    }
    panic!("there is always room");
}

#[test]
fn a_full_disk_stops_everything_and_loses_nothing() {
    let directory = Directory::new();
    let mut builder = Sqlite::builder(directory.file()).keep_all_effects();
    builder.most_pages = Some(100);
    let journal = builder.open().unwrap();
    let mut trustlines = AUTHORITIES.map(|authority| Trustline::new(story::config(authority)));
    let durable = fill(&journal, &mut trustlines);

    // For good: there may be room for less, but who knows what else is wrong.
    let mut small = Trustline::new(story::config(AUTHORITIES[0]));
    let effects = story::some(&mut small, 0, 1);
    let error = append(&journal, "another", effects, &small).unwrap_err();
    let told = error.to_string();
    assert!(told.contains(&journal.file().display().to_string()) && told.contains("Make room"), "{told}");
    let loaded = NAMES.map(|name| journal.load(name).unwrap().unwrap());
    assert_eq!(loaded, durable, "what was there can be read");
    drop(journal);

    // There is room again.
    let journal = Sqlite::open(directory.file()).unwrap();
    let loaded = NAMES.map(|name| journal.load(name).unwrap().unwrap());
    assert_eq!(loaded, durable, "exactly what was said to be durable");
    for ((name, authority), snapshot) in NAMES.iter().zip(AUTHORITIES).zip(loaded) {
        let mut trustline = Trustline::from_snapshot(story::config(authority), snapshot);
        let effects = story::some(&mut trustline, 3, 5);
        append(&journal, name, effects, &trustline).unwrap();
        assert_eq!(journal.load(name).unwrap().unwrap(), trustline.snapshot());
    }
}

struct Witness(Sender<JournalError>);

impl Watcher for Witness {
    fn failed(self: Arc<Self>, failure: JournalError) {
        self.0.send(failure).unwrap();
    }
}

/// Also who has nothing to write, and who comes too late.
#[test]
fn everybody_whose_ledger_is_in_the_file_hears_that_it_failed() {
    let directory = Directory::new();
    let mut builder = Sqlite::builder(directory.file());
    builder.most_pages = Some(100);
    let journal = builder.open().unwrap();
    let (tell, heard) = channel();
    let [idle, gone, late] = [(); 3].map(|()| Arc::new(Witness(tell.clone())));
    journal.watch(Arc::downgrade(&idle) as _);
    journal.watch(Arc::downgrade(&gone) as _);
    drop(gone);
    fill(&journal, &mut AUTHORITIES.map(|authority| Trustline::new(story::config(authority))));

    let full = JournalError::Full { file: journal.file().to_owned() };
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(full.clone()));
    journal.watch(Arc::downgrade(&late) as _);
    assert_eq!(heard.try_recv(), Ok(full));
    drop(journal);
    assert_eq!(heard.try_recv(), Err(TryRecvError::Empty), "each hears it once");
}

/// Somebody else's effects must not be mixed with ours, and are not the other accounts' fault.
#[test]
fn an_account_with_two_owners_is_refused() {
    let directory = Directory::new();
    let journal = Sqlite::open(directory.file()).unwrap();
    let mut first = Trustline::new(story::config(AUTHORITIES[0]));
    let effects = story::some(&mut first, 1, 5);
    append(&journal, "alice", effects, &first).unwrap();

    let mut second = Trustline::new(story::config(AUTHORITIES[0]));
    let effects = story::some(&mut second, 2, 3);
    let error = append(&journal, "alice", effects, &second).unwrap_err();
    assert_eq!(error, JournalError::OutOfOrder { account: "alice".to_owned(), expected: 6, found: 1 });

    let mut late = Trustline::new(story::config(AUTHORITIES[0]));
    story::some(&mut late, 2, 3);
    let effects = story::some(&mut late, 2, 3);
    let error = append(&journal, "bob", effects, &late).unwrap_err();
    assert_eq!(error, JournalError::OutOfOrder { account: "bob".to_owned(), expected: 1, found: 4 });
    assert_eq!(journal.load("bob"), Ok(None));

    let effects = story::some(&mut first, 1, 5);
    append(&journal, "alice", effects, &first).unwrap();
    assert_eq!(journal.load("alice").unwrap().unwrap(), first.snapshot());
}

/// Part of a group cannot be written: then nothing of it is. The disk is not to blame here, but who knows.
#[test]
fn nothing_is_written_by_halves() {
    let directory = Directory::new();
    let journal = Sqlite::open(directory.file()).unwrap();
    let mut trustlines = NAMES.map(|_| Trustline::new(story::config(AUTHORITIES[0])));
    for (name, trustline) in NAMES.iter().zip(&mut trustlines) {
        let effects = story::some(trustline, 3, 5);
        append(&journal, name, effects, trustline).unwrap();
    }
    let durable = trustlines.each_ref().map(Trustline::snapshot);
    let meddler = rusqlite::Connection::open(directory.file()).unwrap();
    let trigger = "CREATE TRIGGER meddling BEFORE INSERT ON raw_effects WHEN NEW.account = 2 AND NEW.sequence = 8
        BEGIN SELECT RAISE(ABORT, 'meddled with'); END";
    meddler.execute_batch(trigger).unwrap();

    let blocked = grouping::block_all(&journal);
    let waiting: Vec<_> = NAMES
        .iter()
        .zip(&mut trustlines)
        .map(|(name, trustline)| {
            let effects = story::some(trustline, 3, 5);
            send(&journal, name, effects, trustline)
        })
        .collect();
    drop(blocked);
    for waiter in waiting {
        let error = waiter.wait().unwrap_err();
        assert!(matches!(&error, JournalError::Unwritable { cause, .. } if cause.contains("meddled with")), "{error}");
    }
    drop((journal, meddler));

    let journal = Sqlite::open(directory.file()).unwrap();
    assert_eq!(NAMES.map(|name| journal.load(name).unwrap().unwrap()), durable);
}

#[test]
fn a_mistake_of_the_writer_is_a_failure() {
    let directory = Directory::new();
    let journal = Sqlite::open(directory.file()).unwrap();
    let mistake = |_: &mut Writer| -> Result<(), JournalError> { panic!("a mistake; this message belongs to the test") };
    let mut writer = Writer::new(rusqlite::Connection::open_in_memory().unwrap(), directory.file(), None).unwrap();
    let error = threads::guarded(&journal.shared, &mut writer, mistake).unwrap_err();
    assert!(matches!(error, JournalError::Unwritable { .. }), "{error:?}");
}

struct Panics;

impl Committed for Panics {
    fn committed(self: Arc<Self>, _result: Result<(), JournalError>) {
        panic!("a handler's mistake; this message belongs to the test");
    }
}

#[test]
fn a_handler_that_panics_harms_nobody_else() {
    let directory = Directory::new();
    let journal = Sqlite::open(directory.file()).unwrap();
    let mut trustline = Trustline::new(story::config(AUTHORITIES[0]));
    for _ in 0..5 {
        let effects = story::some(&mut trustline, 0, 1);
        assert!(matches!(journal.append("careless", effects, &trustline, Arc::new(Panics)), Appended::Pending));
        let mut other = Trustline::new(story::config(AUTHORITIES[0]));
        let effects = story::some(&mut other, 0, 1);
        append(&journal, &format!("after {}", trustline.sequence()), effects, &other).unwrap();
    }
}

/// The last account may go while it is told: the store is then dropped by its own thread.
#[test]
fn it_may_be_dropped_by_whoever_is_told() {
    struct Last(std::sync::Mutex<Option<Arc<Sqlite>>>, Sender<()>);
    impl Committed for Last {
        fn committed(self: Arc<Self>, _result: Result<(), JournalError>) {
            let journal = self.0.lock().unwrap().take();
            drop(journal);
            self.1.send(()).unwrap();
        }
    }
    let directory = Directory::new();
    let journal = Arc::new(Sqlite::open(directory.file()).unwrap());
    let mut trustline = Trustline::new(story::config(AUTHORITIES[0]));
    let effects = story::some(&mut trustline, 0, 1);
    let (tell, told) = channel();
    let last = Arc::new(Last(std::sync::Mutex::new(Some(journal.clone())), tell));
    // Sent while we hold the store too, so that it is told after we have let go.
    let guard = last.0.lock().unwrap();
    let appended = journal.append("alice", effects, &trustline, last.clone());
    assert!(matches!(appended, Appended::Pending));
    drop(journal);
    drop(guard);
    told.recv_timeout(PATIENCE).expect("nobody waits for itself");
}
