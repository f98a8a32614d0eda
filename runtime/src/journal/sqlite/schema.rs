//! The tables, and the views in which people read them.
//!
//! Everything is stored as it is compared and counted: times in milliseconds, ids and hashes as bytes, states as small
//! numbers, amounts as the 64 bits they are, sums (which need more) as decimal text. The views show the same as UUIDs,
//! dates and words. Their names are the ones to use: the `raw_` tables may change with a version, the views only grow.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::failure;
use crate::journal::JournalError;

/// "TrLn": what kind of SQLite file this is, for `file(1)` and for ourselves.
pub(super) const APPLICATION: i32 = 0x5472_4c6e;

/// What makes version n of version n - 1.
const MIGRATIONS: [fn() -> String; 3] = [version_1, version_2, fulfillments];

const TABLES: &str = "
CREATE TABLE raw_accounts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    authority INTEGER NOT NULL, -- 0 ours, 1 theirs, 2 shared
    sequence INTEGER NOT NULL, -- of the last effect
    latest INTEGER NOT NULL, -- the greatest time of an effect: what is to be forgotten then, is forgotten
    balance TEXT NOT NULL,
    minimum TEXT NOT NULL,
    maximum TEXT NOT NULL,
    incoming_posted TEXT NOT NULL,
    incoming_pending TEXT NOT NULL,
    outgoing_posted TEXT NOT NULL,
    outgoing_pending TEXT NOT NULL
) STRICT;

CREATE TABLE raw_open_transfers (
    account INTEGER NOT NULL,
    transfer BLOB NOT NULL,
    direction INTEGER NOT NULL, -- 0 incoming, 1 outgoing
    amount INTEGER NOT NULL,
    condition BLOB, -- this and the expiry: NULL if it is unconditional
    expires_at INTEGER,
    protocol_data BLOB,
    state INTEGER NOT NULL, -- 0 prepared, 1 fulfilling, 2 transferring, 3 fulfill owed, 4 reject owed, 5 expiry owed
    sequence INTEGER NOT NULL, -- of the effect that brought it into this state
    since INTEGER NOT NULL,
    fulfillment BLOB,
    answer BLOB, -- the protocol data of our Fulfill or Reject
    PRIMARY KEY (account, transfer)
) STRICT, WITHOUT ROWID;

-- In the order in which they are forgotten, so that new rows come to the end and old ones go from the front.
CREATE TABLE raw_finished_transfers (
    account INTEGER NOT NULL,
    forget_at INTEGER NOT NULL,
    transfer BLOB NOT NULL,
    direction INTEGER NOT NULL,
    digest INTEGER NOT NULL,
    fulfilled INTEGER, -- a digest of the fulfillment
    set_back INTEGER, -- 1: an earlier effect was at its time to be forgotten or after, on a clock that was set back since
    amount INTEGER, -- from here on only while the host may still fulfill what we rolled back
    condition BLOB,
    expires_at INTEGER,
    protocol_data BLOB,
    PRIMARY KEY (account, forget_at, transfer)
) STRICT, WITHOUT ROWID;
CREATE INDEX raw_set_back ON raw_finished_transfers (account, forget_at) WHERE set_back = 1;

CREATE TABLE raw_effects (
    account INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL, -- in the order of the view
    transfer BLOB,
    direction INTEGER,
    amount INTEGER,
    condition BLOB,
    expires_at INTEGER,
    fulfillment BLOB,
    party INTEGER, -- who rejected it: 0 us, 1 the peer
    protocol_data BLOB,
    minimum TEXT,
    maximum TEXT,
    PRIMARY KEY (account, sequence)
) STRICT, WITHOUT ROWID;
";

pub(super) fn version_1() -> String {
    let open = format!(
        "CREATE VIEW open_transfers AS SELECT a.name AS account, {transfer}, {direction}, {amount},
            CASE t.state WHEN 0 THEN 'prepared' WHEN 1 THEN 'fulfilling' WHEN 2 THEN 'transferring'
                WHEN 3 THEN 'fulfill owed' WHEN 4 THEN 'reject owed' WHEN 5 THEN 'expiry owed' END AS state,
            {since}, {expires_at}, {condition}, {fulfillment}, {protocol_data}, {answer}, t.sequence
        FROM raw_open_transfers t JOIN raw_accounts a ON a.id = t.account;",
        transfer = uuid("transfer"),
        direction = direction(),
        amount = unsigned("amount"),
        since = time("since"),
        expires_at = time("expires_at"),
        condition = hex("condition"),
        fulfillment = hex("fulfillment"),
        protocol_data = hex("protocol_data"),
        answer = hex("answer"),
    );
    let finished = format!(
        "CREATE VIEW finished_transfers AS SELECT a.name AS account, {transfer}, {direction},
            CASE WHEN t.fulfilled IS NOT NULL THEN 'fulfilled' WHEN t.condition IS NOT NULL THEN 'lapsed'
                ELSE 'rolled back' END AS outcome,
            {forget_at}
        FROM raw_finished_transfers t JOIN raw_accounts a ON a.id = t.account
        WHERE t.forget_at > a.latest OR t.set_back = 1;",
        transfer = uuid("transfer"),
        direction = direction(),
        forget_at = time("forget_at"),
    );
    [TABLES, &open, &finished, &effects("", ""), &accounts("")].concat()
}

