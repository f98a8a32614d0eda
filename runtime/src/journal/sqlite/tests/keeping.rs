//! What was kept is what there was.

use trustline_core::ledger::Trustline;

use super::story::{self, AUTHORITIES};
use super::{Directory, append, count};
use crate::Sqlite;
use crate::journal::Journal;

/// Every state and every way to end, batches of any size, and restarts in between: what is loaded is the trustline as it
/// was after its last batch, and goes on as that one does.
#[test]
fn a_restart_changes_nothing() {
    let (mut set_back, mut lapsed) = (0, 0);
    for seed in 0..8 {
        let directory = Directory::new();
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut journal = Sqlite::builder(directory.file()).keep_all_effects().open().unwrap();
        let mut trustlines = AUTHORITIES.map(|authority| Trustline::new(story::config(authority)));
        for _ in 0..80 {
            let which = rng.usize(0..trustlines.len());
            let (name, trustline) = (which.to_string(), &mut trustlines[which]);
            let size = if rng.bool() { rng.usize(1..4) } else { rng.usize(1..60) };
            let effects = story::some(trustline, seed, size);
            append(&journal, &name, effects, trustline).unwrap();
            set_back += count(&directory.file(), "raw_finished_transfers WHERE set_back = 1");
            lapsed += count(&directory.file(), "finished_transfers WHERE outcome = 'lapsed'");

            if rng.u8(0..4) == 0 {
                drop(journal);
                journal = Sqlite::builder(directory.file()).keep_all_effects().open().unwrap();
            }
            let snapshot = journal.load(&name).unwrap().expect("it was written");
            assert_eq!(snapshot, trustline.snapshot(), "seed {seed}, account {name}");
            *trustline = Trustline::from_snapshot(story::config(trustline.authority()), snapshot);
        }
        for (which, trustline) in trustlines.iter().enumerate() {
            let mut replayed = Trustline::new(story::config(trustline.authority()));
            loop {
                let effects = journal.effects(&which.to_string(), replayed.sequence(), 100).unwrap();
                if effects.is_empty() {
                    break;
                }
                for effect in &effects {
                    replayed.apply(effect);
                }
            }
            assert_eq!(replayed.snapshot(), trustline.snapshot(), "seed {seed}: the effects are the ledger");
        }
    }
    assert!(set_back > 0 && lapsed > 0, "the lives are too dull: {set_back} set back, {lapsed} lapsed");
}

#[test]
fn nothing_is_known_of_a_new_account() {
    let directory = Directory::new();
    let journal = Sqlite::open(directory.file()).unwrap();
    assert_eq!(journal.load("alice"), Ok(None));
    assert_eq!(journal.effects("alice", 0, 10), Ok(Vec::new()));
    assert_eq!(journal.accounts(), Ok(Vec::new()));
}

#[test]
fn what_was_sent_before_it_is_closed_is_written() {
    let directory = Directory::new();
    let journal = Sqlite::open(directory.file()).unwrap();
    let waiting: Vec<_> = (0..20)
        .map(|n| {
            let mut trustline = Trustline::new(story::config(AUTHORITIES[0]));
            let effects = story::some(&mut trustline, n, 5);
            super::send(&journal, &n.to_string(), effects, &trustline)
        })
        .collect();
    drop(journal);
    assert_eq!(count(&directory.file(), "effects"), 100);
    for waiter in waiting {
        waiter.wait().unwrap();
    }
}
