//! Files of earlier versions.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use trustline_core::ledger::{Authority, Bounds, Effect, Position, Trustline, TrustlineConfig};
use trustline_core::{Fulfillment, LedgerId, TransferId};

use super::reading::{NOW, transfer};
use super::story::AUTHORITIES;
use super::{Directory, append, look};
use crate::Sqlite;
use crate::journal::Journal;

/// A file as version 1 left it, as SQLite's shell dumps it. In it is [`a_life`] of each authority.
const VERSION_1: &str = include_str!("version_1.sql");

const ACCOUNTS: [&str; 3] = ["ours", "theirs", "shared"];

fn restore(file: &Path) {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.execute_batch(VERSION_1).unwrap();
    connection.pragma_update(None, "application_id", super::super::schema::APPLICATION).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
}

/// Most of what a file can hold.
fn a_life(authority: Authority) -> (Trustline, Vec<Effect>) {
    let id = |name: u8| TransferId::from([name; 16]);
    let none = Bytes::new;
    let late = NOW.saturating_add(Duration::from_secs(60));
    let mut trustline = Trustline::new(TrustlineConfig::new(authority));
    let effects = [
        trustline.set_bounds(Bounds { minimum: -1000, maximum: i128::MAX }, NOW),
        trustline.receive_prepare(transfer(0x11, 10), NOW).unwrap(),
        trustline.fulfill(id(0x11), Fulfillment::from([0x11; 32]), none(), NOW).ok(),
        trustline.prepare(transfer(0x22, 20), NOW).ok(),
        trustline.receive_fulfill(id(0x22), Fulfillment::from([0x22; 32]), none(), NOW).unwrap(),
        trustline.receive_prepare(transfer(0x33, u64::MAX), NOW).unwrap(),
        trustline.reject(id(0x33), none(), NOW).ok(),
        trustline.transfer(id(0x44), 40, none(), NOW).ok(),
        trustline.receive_transfer(Some(id(0x55)), 50, none(), NOW).unwrap(),
        trustline.prepare(transfer(0x66, 60), NOW).ok(),
        trustline.expire(id(0x66), late),
        trustline.receive_prepare(transfer(0x77, 70), NOW).unwrap(),
    ];
    (trustline, effects.into_iter().flatten().collect())
}

#[test]
fn a_file_of_version_1_is_what_it_was_and_goes_on() {
    let directory = Directory::new();
    restore(&directory.file());
    // With the columns that they had then: views only grow.
    let then = ["* FROM balances", "* FROM open_transfers", "account, transfer, direction, outcome, forget_at FROM finished_transfers"];
    let views = || then.map(|rows| look(&directory.file(), &format!("SELECT {rows}")));
    let before = views();
    let journal = Sqlite::builder(directory.file()).keep_all_effects().open().unwrap();
    for (name, authority) in ACCOUNTS.into_iter().zip(AUTHORITIES) {
        let (mut trustline, effects) = a_life(authority);
        assert_eq!(journal.load(name).unwrap(), Some(trustline.snapshot()));
        assert_eq!(journal.effects(name, 0, 100).unwrap(), effects);

        let [ours, theirs] = [1, 2].map(|name| LedgerId::from([name; 16]));
        let position = Position { ledger: theirs, opening: ours, sequence: u64::MAX };
        let later = [trustline.open(ours, NOW), trustline.see_peer(position, NOW)].into_iter().flatten().collect::<Vec<_>>();
        append(&journal, name, later.clone(), &trustline).unwrap();
        assert!(trustline.lineage().others, "there was money before there was a name");
        assert_eq!(journal.load(name).unwrap(), Some(trustline.snapshot()));
        assert_eq!(journal.effects(name, 12, 100).unwrap(), later);
    }
    assert_eq!(before, views(), "the views speak as before");
    drop(journal);
    Sqlite::open(directory.file()).unwrap();
}

#[test]
fn a_file_that_is_brought_up_to_date_has_the_tables_of_a_new_one() {
    let [old, new] = [Directory::new(), Directory::new()];
    restore(&old.file());
    for directory in [&old, &new] {
        Sqlite::open(directory.file()).unwrap();
    }
    let schema = |directory: &Directory| look(&directory.file(), "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name");
    assert_eq!(schema(&old), schema(&new));
}