/// Since version 2 a ledger has a name, and remembers how far those of its peers were.
fn version_2() -> String {
    let tables = "
CREATE TABLE raw_openings (
    account INTEGER NOT NULL,
    sequence INTEGER NOT NULL, -- of the effect that says so, the first of the opening
    opening BLOB NOT NULL,
    PRIMARY KEY (account, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE raw_peers (
    account INTEGER NOT NULL,
    ledger BLOB NOT NULL,
    opening BLOB NOT NULL,
    ledger_sequence INTEGER NOT NULL, -- how far it was
    sequence INTEGER NOT NULL, -- of our effect that says so
    since INTEGER NOT NULL,
    PRIMARY KEY (account, ledger)
) STRICT, WITHOUT ROWID;

ALTER TABLE raw_accounts ADD COLUMN ledger BLOB; -- its name, that of its first opening
ALTER TABLE raw_accounts ADD COLUMN others INTEGER NOT NULL DEFAULT 0; -- 1: money may have moved of which no peer's ledger knows
ALTER TABLE raw_effects ADD COLUMN ledger BLOB;
ALTER TABLE raw_effects ADD COLUMN opening BLOB;
ALTER TABLE raw_effects ADD COLUMN ledger_sequence INTEGER;
DROP VIEW effects;
DROP VIEW balances;
DROP VIEW accounts;
";
    let names = format!("{}, {}", uuid("ledger"), uuid("opening"));
    let peers = format!(
        "CREATE VIEW peers AS SELECT a.name AS account, {names}, t.ledger_sequence, {since}, t.sequence
        FROM raw_peers t JOIN raw_accounts a ON a.id = t.account;",
        since = time("since"),
    );
    let kinds = "WHEN 11 THEN 'opened' WHEN 12 THEN 'peer seen' WHEN 13 THEN 'unnamed peer seen'";
    [tables, &effects(kinds, &format!(", {names}, t.ledger_sequence")), &accounts(&format!(", {}", uuid("ledger"))), &peers].concat()
}

/// The view, with words for more kinds and with more columns.
fn effects(kinds: &str, columns: &str) -> String {
    format!(
        "CREATE VIEW effects AS SELECT a.name AS account, t.sequence, {at},
            CASE t.kind WHEN 1 THEN 'prepared' WHEN 2 THEN 'fulfilling' WHEN 3 THEN 'fulfilled' WHEN 4 THEN 'rejected'
                WHEN 5 THEN 'refused' WHEN 6 THEN 'expired' WHEN 7 THEN 'acknowledged' WHEN 8 THEN 'transferring'
                WHEN 9 THEN 'transferred' WHEN 10 THEN 'bounds changed' {kinds} END AS kind,
            {transfer}, {direction}, {amount}, {expires_at}, {condition}, {fulfillment},
            CASE t.party WHEN 0 THEN 'us' WHEN 1 THEN 'the peer' END AS party, {protocol_data},
            {minimum}, {maximum}{columns}
        FROM raw_effects t JOIN raw_accounts a ON a.id = t.account;",
        at = time("at"),
        transfer = uuid("transfer"),
        direction = direction(),
        amount = unsigned("amount"),
        expires_at = time("expires_at"),
        condition = hex("condition"),
        fulfillment = hex("fulfillment"),
        protocol_data = hex("protocol_data"),
        minimum = bound("minimum"),
        maximum = bound("maximum"),
    )
}

/// The views of accounts, with more columns.
fn accounts(columns: &str) -> String {
    let sums = ["incoming_posted", "incoming_pending", "outgoing_posted", "outgoing_pending"].map(number).join(", ");
    format!(
        "CREATE VIEW accounts AS SELECT t.name AS account, {balance}, {minimum}, {maximum}, {sums},
            CASE t.authority WHEN 0 THEN 'ours' WHEN 1 THEN 'theirs' WHEN 2 THEN 'shared' END AS authority,
            t.sequence, {latest}{columns}
        FROM raw_accounts t;
        CREATE VIEW balances AS SELECT account, balance, minimum, maximum, incoming_pending, outgoing_pending FROM accounts;",
        balance = number("balance"),
        minimum = bound("minimum"),
        maximum = bound("maximum"),
        latest = time("latest"),
    )
}

fn uuid(column: &str) -> String {
    let digits = |from: u8, count: u8| format!("substr(hex(t.{column}), {from}, {count})");
    let parts = [digits(1, 8), digits(9, 4), digits(13, 4), digits(17, 4), digits(21, 12)];
    format!("CASE WHEN t.{column} IS NOT NULL THEN lower({}) END AS {column}", parts.join(" || '-' || "))
}

fn time(column: &str) -> String {
    format!("strftime('%Y-%m-%dT%H:%M:%fZ', t.{column} / 1000.0, 'unixepoch') AS {column}")
}

fn hex(column: &str) -> String {
    format!("CASE WHEN t.{column} IS NOT NULL THEN lower(hex(t.{column})) END AS {column}")
}

/// SQLite's integers have a sign, and amounts have not.
fn unsigned(column: &str) -> String {
    format!("CASE WHEN t.{column} < 0 THEN printf('%u', t.{column}) ELSE t.{column} END AS {column}")
}

/// An integer where it fits, so that it can be compared and added up.
fn number(column: &str) -> String {
    format!("CASE WHEN length(t.{column}) < 19 THEN CAST(t.{column} AS INTEGER) ELSE t.{column} END AS {column}")
}

/// NULL where there is none.
fn bound(column: &str) -> String {
    format!(
        "CASE WHEN t.{column} IN ('{min}', '{max}') THEN NULL WHEN length(t.{column}) < 19 THEN CAST(t.{column} AS INTEGER)
            ELSE t.{column} END AS {column}",
        min = i128::MIN,
        max = i128::MAX,
    )
}

fn direction() -> &'static str {
    "CASE t.direction WHEN 0 THEN 'incoming' WHEN 1 THEN 'outgoing' END AS direction"
}

/// Finished transfers have their fulfillments instead of digests of them. Those that are finished already get theirs from
/// the effects; where these are gone, the fulfillment is not known any more.
fn fulfillments() -> String {
    let tables = "
DROP VIEW finished_transfers;
ALTER TABLE raw_finished_transfers ADD COLUMN outcome INTEGER NOT NULL DEFAULT 0; -- 0 rolled back, 1 fulfilled, 2 transferred
ALTER TABLE raw_finished_transfers ADD COLUMN fulfillment BLOB;
CREATE INDEX raw_fulfillments ON raw_effects (account, transfer, sequence) WHERE kind = 3;
UPDATE raw_finished_transfers AS t SET
    outcome = CASE fulfilled WHEN 0 THEN 2 ELSE 1 END,
    fulfillment = (SELECT e.fulfillment FROM raw_effects e
        WHERE e.account = t.account AND e.transfer = t.transfer AND e.kind = 3 AND t.fulfilled <> 0
        ORDER BY e.sequence DESC LIMIT 1)
    WHERE fulfilled IS NOT NULL;
DROP INDEX raw_fulfillments;
ALTER TABLE raw_finished_transfers DROP COLUMN fulfilled;
";
    let finished = format!(
        "CREATE VIEW finished_transfers AS SELECT a.name AS account, {transfer}, {direction},
            CASE WHEN t.outcome > 0 THEN 'fulfilled' WHEN t.condition IS NOT NULL THEN 'lapsed'
                ELSE 'rolled back' END AS outcome,
            {forget_at}, {fulfillment}
        FROM raw_finished_transfers t JOIN raw_accounts a ON a.id = t.account
        WHERE t.forget_at > a.latest OR t.set_back = 1;",
        transfer = uuid("transfer"),
        direction = direction(),
        forget_at = time("forget_at"),
        fulfillment = hex("fulfillment"),
    );
    [tables, &finished].concat()
}

/// Brings the file to the newest version of the tables, if it is a ledger or nothing yet.
pub(super) fn prepare(connection: &mut Connection, file: &Path) -> Result<(), JournalError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let (application, version, things) = identity(connection).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => JournalError::Foreign { file: file.to_owned() },
        _ => failure::unopenable(file, &error),
    })?;
    let is_new = application == 0 && version == 0 && things == 0;
    if !is_new && application != APPLICATION {
        return Err(JournalError::Foreign { file: file.to_owned() });
    }
    if version > known {
        return Err(JournalError::Newer { file: file.to_owned(), version, known });
    }
    write_ahead(connection, file)?;
    migrate(connection, version, known).map_err(|error| failure::unopenable(file, &error))
}

/// Readers see the state after a commit while the next one is written. It is a property of the file, so that it is set
/// only where the file is ours.
fn write_ahead(connection: &Connection, file: &Path) -> Result<(), JournalError> {
    let mode = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0));
    if mode.map_err(|error| failure::unopenable(file, &error))? == "wal" {
        return Ok(());
    }
    // It needs shared memory, which some that reach over a network have not.
    Err(JournalError::Unopenable { file: file.to_owned(), cause: "its file system cannot hold a write-ahead log".to_owned() })
}

fn identity(connection: &Connection) -> rusqlite::Result<(i32, i64, i64)> {
    let application = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let things = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok((application, version, things))
}

fn migrate(connection: &mut Connection, version: i64, known: i64) -> rusqlite::Result<()> {
    if version == known {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        transaction.execute_batch(&migration())?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()
}
