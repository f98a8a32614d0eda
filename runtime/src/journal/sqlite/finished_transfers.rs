//! The table of finished transfers that are remembered, so that a repeat of their messages moves no money.
//!
//! A trustline forgets with its effects: one that was decided at or after a transfer's time to be forgotten. So a row
//! counts while its time is later than `latest`, the greatest time of the account's effects, and may be deleted any time
//! after. The exception are transfers that finish after the clock was set back: an effect that was before them does not
//! make them forgotten, however late it was. Those rows are marked, and count until an effect of their time comes.

use rusqlite::{Connection, Row, params};
use trustline_core::ledger::{FinishedTransfer, Outcome, Transfer};
use trustline_core::{Fulfillment, Timestamp};

use super::columns::{Column, get, get_option, nonsense};
use super::rows::Insert;

const PUT: Insert = Insert {
    into: "INSERT OR REPLACE INTO raw_finished_transfers (account, forget_at, transfer, direction, digest, outcome, fulfillment,
        set_back, amount, condition, expires_at, protocol_data)",
    columns: 12,
};

/// Writes rows, new ones and such as are there.
pub(super) fn put(connection: &Connection, account: i64, latest: Timestamp, finished: &[FinishedTransfer]) -> rusqlite::Result<()> {
    PUT.all(connection, finished, |finished, row| {
        let lapsed = finished.lapsed.as_ref();
        row.bind(account)?;
        row.bind(Column(finished.forget_at))?;
        row.bind(Column(finished.id))?;
        row.bind(Column(finished.direction))?;
        row.bind(Column(finished.digest))?;
        let (outcome, fulfillment) = outcome_columns(finished.outcome);
        row.bind(outcome)?;
        row.bind(fulfillment.map(Column))?;
        row.bind(is_set_back(finished, latest).then_some(1))?;
        row.bind(lapsed.map(|transfer| Column(transfer.amount)))?;
        row.bind(lapsed.map(|transfer| Column(transfer.condition)))?;
        row.bind(lapsed.map(|transfer| Column(transfer.expires_at)))?;
        row.bind(lapsed.map(|transfer| Column(&transfer.protocol_data)))
    })
}

/// Whether a transfer is remembered although an effect has come to its time to be forgotten.
pub(super) fn is_set_back(finished: &FinishedTransfer, latest: Timestamp) -> bool {
    finished.forget_at <= latest
}

/// Whether there are rows that [`forget_set_back`] would have to look at.
pub(super) fn any_set_back(connection: &Connection, account: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM raw_finished_transfers WHERE account = ?1 AND set_back = 1)";
    connection.prepare_cached(sql)?.query_row([account], |row| row.get(0))
}

/// An effect was decided at `at`, after those that are marked had finished.
pub(super) fn forget_set_back(connection: &Connection, account: i64, at: Timestamp) -> rusqlite::Result<()> {
    let sql = "DELETE FROM raw_finished_transfers WHERE account = ?1 AND set_back = 1 AND forget_at <= ?2";
    connection.prepare_cached(sql)?.execute(params![account, Column(at)])?;
    Ok(())
}

/// Those of an account that are remembered, in the order in which they are forgotten, which is that of the table.
pub(super) fn read(connection: &Connection, account: i64, latest: Timestamp) -> rusqlite::Result<Vec<FinishedTransfer>> {
    const COLUMNS: &str = "SELECT transfer, direction, digest, outcome, fulfillment, forget_at, condition, amount, expires_at,
            protocol_data
        FROM raw_finished_transfers WHERE account = ?1 AND";
    let mut finished = Vec::new();
    for of_these in ["set_back = 1 AND forget_at <= ?2", "forget_at > ?2"] {
        let mut statement = connection.prepare_cached(&format!("{COLUMNS} {of_these} ORDER BY forget_at, transfer"))?;
        for row in statement.query_map(params![account, Column(latest)], finished_transfer)? {
            finished.push(row?);
        }
    }
    Ok(finished)
}

/// Deletes those of an account that were forgotten first, up to `until`, and at most `most` of them. Says how many, and
/// when the next one may go: never, while there is none.
pub(super) fn trim(connection: &Connection, account: i64, until: Timestamp, most: usize) -> rusqlite::Result<(usize, Timestamp)> {
    let mut oldest = connection.prepare_cached(
        "SELECT forget_at, transfer FROM raw_finished_transfers WHERE account = ?1 AND set_back IS NULL ORDER BY forget_at, transfer LIMIT ?2",
    )?;
    let mut rows = oldest.query(params![account, i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1)])?;
    let (mut last, mut count, mut next) = (None, 0, Timestamp::MAX);
    while let Some(row) = rows.next()? {
        let forget_at: Timestamp = get(row, 0)?;
        if forget_at > until || count == most {
            next = forget_at;
            break;
        }
        last = Some((forget_at, row.get::<_, [u8; 16]>(1)?));
        count += 1;
    }
    drop(rows);
    if let Some((forget_at, transfer)) = last {
        // Many may have the same time: the id bounds the step.
        let sql = "DELETE FROM raw_finished_transfers
            WHERE account = ?1 AND (forget_at, transfer) <= (?2, ?3) AND set_back IS NULL";
        connection.prepare_cached(sql)?.execute(params![account, Column(forget_at), transfer])?;
    }
    Ok((count, next))
}

/// The columns as [`read`] selects them.
fn finished_transfer(row: &Row<'_>) -> rusqlite::Result<FinishedTransfer> {
    let id = get(row, 0)?;
    let lapsed = match get_option(row, 6)? {
        Some(condition) => {
            let (amount, expires_at, protocol_data) = (get(row, 7)?, get(row, 8)?, get(row, 9)?);
            Some(Transfer { id, amount, condition, expires_at, protocol_data }.into())
        }
        None => None,
    };
    Ok(FinishedTransfer {
        id,
        direction: get(row, 1)?,
        digest: get(row, 2)?,
        outcome: match row.get(3)? {
            ROLLED_BACK => Outcome::RolledBack,
            FULFILLED => Outcome::Fulfilled(get_option(row, 4)?),
            TRANSFERRED => Outcome::Transferred,
            _ => return Err(nonsense(3, "an outcome that is not known")),
        },
        forget_at: get(row, 5)?,
        lapsed,
    })
}

const ROLLED_BACK: i64 = 0;
const FULFILLED: i64 = 1;
const TRANSFERRED: i64 = 2;

fn outcome_columns(outcome: Outcome) -> (i64, Option<Fulfillment>) {
    match outcome {
        Outcome::RolledBack => (ROLLED_BACK, None),
        Outcome::Fulfilled(fulfillment) => (FULFILLED, fulfillment),
        Outcome::Transferred => (TRANSFERRED, None),
    }
}
