//! The commits of all accounts share their syncs.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use trustline_core::ledger::Trustline;

use super::story::{self, AUTHORITIES};
use super::{Directory, PATIENCE, append, send};
use crate::journal::{Appended, Committed, Journal, JournalError};
use crate::{Sqlite, journal::sqlite::threads};

/// A slow application.
struct Blocked {
    called: mpsc::Sender<()>,
    go: Mutex<mpsc::Receiver<()>>,
}

impl Committed for Blocked {
    fn committed(self: Arc<Self>, _result: Result<(), JournalError>) {
        self.called.send(()).unwrap();
        let _ = self.go.lock().unwrap().recv_timeout(PATIENCE);
    }
}

/// Keeps all threads with applications, as under load: what is sent until they are released is one group.
pub(super) fn block_all(journal: &Sqlite) -> Vec<mpsc::Sender<()>> {
    (0..threads::COUNT).map(|n| block(journal, &format!("blocked {n}"))).collect()
}

fn block(journal: &Sqlite, account: &str) -> mpsc::Sender<()> {
    let (called, is_called) = mpsc::channel();
    let (release, go) = mpsc::channel();
    let mut trustline = Trustline::new(story::config(AUTHORITIES[0]));
    let effects = story::some(&mut trustline, 0, 1);
    let appended = journal.append(account, effects, &trustline, Arc::new(Blocked { called, go: Mutex::new(go) }));
    assert!(matches!(appended, Appended::Pending));
    is_called.recv_timeout(PATIENCE).expect("it is committed");
    release
}

/// Commits in the log: frames that say how large the file is after them.
fn commits(directory: &Directory) -> usize {
    let log = std::fs::read(directory.0.join("ledger.db-wal")).unwrap();
    let (header, frame_header, page) = (32, 24, 4096);
    log[header..].chunks_exact(frame_header + page).filter(|frame| frame[4..8] != [0; 4]).count()
}

#[test]
fn what_waits_is_one_group() {
    let directory = Directory::new();
    let journal = Sqlite::open(directory.file()).unwrap();
    let blocked = block_all(&journal);
    let before = commits(&directory);
    let waiting: Vec<_> = (0..100)
        .map(|n| {
            let mut trustline = Trustline::new(story::config(AUTHORITIES[n % 3]));
            let effects = story::some(&mut trustline, 0, 10);
            send(&journal, &n.to_string(), effects, &trustline)
        })
        .collect();
    for release in blocked {
        release.send(()).unwrap();
    }
    for waiter in waiting {
        waiter.wait().unwrap();
    }
    assert_eq!(commits(&directory) - before, 1, "one transaction for a hundred accounts");
}

#[test]
fn one_slow_application_does_not_hinder_the_others() {
    let directory = Directory::new();
    let journal = Sqlite::open(directory.file()).unwrap();
    let release = block(&journal, "slow");
    let mut trustline = Trustline::new(story::config(AUTHORITIES[0]));
    for _ in 0..10 {
        let effects = story::some(&mut trustline, 0, 3);
        append(&journal, "quick", effects, &trustline).unwrap();
    }
    release.send(()).unwrap();
}
