//! Writes groups of batches, each group in one transaction: all of it is durable, or nothing is in the file.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, TransactionBehavior};
use trustline_core::Timestamp;

use super::accounts::{self, Totals};
use super::batch::Batch;
use super::tidying::{Aging, Tidying};
use super::{effects, failure, finished_transfers, lineages, open_transfers};
use crate::clock;
use crate::journal::JournalError;

/// How many pages the log grows by before it is merged into the tables: 4 MiB. Rows would be the wrong measure: a commit
/// writes whole pages, whether it changes one row of them or all.
const PAGES_PER_CHECKPOINT: usize = 1024;

/// One connection that writes.
#[derive(Debug)]
pub(super) struct Writer {
    connection: Connection,
    file: PathBuf,
    /// What the tables hold of the accounts that were written to.
    accounts: HashMap<Box<str>, Known>,
    tidying: Tidying,
    /// The length of the log, as the last commit left it.
    log_pages: Arc<AtomicUsize>,
    /// Its length when it was last merged.
    merged_pages: usize,
}

/// An account as its rows have it.
#[derive(Debug)]
struct Known {
    sequence: u64,
    latest: Timestamp,
    any_set_back: bool,
    aging: Aging,
}

/// What became of one batch.
pub(super) type Verdict = Result<(), JournalError>;

impl Writer {
    pub(super) fn new(mut connection: Connection, file: PathBuf, keep_effects_for: Option<Duration>) -> rusqlite::Result<Self> {
        let tidying = Tidying::new(keep_effects_for, clock::now());
        let log_pages = Arc::<AtomicUsize>::default();
        let told = log_pages.clone();
        connection.wal_hook(Some(move |_: &mut Wal, pages| {
            told.store(usize::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { connection, file, accounts: HashMap::new(), tidying, log_pages, merged_pages: 0 })
    }

    /// Makes a group durable. An error is the whole group's; a batch that does not belong there has its own.
    pub(super) fn commit(&mut self, group: &[Batch]) -> Result<Vec<Verdict>, JournalError> {
        self.write(group).map_err(|error| failure::unwritable(&self.file, &error))
    }

    fn write(&mut self, group: &[Batch]) -> rusqlite::Result<Vec<Verdict>> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut verdicts = Vec::with_capacity(group.len());
        let (mut rows, now) = (0, clock::now());
        for batch in group {
            if !self.accounts.contains_key(&batch.account) {
                self.accounts.insert(batch.account.clone(), Known::read(&transaction, &batch.account)?);
            }
            let Some(known) = self.accounts.get_mut(&batch.account) else { continue };
            let next = known.sequence + 1;
            let found = batch.effects.first().map_or(next, |effect| effect.sequence);
            if found != next {
                verdicts.push(Err(JournalError::OutOfOrder { account: batch.account.to_string(), expected: next, found }));
                continue;
            }
            let id = write_batch(&transaction, known, batch)?;
            rows += batch.rows();
            verdicts.push(Ok(()));
            // Two old rows for each new one keep up with any rate, and bound what a commit takes.
            let mut budget = 2 * batch.rows();
            self.tidying.account(&transaction, id, known.latest, now, &mut known.aging, &mut budget)?;
        }
        self.tidying.step(&transaction, now, rows)?;
        transaction.commit()?;
        Ok(verdicts)
    }

    /// Nobody waits: old rows can go. How long to wait for the next call is [`patience`](Self::patience).
    pub(super) fn tidy(&mut self) -> Result<(), JournalError> {
        const ROWS_AT_ONCE: usize = 2_000;
        let mut step = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            self.tidying.step(&transaction, clock::now(), ROWS_AT_ONCE)?;
            transaction.commit()
        };
        step().map_err(|error| failure::unwritable(&self.file, &error))
    }

    pub(super) fn patience(&self) -> Duration {
        self.tidying.next_step().saturating_since(clock::now())
    }

    /// Merges the log into the tables where it has grown long, so that it begins anew. What is durable stays so.
    pub(super) fn checkpoint(&mut self) -> Result<(), JournalError> {
        let pages = self.log_pages.load(Ordering::Relaxed);
        if pages < self.merged_pages {
            // All of it was merged, and it has begun anew.
            self.merged_pages = 0;
        }
        if pages - self.merged_pages < PAGES_PER_CHECKPOINT {
            return Ok(());
        }
        self.merged_pages = pages;
        // It says how far it came. A reader may have stopped it half way: the next one goes on.
        let outcome = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        outcome.map_err(|error| failure::unwritable(&self.file, &error))
    }

    /// After a failed write or sync the system may show pages that the disk does not have: they must not be merged.
    pub(super) fn abandon(&mut self) {
        let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    }
}

impl Known {
    fn read(connection: &Connection, name: &str) -> rusqlite::Result<Self> {
        Ok(match accounts::find(connection, name)? {
            Some((id, totals)) => Self {
                sequence: totals.sequence,
                latest: totals.latest,
                any_set_back: finished_transfers::any_set_back(connection, id)?,
                aging: Aging::unknown(),
            },
            None => Self { sequence: 0, latest: Timestamp::MIN, any_set_back: false, aging: Aging::nothing() },
        })
    }
}

/// Writes a batch that follows what is known, and returns the account's key.
fn write_batch(connection: &Connection, known: &mut Known, batch: &Batch) -> rusqlite::Result<i64> {
    let Batch { authority, bounds, sums, ledger, others, .. } = *batch;
    let newest = batch.effects.iter().filter(|effect| !effect.fact.is_lineage()).map(|effect| effect.at).max();
    known.latest = newest.map_or(known.latest, |newest| known.latest.max(newest));
    known.sequence = batch.effects.last().map_or(known.sequence, |effect| effect.sequence);
    let totals = Totals { authority, sequence: known.sequence, latest: known.latest, bounds, sums, ledger, others };
    let account = accounts::put(connection, &batch.account, &totals)?;
    if known.any_set_back
        && let Some(newest) = newest
    {
        finished_transfers::forget_set_back(connection, account, newest)?;
        known.any_set_back = finished_transfers::any_set_back(connection, account)?;
    }
    effects::insert(connection, account, &batch.effects)?;
    lineages::put(connection, account, &batch.lineage)?;
    open_transfers::put(connection, account, &batch.open)?;
    open_transfers::delete(connection, account, &batch.closed)?;
    finished_transfers::put(connection, account, known.latest, &batch.finished)?;
    for effect in &batch.effects {
        known.aging.effect(effect.at);
    }
    for finished in &batch.finished {
        if finished_transfers::is_set_back(finished, known.latest) {
            known.any_set_back = true;
        } else {
            known.aging.finished(finished.forget_at);
        }
    }
    Ok(account)
}
