//! The table of open transfers: each as it stands, with all that is needed to go on with it.

use bytes::Bytes;
use rusqlite::{Connection, Row, params};
use trustline_core::TransferId;
use trustline_core::ledger::{OpenTransfer, State, Terms, Transfer};

use super::columns::{Column, get, get_option, nonsense};
use super::rows::Insert;

const PUT: Insert = Insert {
    into: "INSERT OR REPLACE INTO raw_open_transfers (account, transfer, direction, amount, condition, expires_at, protocol_data,
        state, sequence, since, fulfillment, answer)",
    columns: 12,
};

/// Writes rows, new ones and such as are there.
pub(super) fn put(connection: &Connection, account: i64, open: &[(TransferId, OpenTransfer)]) -> rusqlite::Result<()> {
    let nothing = Bytes::new();
    PUT.all(connection, open, |(id, open), row| {
        let (condition, expires_at, protocol_data) = match &open.terms {
            Terms::Conditional(transfer) => (Some(transfer.condition), Some(transfer.expires_at), &transfer.protocol_data),
            Terms::Unconditional { protocol_data, .. } => (None, None, protocol_data),
        };
        let (state, fulfillment, answer) = match &open.state {
            State::Prepared => (PREPARED, None, None),
            State::Fulfilling { fulfillment, protocol_data } => (FULFILLING, Some(*fulfillment), Some(protocol_data)),
            State::Transferring => (TRANSFERRING, None, None),
            State::FulfillOwed { fulfillment, protocol_data } => (FULFILL_OWED, Some(*fulfillment), Some(protocol_data)),
            State::RejectOwed { protocol_data } => (REJECT_OWED, None, Some(protocol_data)),
            State::ExpiryOwed => (EXPIRY_OWED, None, None),
        };
        row.bind(account)?;
        row.bind(Column(*id))?;
        row.bind(Column(open.direction))?;
        row.bind(Column(open.terms.amount()))?;
        row.bind(condition.map(Column))?;
        row.bind(expires_at.map(Column))?;
        row.bind(Column(protocol_data))?;
        row.bind(state)?;
        row.bind(Column(open.sequence))?;
        row.bind(Column(open.since))?;
        row.bind(fulfillment.map(Column))?;
        row.bind(Column(answer.unwrap_or(&nothing)))
    })
}

/// Deletes rows.
pub(super) fn delete(connection: &Connection, account: i64, closed: &[TransferId]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("DELETE FROM raw_open_transfers WHERE account = ?1 AND transfer = ?2")?;
    for id in closed {
        statement.execute(params![account, Column(*id)])?;
    }
    Ok(())
}

/// Those of an account, in the order in which they came into their present state.
pub(super) fn read(connection: &Connection, account: i64) -> rusqlite::Result<Vec<(TransferId, OpenTransfer)>> {
    let mut statement = connection.prepare_cached(
        "SELECT transfer, direction, amount, condition, expires_at, protocol_data, state, sequence, since, fulfillment, answer
        FROM raw_open_transfers WHERE account = ?1 ORDER BY sequence",
    )?;
    statement.query_map([account], open_transfer)?.collect()
}

const PREPARED: i64 = 0;
const FULFILLING: i64 = 1;
const TRANSFERRING: i64 = 2;
const FULFILL_OWED: i64 = 3;
const REJECT_OWED: i64 = 4;
const EXPIRY_OWED: i64 = 5;

/// The columns as [`read`] selects them.
fn open_transfer(row: &Row<'_>) -> rusqlite::Result<(TransferId, OpenTransfer)> {
    let (id, amount, protocol_data) = (get(row, 0)?, get(row, 2)?, get(row, 5)?);
    let terms = match (get_option(row, 3)?, get_option(row, 4)?) {
        (Some(condition), Some(expires_at)) => Terms::Conditional(Transfer { id, amount, condition, expires_at, protocol_data }.into()),
        (None, None) => Terms::Unconditional { id, amount, protocol_data },
        _ => return Err(nonsense(3, "a condition without an expiry")),
    };
    let state = match row.get::<_, i64>(6)? {
        PREPARED => State::Prepared,
        FULFILLING => State::Fulfilling { fulfillment: get(row, 9)?, protocol_data: get(row, 10)? },
        TRANSFERRING => State::Transferring,
        FULFILL_OWED => State::FulfillOwed { fulfillment: get(row, 9)?, protocol_data: get(row, 10)? },
        REJECT_OWED => State::RejectOwed { protocol_data: get(row, 10)? },
        EXPIRY_OWED => State::ExpiryOwed,
        _ => return Err(nonsense(6, "an unknown state")),
    };
    let open = OpenTransfer { direction: get(row, 1)?, terms, state, sequence: get(row, 7)?, since: get(row, 8)? };
    Ok((id, open))
}
