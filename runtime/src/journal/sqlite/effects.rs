//! The table of effects: every fact of every ledger, for as long as they are kept.

use bytes::Bytes;
use rusqlite::{Connection, Row, params};
use trustline_core::ledger::{Bounds, Direction, Effect, Fact, Party, Position, Transfer};
use trustline_core::{Condition, Fulfillment, LedgerId, Timestamp, TransferId};

use super::columns::{Column, get, get_option, nonsense};
use super::rows::Insert;

const INSERT: Insert = Insert {
    into: "INSERT INTO raw_effects (account, sequence, at, kind, transfer, direction, amount, condition, expires_at, fulfillment,
        party, protocol_data, minimum, maximum, ledger, opening, ledger_sequence)",
    columns: 17,
};

/// Adds rows.
pub(super) fn insert(connection: &Connection, account: i64, effects: &[Effect]) -> rusqlite::Result<()> {
    let nothing = Bytes::new();
    INSERT.all(connection, effects, |effect, row| {
        let columns = columns(&effect.fact);
        row.bind(account)?;
        row.bind(Column(effect.sequence))?;
        row.bind(Column(effect.at))?;
        row.bind(columns.kind)?;
        row.bind(columns.transfer.map(Column))?;
        row.bind(columns.direction.map(Column))?;
        row.bind(columns.amount.map(Column))?;
        row.bind(columns.condition.map(Column))?;
        row.bind(columns.expires_at.map(Column))?;
        row.bind(columns.fulfillment.map(Column))?;
        row.bind(columns.party.map(Column))?;
        row.bind(Column(columns.protocol_data.unwrap_or(&nothing)))?;
        row.bind(columns.bounds.map(|bounds| Column(bounds.minimum)))?;
        row.bind(columns.bounds.map(|bounds| Column(bounds.maximum)))?;
        row.bind(columns.ledger.map(Column))?;
        row.bind(columns.opening.map(Column))?;
        row.bind(columns.ledger_sequence.map(Column))
    })
}

/// The effects of an account after the one with number `after`, in order, `most` at once.
pub(super) fn read(connection: &Connection, account: i64, after: u64, most: usize) -> rusqlite::Result<Vec<Effect>> {
    let mut statement = connection.prepare_cached(
        "SELECT sequence, at, kind, transfer, direction, amount, condition, expires_at, fulfillment, party, protocol_data, minimum,
            maximum, ledger, opening, ledger_sequence
        FROM raw_effects WHERE account = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![account, Column(after), most], |row| {
        Ok(Effect { sequence: get(row, 0)?, at: get(row, 1)?, fact: fact(row)? })
    })?;
    rows.collect()
}

/// Deletes the oldest effects of an account, while they are from before `cutoff`, and at most `most` of them. Says how
/// many, and when the next one may go: never, while there is none.
pub(super) fn trim(connection: &Connection, account: i64, cutoff: Timestamp, most: usize) -> rusqlite::Result<(usize, Timestamp)> {
    let mut oldest = connection.prepare_cached("SELECT sequence, at FROM raw_effects WHERE account = ?1 ORDER BY sequence LIMIT ?2")?;
    let mut rows = oldest.query(params![account, i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1)])?;
    let (mut last, mut count, mut next) = (None, 0, Timestamp::MAX);
    while let Some(row) = rows.next()? {
        let at: Timestamp = get(row, 1)?;
        if at >= cutoff || count == most {
            next = at;
            break;
        }
        last = Some(row.get::<_, i64>(0)?);
        count += 1;
    }
    drop(rows);
    if let Some(last) = last {
        connection.prepare_cached("DELETE FROM raw_effects WHERE account = ?1 AND sequence <= ?2")?.execute(params![account, last])?;
    }
    Ok((count, next))
}

/// What a fact says, column by column.
#[derive(Default)]
struct Columns<'a> {
    kind: i64,
    transfer: Option<TransferId>,
    direction: Option<Direction>,
    amount: Option<u64>,
    condition: Option<Condition>,
    expires_at: Option<Timestamp>,
    fulfillment: Option<Fulfillment>,
    party: Option<Party>,
    protocol_data: Option<&'a Bytes>,
    bounds: Option<Bounds>,
    ledger: Option<LedgerId>,
    opening: Option<LedgerId>,
    ledger_sequence: Option<u64>,
}

const PREPARED: i64 = 1;
const FULFILLING: i64 = 2;
const FULFILLED: i64 = 3;
const REJECTED: i64 = 4;
const REFUSED: i64 = 5;
const EXPIRED: i64 = 6;
const ACKNOWLEDGED: i64 = 7;
const TRANSFERRING: i64 = 8;
const TRANSFERRED: i64 = 9;
const BOUNDS_CHANGED: i64 = 10;
const OPENED: i64 = 11;
const PEER_SEEN: i64 = 12;
const UNNAMED_PEER_SEEN: i64 = 13;

