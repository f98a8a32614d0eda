//! Crashes: what is there afterwards is what was there after some group, and everything that was said to be durable.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use trustline_core::ledger::{Authority, Trustline};

use super::story;
use super::{Directory, PATIENCE, append, send};
use crate::journal::Journal;
use crate::{JournalError, Sqlite};

const FILE: &str = "TRUSTLINE_TEST_LEDGER";
const SEED: u64 = 11;
const AUTHORITY: Authority = Authority::Theirs;
/// Sizes of batches, and so the places where a group can end.
const BATCH: usize = 7;

fn resume(journal: &Sqlite, account: &str) -> Trustline {
    match journal.load(account).unwrap() {
        Some(snapshot) => Trustline::from_snapshot(story::config(AUTHORITY), snapshot),
        None => Trustline::new(story::config(AUTHORITY)),
    }
}

/// Not a test, but the process that is killed: two accounts, whose groups are committed as fast as they come. It tells
/// what is durable.
#[test]
#[ignore = "started by a_killed_process_loses_nothing"]
fn victim() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let journal = Sqlite::builder(file).keep_effects_for(Duration::from_secs(300)).open().unwrap();
    let mut trustlines = ["a", "b"].map(|name| (name, resume(&journal, name)));
    loop {
        let waiting: Vec<_> = trustlines
            .iter_mut()
            .map(|(name, trustline)| {
                let effects = story::some(trustline, SEED, BATCH);
                (*name, trustline.sequence(), send(&journal, name, effects, trustline))
            })
            .collect();
        for (name, sequence, waiter) in waiting {
            waiter.wait().unwrap();
            println!("durable {name} {sequence}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_killed_process_loses_nothing() {
    let directory = Directory::new();
    let mut rng = fastrand::Rng::with_seed(SEED);
    let mut lived = [(); 2].map(|()| story::again(AUTHORITY, SEED, 0));
    for _ in 0..12 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "journal::sqlite::tests::crashing::victim", "--ignored", "--nocapture"])
            .env(FILE, directory.file())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(victim.stdout.take().unwrap());
        let (begin, begun) = std::sync::mpsc::channel();
        let reading = std::thread::spawn(move || {
            let mut durable = [0, 0];
            for line in output.lines().map_while(Result::ok) {
                let mut words = line.split_ascii_whitespace().skip_while(|word| *word != "durable").skip(1);
                if let (Some(name), Some(sequence)) = (words.next(), words.next()) {
                    durable[usize::from(name == "b")] = sequence.parse().unwrap();
                    let _ = begin.send(());
                }
            }
            durable
        });
        begun.recv_timeout(PATIENCE).expect("it writes");
        let file = directory.file().canonicalize().unwrap();
        let refused = Sqlite::open(directory.file()).map(drop).unwrap_err();
        assert_eq!(refused, JournalError::InUse { file, process: Some(victim.id()) }, "it has one owner");
        std::thread::sleep(Duration::from_micros(rng.u64(0..100_000)));
        victim.kill().unwrap();
        victim.wait().unwrap();
        let durable = reading.join().unwrap();

        let journal = Sqlite::open(directory.file()).unwrap();
        for ((name, durable), lived) in ["a", "b"].into_iter().zip(durable).zip(&mut lived) {
            let found = resume(&journal, name);
            assert!(found.sequence() >= durable.max(lived.sequence()), "{name}: {} is there, {durable} was durable", found.sequence());
            assert!(found.sequence().is_multiple_of(BATCH as u64), "a whole number of batches");
            while lived.sequence() < found.sequence() {
                story::next(lived, SEED);
            }
            assert_eq!(found.snapshot(), lived.snapshot(), "it is what it was then");
        }
    }
}

fn copy(from: &Directory, to: &Directory) {
    for name in ["ledger.db", "ledger.db-wal"] {
        std::fs::copy(from.0.join(name), to.0.join(name)).unwrap();
    }
}

/// What a disk holds when the power goes: the log as far as it was written, with a torn end.
#[test]
fn any_part_of_the_log_is_a_prefix() {
    let directory = Directory::new();
    let journal = Sqlite::open(directory.file()).unwrap();
    let mut trustline = Trustline::new(story::config(AUTHORITY));
    for _ in 0..40 {
        let effects = story::some(&mut trustline, SEED, BATCH);
        append(&journal, "a", effects, &trustline).unwrap();
    }
    let crashed = Directory::new();
    copy(&directory, &crashed);
    let log = crashed.0.join("ledger.db-wal");
    let whole = std::fs::read(&log).unwrap();
    let mut rng = fastrand::Rng::with_seed(SEED);
    let mut last = u64::MAX;
    let mut length = whole.len();
    while length > 0 {
        let mut torn = whole[..length].to_vec();
        // The last page that was being written is half old and half new.
        let end = torn.len();
        torn[end.saturating_sub(rng.usize(1..2000))..].fill(0x5a);
        std::fs::write(&log, torn).unwrap();
        let found = loaded(&crashed.file());
        assert!(found.sequence() <= last);
        last = found.sequence();
        let _ = std::fs::remove_file(&log);
        copy(&directory, &crashed);
        length = length.saturating_sub(rng.usize(1..20_000));
    }
    assert!(last < 20, "the beginning of the log was tried too");
}

/// The same from a copy of the files that is made while they are written.
#[test]
fn a_copy_made_while_it_runs_is_a_prefix() {
    let directory = Directory::new();
    let journal = Sqlite::open(directory.file()).unwrap();
    let mut trustline = Trustline::new(story::config(AUTHORITY));
    let mut step = |count: usize| {
        let mut waiting = Vec::new();
        for _ in 0..count {
            let effects = story::some(&mut trustline, SEED, BATCH);
            waiting.push(send(&journal, "a", effects, &trustline));
            waiting.last().unwrap().wait().unwrap();
        }
        trustline.sequence()
    };
    let mut least = step(1);
    for _ in 0..20 {
        let crashed = Directory::new();
        std::thread::scope(|scope| {
            let copying = scope.spawn(|| copy(&directory, &crashed));
            let now = step(3);
            copying.join().unwrap();
            let found = loaded(&crashed.file());
            assert!((least..=now).contains(&found.sequence()), "between {least} and {now}, not {}", found.sequence());
            least = now;
        });
    }
}

/// Opens a file after a crash, and checks that it holds a whole number of groups.
fn loaded(file: &Path) -> Trustline {
    let journal = Sqlite::open(file).unwrap();
    let found = resume(&journal, "a");
    assert!(found.sequence().is_multiple_of(BATCH as u64), "a whole number of batches");
    assert_eq!(found.snapshot(), story::again(AUTHORITY, SEED, found.sequence()).snapshot(), "it is what it was then");
    found
}
