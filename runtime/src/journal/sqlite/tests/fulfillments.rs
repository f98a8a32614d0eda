//! Files from when a finished transfer had a digest of its fulfillment.

use std::path::Path;

use rusqlite::Connection;
use trustline_core::ledger::Outcome;
use trustline_core::{Fulfillment, TransferId};

use super::super::schema::{APPLICATION, version_1};
use super::{Directory, look};
use crate::Sqlite;
use crate::journal::Journal;

/// Transfers 1 to 5 of alice are finished. The effects of 2 are gone; 5 has the id of one that is forgotten.
const ROWS: &str = "
INSERT INTO raw_accounts VALUES (1, 'alice', 0, 13, 0, '0', '-10', '10', '0', '0', '0', '0');
INSERT INTO raw_accounts VALUES (2, 'bob', 0, 2, 0, '0', '-10', '10', '0', '0', '0', '0');
INSERT INTO raw_effects (account, sequence, at, kind, transfer, fulfillment) VALUES
    (1, 7, 0, 3, x'00000000000000000000000000000001', x'0101010101010101010101010101010101010101010101010101010101010101'),
    (1, 8, 0, 4, x'00000000000000000000000000000003', NULL),
    (1, 9, 0, 9, x'00000000000000000000000000000004', NULL),
    (1, 10, 0, 3, x'00000000000000000000000000000005', x'0505050505050505050505050505050505050505050505050505050505050505'),
    (1, 13, 0, 3, x'00000000000000000000000000000005', x'0606060606060606060606060606060606060606060606060606060606060606'),
    (2, 2, 0, 3, x'00000000000000000000000000000001', x'0707070707070707070707070707070707070707070707070707070707070707');
INSERT INTO raw_finished_transfers (account, forget_at, transfer, direction, digest, fulfilled) VALUES
    (1, 1000, x'00000000000000000000000000000001', 0, -1, 12345),
    (1, 1000, x'00000000000000000000000000000002', 1, -2, -12345),
    (1, 1000, x'00000000000000000000000000000003', 0, -3, NULL),
    (1, 1000, x'00000000000000000000000000000004', 1, -4, 0),
    (1, 1000, x'00000000000000000000000000000005', 0, -5, 67890);
";

fn a_file_of_version_1(file: &Path) {
    let connection = Connection::open(file).unwrap();
    connection.execute_batch(&(version_1() + ROWS)).unwrap();
    connection.pragma_update(None, "application_id", APPLICATION).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
}

#[test]
fn fulfillments_come_from_the_effects_as_far_as_they_are_there() {
    let directory = Directory::new();
    a_file_of_version_1(&directory.file());
    let view = || look(&directory.file(), "SELECT account, transfer, direction, outcome, forget_at FROM finished_transfers");
    let before = view();

    let journal = Sqlite::builder(directory.file()).keep_all_effects().open().unwrap();
    let finished = journal.load("alice").unwrap().unwrap().finished;
    let outcomes: Vec<_> = finished.iter().map(|finished| (u128::from_be_bytes(*finished.id.as_bytes()), finished.outcome)).collect();
    let by = |byte: u8| Outcome::Fulfilled(Some(Fulfillment::from([byte; 32])));
    let expected = [(1, by(1)), (2, Outcome::Fulfilled(None)), (3, Outcome::RolledBack), (4, Outcome::Transferred), (5, by(6))];
    assert_eq!(outcomes, expected);
    assert_eq!(finished[4].id, TransferId::from(5_u128.to_be_bytes()));
    assert_eq!(finished[4].digest, u64::MAX - 4);

    assert_eq!(before, view(), "the view says what it said");
    drop(journal);
    Sqlite::open(directory.file()).unwrap();
}
