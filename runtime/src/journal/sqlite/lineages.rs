//! The tables of openings and of the peers' ledgers: what it takes to notice an older backup.

use rusqlite::{Connection, Row, params};
use trustline_core::LedgerId;
use trustline_core::ledger::{Lineage, Opening, PeerLedger, Position, Trustline};

use super::columns::{Column, get};

/// What a batch changed of it. Mostly nothing.
#[derive(Debug, Default)]
pub(super) struct Changes {
    openings: Vec<Opening>,
    peers: Vec<PeerLedger>,
    /// The numbers before which nothing is remembered, of the openings and of the peers.
    first_opening: u64,
    first_peer: u64,
}

impl Changes {
    /// What is remembered since the effect with this number. `state` is the trustline now.
    pub(super) fn since(sequence: u64, state: &Trustline) -> Self {
        let Lineage { openings, peers, .. } = state.lineage();
        Self {
            openings: openings.iter().filter(|opening| opening.sequence >= sequence).copied().collect(),
            peers: peers.values().filter(|peer| peer.sequence >= sequence).copied().collect(),
            first_opening: openings.first().map_or(0, |opening| opening.sequence),
            first_peer: peers.values().map(|peer| peer.sequence).min().unwrap_or(0),
        }
    }

    /// How many rows of the tables it touches.
    pub(super) fn rows(&self) -> usize {
        self.openings.len() + self.peers.len()
    }
}

/// Writes rows, and deletes those of what is forgotten.
pub(super) fn put(connection: &Connection, account: i64, changes: &Changes) -> rusqlite::Result<()> {
    for Opening { id, sequence } in &changes.openings {
        let sql = "INSERT INTO raw_openings (account, sequence, opening) VALUES (?1, ?2, ?3)";
        connection.prepare_cached(sql)?.execute(params![account, Column(*sequence), Column(*id)])?;
    }
    for PeerLedger { position, sequence, since } in &changes.peers {
        let sql = "INSERT OR REPLACE INTO raw_peers (account, ledger, opening, ledger_sequence, sequence, since)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let Position { ledger, opening, sequence: theirs } = *position;
        let row = params![account, Column(ledger), Column(opening), Column(theirs), Column(*sequence), Column(*since)];
        connection.prepare_cached(sql)?.execute(row)?;
    }
    if !changes.openings.is_empty() {
        let sql = "DELETE FROM raw_openings WHERE account = ?1 AND sequence < ?2";
        connection.prepare_cached(sql)?.execute(params![account, Column(changes.first_opening)])?;
    }
    if !changes.peers.is_empty() {
        let sql = "DELETE FROM raw_peers WHERE account = ?1 AND sequence < ?2";
        connection.prepare_cached(sql)?.execute(params![account, Column(changes.first_peer)])?;
    }
    Ok(())
}

/// The lineage of an account whose row says the rest of it.
pub(super) fn read(connection: &Connection, account: i64, ledger: Option<LedgerId>, others: bool) -> rusqlite::Result<Lineage> {
    let mut openings = connection.prepare_cached("SELECT opening, sequence FROM raw_openings WHERE account = ?1 ORDER BY sequence")?;
    let openings = openings.query_map([account], |row| Ok(Opening { id: get(row, 0)?, sequence: get(row, 1)? }))?;
    let mut peers =
        connection.prepare_cached("SELECT ledger, opening, ledger_sequence, sequence, since FROM raw_peers WHERE account = ?1")?;
    let peers = peers.query_map([account], |row| peer(row).map(|peer| (peer.position.ledger, peer)))?;
    Ok(Lineage { ledger, openings: openings.collect::<Result<_, _>>()?, peers: peers.collect::<Result<_, _>>()?, others })
}

/// The columns as [`read`] selects them.
fn peer(row: &Row<'_>) -> rusqlite::Result<PeerLedger> {
    let position = Position { ledger: get(row, 0)?, opening: get(row, 1)?, sequence: get(row, 2)? };
    Ok(PeerLedger { position, sequence: get(row, 3)?, since: get(row, 4)? })
}