fn columns(fact: &Fact) -> Columns<'_> {
    let about = |kind, id: &TransferId| Columns { kind, transfer: Some(*id), ..Columns::default() };
    match fact {
        Fact::Prepared { direction, transfer } => Columns {
            direction: Some(*direction),
            amount: Some(transfer.amount),
            condition: Some(transfer.condition),
            expires_at: Some(transfer.expires_at),
            protocol_data: Some(&transfer.protocol_data),
            ..about(PREPARED, &transfer.id)
        },
        Fact::Fulfilling { id, fulfillment, protocol_data } => {
            Columns { fulfillment: Some(*fulfillment), protocol_data: Some(protocol_data), ..about(FULFILLING, id) }
        }
        Fact::Fulfilled { id, fulfillment, protocol_data } => {
            Columns { fulfillment: Some(*fulfillment), protocol_data: Some(protocol_data), ..about(FULFILLED, id) }
        }
        Fact::Rejected { id, by, protocol_data } => Columns { party: Some(*by), protocol_data: Some(protocol_data), ..about(REJECTED, id) },
        Fact::Refused { id } => about(REFUSED, id),
        Fact::Expired { id } => about(EXPIRED, id),
        Fact::Acknowledged { id } => about(ACKNOWLEDGED, id),
        Fact::Transferring { id, amount, protocol_data } => {
            Columns { amount: Some(*amount), protocol_data: Some(protocol_data), ..about(TRANSFERRING, id) }
        }
        Fact::Transferred { direction, id, amount, protocol_data } => Columns {
            kind: TRANSFERRED,
            transfer: *id,
            direction: Some(*direction),
            amount: Some(*amount),
            protocol_data: Some(protocol_data),
            ..Columns::default()
        },
        Fact::BoundsChanged { bounds } => Columns { kind: BOUNDS_CHANGED, bounds: Some(*bounds), ..Columns::default() },
        Fact::Opened { id } => Columns { kind: OPENED, opening: Some(*id), ..Columns::default() },
        Fact::PeerSeen { position } => Columns {
            kind: PEER_SEEN,
            ledger: Some(position.ledger),
            opening: Some(position.opening),
            ledger_sequence: Some(position.sequence),
            ..Columns::default()
        },
        Fact::UnnamedPeerSeen => Columns { kind: UNNAMED_PEER_SEEN, ..Columns::default() },
    }
}

/// The columns as [`read`] selects them.
fn fact(row: &Row<'_>) -> rusqlite::Result<Fact> {
    let id = || get::<TransferId>(row, 3);
    let direction = || get::<Direction>(row, 4);
    let amount = || get::<u64>(row, 5);
    let fulfillment = || get::<Fulfillment>(row, 8);
    let protocol_data = || get::<Bytes>(row, 10);
    Ok(match row.get::<_, i64>(2)? {
        PREPARED => {
            let (condition, expires_at) = (get(row, 6)?, get(row, 7)?);
            let transfer = Transfer { id: id()?, amount: amount()?, condition, expires_at, protocol_data: protocol_data()? };
            Fact::Prepared { direction: direction()?, transfer: transfer.into() }
        }
        FULFILLING => Fact::Fulfilling { id: id()?, fulfillment: fulfillment()?, protocol_data: protocol_data()? },
        FULFILLED => Fact::Fulfilled { id: id()?, fulfillment: fulfillment()?, protocol_data: protocol_data()? },
        REJECTED => Fact::Rejected { id: id()?, by: get(row, 9)?, protocol_data: protocol_data()? },
        REFUSED => Fact::Refused { id: id()? },
        EXPIRED => Fact::Expired { id: id()? },
        ACKNOWLEDGED => Fact::Acknowledged { id: id()? },
        TRANSFERRING => Fact::Transferring { id: id()?, amount: amount()?, protocol_data: protocol_data()? },
        TRANSFERRED => {
            Fact::Transferred { direction: direction()?, id: get_option(row, 3)?, amount: amount()?, protocol_data: protocol_data()? }
        }
        BOUNDS_CHANGED => Fact::BoundsChanged { bounds: Bounds { minimum: get(row, 11)?, maximum: get(row, 12)? } },
        OPENED => Fact::Opened { id: get(row, 14)? },
        PEER_SEEN => Fact::PeerSeen { position: Position { ledger: get(row, 13)?, opening: get(row, 14)?, sequence: get(row, 15)? } },
        UNNAMED_PEER_SEEN => Fact::UnnamedPeerSeen,
        _ => return Err(nonsense(2, "an effect of an unknown kind")),
    })
}
