//! A process's disk: it is late, it fails, and in a crash it loses what it has not synced.

use std::collections::VecDeque;

use trustline_core::ledger::Effect;

/// Effects of one account, of which all are kept or none.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) account: usize,
    pub(super) effects: Vec<Effect>,
}

#[derive(Debug)]
pub(super) struct Disk {
    /// What is durable, by account.
    journals: Vec<Vec<Effect>>,
    /// What was handed over, in that order.
    waiting: VecDeque<Batch>,
    /// How much of it the sync under way covers.
    syncing: usize,
    /// The next sync reports a failure, and may have written something or nothing.
    pub(super) fails: bool,
}

impl Disk {
    pub(super) fn new(accounts: usize) -> Self {
        Self { journals: vec![Vec::new(); accounts], waiting: VecDeque::new(), syncing: 0, fails: false }
    }

    pub(super) fn journal(&self, account: usize) -> &[Effect] {
        &self.journals[account]
    }

    pub(super) fn append(&mut self, batch: Batch) {
        self.waiting.push_back(batch);
    }

    /// Begins to sync all that waits, unless a sync is under way. Returns whether one began.
    pub(super) fn begin_sync(&mut self) -> bool {
        let begins = self.syncing == 0 && !self.waiting.is_empty();
        if begins {
            self.syncing = self.waiting.len();
        }
        begins
    }

    /// The sync is over: these batches are durable.
    pub(super) fn end_sync(&mut self) -> Vec<Batch> {
        let synced: Vec<Batch> = self.waiting.drain(..self.syncing).collect();
        self.syncing = 0;
        for batch in &synced {
            self.journals[batch.account].extend(batch.effects.iter().cloned());
        }
        synced
    }

    /// The process dies, or its disk has failed. Of what was not synced each account keeps whole batches, the first ones,
    /// up to one that is not `kept`.
    pub(super) fn crash(&mut self, mut is_kept: impl FnMut() -> bool) {
        let mut lost = vec![false; self.journals.len()];
        for batch in self.waiting.drain(..) {
            lost[batch.account] |= !is_kept();
            if !lost[batch.account] {
                self.journals[batch.account].extend(batch.effects);
            }
        }
        (self.syncing, self.fails) = (0, false);
    }
}
