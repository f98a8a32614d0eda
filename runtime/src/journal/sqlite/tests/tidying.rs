//! The file stops growing.

use std::time::Duration;

use trustline_core::ledger::{Authority, Trustline};

use super::story;
use super::{Directory, append, count, look};
use crate::Sqlite;
use crate::journal::Journal;

/// A life of 10,000 effects, 1,000 seconds of the ledger's time.
#[test]
fn what_is_forgotten_goes_and_makes_room() {
    let directory = Directory::new();
    let file = directory.file();
    let keep = Duration::from_secs(60);
    let journal = Sqlite::builder(&file).keep_effects_for(keep).open().unwrap();
    let mut trustline = Trustline::new(story::config(Authority::Ours));
    let mut pages = Vec::new();
    for _ in 0..200 {
        let effects = story::some(&mut trustline, 5, 50);
        append(&journal, "alice", effects, &trustline).unwrap();
        let snapshot = journal.load("alice").unwrap().unwrap();
        assert_eq!(snapshot, trustline.snapshot(), "what goes is not missed");
        let pages_now: usize = look(&file, "SELECT page_count FROM pragma_page_count")[0].parse().unwrap();
        pages.push(pages_now);
        let rows = count(&file, "raw_finished_transfers");
        assert!(rows <= snapshot.finished.len(), "{rows} rows for {} that are remembered", snapshot.finished.len());
    }
    let most = |pages: &[usize]| pages.iter().max().copied().unwrap_or(0);
    assert!(most(&pages[100..]) * 10 <= most(&pages[..100]) * 11, "it stopped growing: {pages:?}");
    // 60 seconds of the ledger's time are 600 effects, more or less because the clock was set back.
    let kept = count(&file, "effects");
    assert!((500..1000).contains(&kept), "{kept} effects are kept");
    let first: u64 = look(&file, "SELECT min(sequence) FROM effects")[0].parse().unwrap();
    assert_eq!(first + u64::try_from(kept).unwrap() - 1, trustline.sequence(), "the last ones, without a gap");
}

/// After a long pause there is much to forget at once, and it is not done at once.
#[test]
fn no_commit_takes_long_for_what_goes() {
    let directory = Directory::new();
    let file = directory.file();
    let journal = Sqlite::builder(&file).keep_effects_for(Duration::from_secs(10_000)).open().unwrap();
    let mut trustline = Trustline::new(story::config(Authority::Ours));
    let effects = story::some(&mut trustline, 5, 5000);
    append(&journal, "alice", effects, &trustline).unwrap();
    assert_eq!(count(&file, "effects"), 5000);
    drop(journal);

    let journal = Sqlite::builder(&file).keep_effects_for(Duration::from_secs(10)).open().unwrap();
    let mut before = count(&file, "effects");
    for _ in 0..20 {
        let effects = story::some(&mut trustline, 5, 10);
        append(&journal, "alice", effects, &trustline).unwrap();
        let after = count(&file, "effects");
        assert!(before - 50 <= after && after < before, "{before} effects became {after}");
        before = after;
    }
    assert_eq!(journal.load("alice").unwrap().unwrap(), trustline.snapshot());
}

/// Accounts to which nothing happens any more are found by the round.
#[test]
fn a_round_finds_what_is_old() {
    use rusqlite::Connection;
    use trustline_core::Timestamp;

    use crate::journal::sqlite::tidying::Tidying;

    let directory = Directory::new();
    let file = directory.file();
    let journal = Sqlite::builder(&file).keep_all_effects().open().unwrap();
    let mut latest = Timestamp::MIN;
    for n in 0..200 {
        let mut trustline = Trustline::new(story::config(Authority::Ours));
        let effects = story::some(&mut trustline, n, 20);
        latest = latest.max(effects.iter().map(|effect| effect.at).max().unwrap());
        append(&journal, &n.to_string(), effects, &trustline).unwrap();
    }
    let snapshot = journal.load("7").unwrap();
    drop(journal);

    let connection = Connection::open(&file).unwrap();
    let keep = Duration::from_secs(100);
    let mut tidying = Tidying::new(Some(keep), latest);
    let mut round = |now: Timestamp| {
        let mut steps = 0;
        while tidying.next_step() <= now {
            let before = count(&file, "effects");
            tidying.step(&connection, now, 300).unwrap();
            assert!(before - count(&file, "effects") <= 300, "a small step");
            steps += 1;
        }
        steps
    };
    assert!(round(latest.saturating_add(Duration::from_secs(61))) >= 4, "not all accounts at once");
    assert_eq!(count(&file, "effects"), 4000, "nothing is old yet");
    assert_eq!(round(latest.saturating_add(Duration::from_secs(120))), 0, "the next round is not due");
    round(latest.saturating_add(Duration::from_secs(1000)));
    assert_eq!(count(&file, "effects"), 0);
    assert_eq!(Sqlite::open(&file).unwrap().load("7").unwrap(), snapshot, "the ledgers do not need them");
}

/// A commit writes whole pages, however little of them it changes.
#[test]
fn the_log_stays_short_however_small_the_commits() {
    let directory = Directory::new();
    let journal = Sqlite::open(directory.file()).unwrap();
    let mut trustline = Trustline::new(story::config(Authority::Ours));
    for _ in 0..2000 {
        let effects = story::some(&mut trustline, 5, 1);
        append(&journal, "alice", effects, &trustline).unwrap();
    }
    let log = std::fs::metadata(directory.0.join("ledger.db-wal")).unwrap().len();
    assert!(log < 6 * 1024 * 1024, "the log has {log} bytes");
}
