//! Reads accounts, beside whoever writes.

use std::path::PathBuf;

use rusqlite::{Connection, Transaction};
use trustline_core::ledger::{Effect, Snapshot};

use super::{accounts, effects, failure, finished_transfers, lineages, open_transfers};
use crate::journal::JournalError;

/// One connection that only reads.
#[derive(Debug)]
pub(super) struct Reader {
    connection: Connection,
    file: PathBuf,
}

impl Reader {
    pub(super) fn new(connection: Connection, file: PathBuf) -> Self {
        Self { connection, file }
    }

    pub(super) fn snapshot(&mut self, account: &str) -> Result<Option<Snapshot>, JournalError> {
        self.read(|moment| {
            let Some((id, totals)) = accounts::find(moment, account)? else { return Ok(None) };
            Ok(Some(Snapshot {
                sequence: totals.sequence,
                sums: totals.sums,
                bounds: totals.bounds,
                open: open_transfers::read(moment, id)?,
                finished: finished_transfers::read(moment, id, totals.latest)?,
                lineage: lineages::read(moment, id, totals.ledger, totals.others)?,
            }))
        })
    }

    pub(super) fn effects(&mut self, account: &str, after: u64, most: usize) -> Result<Vec<Effect>, JournalError> {
        self.read(|moment| match accounts::find(moment, account)? {
            Some((id, _)) => effects::read(moment, id, after, most),
            None => Ok(Vec::new()),
        })
    }

    pub(super) fn accounts(&mut self) -> Result<Vec<String>, JournalError> {
        self.read(|moment| accounts::names(moment))
    }

    /// Everything that `read` sees is of one moment.
    fn read<T>(&mut self, read: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, JournalError> {
        self.connection.transaction().and_then(|moment| read(&moment)).map_err(|error| failure::unreadable(&self.file, &error))
    }
}
