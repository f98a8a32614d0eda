//! The table of accounts: what each comes to, after its last effect.

use rusqlite::{Connection, OptionalExtension, Row, params};
use trustline_core::ledger::{Authority, Bounds, Sums};
use trustline_core::{LedgerId, Timestamp};

use super::columns::{Column, get, get_option};

/// A row without its key.
#[derive(Clone, Debug)]
pub(super) struct Totals {
    pub(super) authority: Authority,
    /// Of the last effect.
    pub(super) sequence: u64,
    /// The greatest time of an effect.
    pub(super) latest: Timestamp,
    pub(super) bounds: Bounds,
    pub(super) sums: Sums,
    /// The two parts of a [`Lineage`](trustline_core::ledger::Lineage) that have no table of their own.
    pub(super) ledger: Option<LedgerId>,
    pub(super) others: bool,
}

/// The account's key and row.
pub(super) fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<(i64, Totals)>> {
    let sql = "SELECT id, authority, sequence, latest, minimum, maximum, incoming_posted, incoming_pending, outgoing_posted,
            outgoing_pending, ledger, others
        FROM raw_accounts WHERE name = ?1";
    connection.prepare_cached(sql)?.query_row([name], |row| Ok((row.get(0)?, totals(row)?))).optional()
}

/// Names, in order.
pub(super) fn names(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection.prepare_cached("SELECT name FROM raw_accounts ORDER BY name")?.query_map([], |row| row.get(0))?.collect()
}

/// The next accounts by their keys, each with the greatest time of its effects.
pub(super) fn after(connection: &Connection, id: i64, most: usize) -> rusqlite::Result<Vec<(i64, Timestamp)>> {
    let sql = "SELECT id, latest FROM raw_accounts WHERE id > ?1 ORDER BY id LIMIT ?2";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    connection.prepare_cached(sql)?.query_map([id, most], |row| Ok((row.get(0)?, get(row, 1)?)))?.collect()
}

/// Writes the account's row, and returns its key.
pub(super) fn put(connection: &Connection, name: &str, totals: &Totals) -> rusqlite::Result<i64> {
    let sql = "INSERT INTO raw_accounts (name, authority, sequence, latest, balance, minimum, maximum, incoming_posted,
            incoming_pending, outgoing_posted, outgoing_pending, ledger, others)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET authority = excluded.authority, sequence = excluded.sequence, latest = excluded.latest,
            balance = excluded.balance, minimum = excluded.minimum, maximum = excluded.maximum,
            incoming_posted = excluded.incoming_posted, incoming_pending = excluded.incoming_pending,
            outgoing_posted = excluded.outgoing_posted, outgoing_pending = excluded.outgoing_pending,
            ledger = excluded.ledger, others = excluded.others
        RETURNING id";
    let Totals { authority, sequence, latest, bounds, sums, ledger, others } = totals;
    let row = params![
        name,
        Column(*authority),
        Column(*sequence),
        Column(*latest),
        Column(sums.balance()),
        Column(bounds.minimum),
        Column(bounds.maximum),
        Column(sums.incoming_posted),
        Column(sums.incoming_pending),
        Column(sums.outgoing_posted),
        Column(sums.outgoing_pending),
        ledger.map(Column),
        others,
    ];
    connection.prepare_cached(sql)?.query_row(row, |row| row.get(0))
}

/// The columns as [`find`] selects them.
fn totals(row: &Row<'_>) -> rusqlite::Result<Totals> {
    Ok(Totals {
        authority: get(row, 1)?,
        sequence: get(row, 2)?,
        latest: get(row, 3)?,
        bounds: Bounds { minimum: get(row, 4)?, maximum: get(row, 5)? },
        sums: Sums {
            incoming_posted: get(row, 6)?,
            incoming_pending: get(row, 7)?,
            outgoing_posted: get(row, 8)?,
            outgoing_pending: get(row, 9)?,
        },
        ledger: get_option(row, 10)?,
        others: row.get(11)?,
    })
}
