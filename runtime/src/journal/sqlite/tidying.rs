//! Old rows go, so that the file stops growing: finished transfers that are forgotten, and effects that have been kept
//! for long enough. Their pages are used again.
//!
//! Each account is trimmed as it is written to, by its own time (that of its latest effect), and a round through all
//! accounts now and then finds what is left of those that are not. Every step is small.

use std::time::Duration;

use rusqlite::Connection;
use trustline_core::Timestamp;

use super::{accounts, effects, finished_transfers};

/// From the end of one round to the next.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(10 * 60);
/// From the opening of a file to the first round.
const BEFORE_THE_FIRST: Duration = Duration::from_secs(60);
/// Accounts looked at in one step.
const ACCOUNTS_AT_ONCE: usize = 64;

/// When the oldest rows of an account may go, or earlier.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aging {
    oldest_effect: Timestamp,
    next_to_forget: Timestamp,
}

impl Aging {
    /// It has to be looked up.
    pub(super) fn unknown() -> Self {
        Self { oldest_effect: Timestamp::MIN, next_to_forget: Timestamp::MIN }
    }

    /// There are no rows.
    pub(super) fn nothing() -> Self {
        Self { oldest_effect: Timestamp::MAX, next_to_forget: Timestamp::MAX }
    }

    /// An effect was added.
    pub(super) fn effect(&mut self, at: Timestamp) {
        self.oldest_effect = self.oldest_effect.min(at);
    }

    /// A finished transfer was added.
    pub(super) fn finished(&mut self, forget_at: Timestamp) {
        self.next_to_forget = self.next_to_forget.min(forget_at);
    }
}

/// What to delete, and how far the round is.
#[derive(Debug)]
pub(super) struct Tidying {
    /// `None`: for ever.
    keep_effects_for: Option<Duration>,
    /// The key of the account that was looked at last.
    position: i64,
    next_step: Timestamp,
}

impl Tidying {
    pub(super) fn new(keep_effects_for: Option<Duration>, now: Timestamp) -> Self {
        Self { keep_effects_for, position: 0, next_step: now.saturating_add(BEFORE_THE_FIRST) }
    }

    /// When the next [`step`](Self::step) is due.
    pub(super) fn next_step(&self) -> Timestamp {
        self.next_step
    }

    /// Trims an account whose latest effect is of this time, and takes what was deleted from the budget. Of two clocks
    /// that differ the slower one decides what is old.
    pub(super) fn account(
        &self,
        connection: &Connection,
        id: i64,
        latest: Timestamp,
        now: Timestamp,
        aging: &mut Aging,
        budget: &mut usize,
    ) -> rusqlite::Result<()> {
        self.trim(connection, id, latest, now.min(latest), aging, budget)
    }

    /// The next step of the round, if it is due. It deletes `most` rows at most.
    pub(super) fn step(&mut self, connection: &Connection, now: Timestamp, most: usize) -> rusqlite::Result<()> {
        if now < self.next_step {
            return Ok(());
        }
        let mut budget = most;
        let accounts = accounts::after(connection, self.position, ACCOUNTS_AT_ONCE)?;
        for (id, latest) in &accounts {
            // What the trustline remembers is its own affair. But effects grow old even where none follow.
            self.trim(connection, *id, *latest, now, &mut Aging::unknown(), &mut budget)?;
            if budget == 0 {
                // There may be more of it.
                return Ok(());
            }
            self.position = *id;
        }
        if accounts.is_empty() {
            self.position = 0;
            self.next_step = now.saturating_add(BETWEEN_ROUNDS);
        }
        Ok(())
    }

    fn trim(
        &self,
        connection: &Connection,
        id: i64,
        latest: Timestamp,
        now: Timestamp,
        aging: &mut Aging,
        budget: &mut usize,
    ) -> rusqlite::Result<()> {
        if aging.next_to_forget <= latest && *budget > 0 {
            let (deleted, next) = finished_transfers::trim(connection, id, latest, *budget)?;
            aging.next_to_forget = next;
            *budget -= deleted;
        }
        let Some(keep_for) = self.keep_effects_for else { return Ok(()) };
        let cutoff = now.saturating_sub(keep_for);
        if aging.oldest_effect < cutoff && *budget > 0 {
            let (deleted, next) = effects::trim(connection, id, cutoff, *budget)?;
            aging.oldest_effect = next;
            *budget -= deleted;
        }
        Ok(())
    }
}
