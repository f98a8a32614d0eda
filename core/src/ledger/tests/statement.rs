//! A trustline's life as a table of text, one line for each thing that happens.
//!
//! ```text
//! peer prepares 1 10   |  0 10 0 0 | Prepared
//! we fulfill 1         | 10  0 0 0 | FulfillOwed
//! we reject 1          | refused: AlreadyDecided
//! peer prepares 1 11   | refused: DuplicateId
//! at 30000
//! peer rejects 1       | refused: NotThePayee
//! ```
//!
//! Left of the bar: what happens ([`Operation`]). Right of it, where something changed: the four sums, as incoming
//! posted and pending, outgoing posted and pending; and the state in which the transfer is now. Where nothing changed:
//! `nothing`, or why it was refused.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::operation::{Operation, Verdict};
use crate::ledger::{Authority, Bounds, Direction, Effect, Outcome, Snapshot, State, Sums, Trustline, TrustlineConfig};
use crate::{Timestamp, TransferId};

use Authority::{Ours, Shared, Theirs};

pub(super) const ALL: [Authority; 3] = [Ours, Theirs, Shared];

/// When every statement begins, in milliseconds since the epoch.
pub(super) const OPENING: i64 = 1_500_000_000_000;

/// New trustlines, one of each authority, on which the same happens.
pub(super) fn on(authorities: &[Authority]) -> Accounts {
    Accounts(authorities.iter().copied().map(Account::new).collect())
}

pub(super) struct Accounts(Vec<Account>);

impl Accounts {
    /// Runs the lines of a table on each, and compares each.
    pub(super) fn statement(mut self, table: &str) {
        for account in &mut self.0 {
            account.statement(table);
        }
    }
}

/// A trustline, and everything that is compared after each line.
pub(super) struct Account {
    pub(super) trustline: Trustline,
    pub(super) now: Timestamp,
    /// Every effect so far.
    pub(super) journal: Vec<Effect>,
    config: TrustlineConfig,
    /// Lives on effects alone.
    replica: Trustline,
}

impl Account {
    pub(super) fn new(authority: Authority) -> Self {
        Self::with(TrustlineConfig::new(authority))
    }

    pub(super) fn bounded(authority: Authority, minimum: i128, maximum: i128) -> Self {
        Self::with(TrustlineConfig { bounds: Bounds { minimum, maximum }, ..TrustlineConfig::new(authority) })
    }

    pub(super) fn with(config: TrustlineConfig) -> Self {
        let (trustline, replica) = (Trustline::new(config.clone()), Trustline::new(config.clone()));
        Self { trustline, replica, config, journal: Vec::new(), now: Timestamp::from_millis(OPENING) }
    }

    /// Runs the lines of a table, and compares each.
    pub(super) fn statement(&mut self, table: &str) {
        let mut printed = String::new();
        for line in table.lines().filter(|line| !line.trim().is_empty()) {
            let what = line.split('|').next().unwrap_or_default();
            let actual = format!("{} {}", what.trim(), self.happen(what));
            printed.extend(["  ", &actual, "\n"]);
            let squeeze = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
            let (actual, expected) = (squeeze(&actual), squeeze(line));
            assert_eq!(actual, expected, "{:?}, at the last line of:\n{printed}", self.config.authority);
        }
    }

    /// Lets one thing happen, and tells what came of it.
    fn happen(&mut self, what: &str) -> String {
        let operation = what.parse().unwrap_or_else(|()| panic!("no operation: {what}"));
        if let Operation::At { millis } = operation {
            self.now = Timestamp::from_millis(OPENING + millis);
            return String::new();
        }
        match self.attempt(&operation) {
            Ok(Some(_)) => {
                let Sums { incoming_posted, incoming_pending, outgoing_posted, outgoing_pending } = self.trustline.sums();
                let state = operation.id().map_or_else(String::new, |id| format!(" | {}", self.state(&id)));
                format!("| {incoming_posted} {incoming_pending} {outgoing_posted} {outgoing_pending}{state}")
            }
            Ok(None) => "| nothing".to_string(),
            Err(reason) => format!("| refused: {reason}"),
        }
    }

    /// Does it. Where there is no effect, nothing happened; where there is one, it is all that happened.
    pub(super) fn attempt(&mut self, operation: &Operation) -> Verdict {
        let before = self.trustline.snapshot();
        let verdict = operation.run(&mut self.trustline, self.now);
        let after = self.trustline.snapshot();
        if let Ok(Some(effect)) = &verdict {
            assert_eq!((effect.sequence, effect.at), (before.sequence + 1, self.now));
            self.replica.apply(effect);
            self.replica.apply(effect); // the second time, nothing
            self.journal.push(effect.clone());
            assert_eq!(self.replica.snapshot(), after, "the effect says all that happened");
            assert_eq!(self.from(after.clone()).snapshot(), after, "a snapshot is the whole state");
            assert_eq!(due(&self.from(after)), due(&self.trustline), "and brings back what is due");
            let Sums { incoming_pending, outgoing_pending, .. } = *self.trustline.sums();
            assert_eq!(pending(&self.trustline), [incoming_pending, outgoing_pending], "what is pending is held");
        } else {
            assert_eq!(after, before, "{operation:?}: no effect, no change");
        }
        verdict
    }

    fn from(&self, snapshot: Snapshot) -> Trustline {
        Trustline::from_snapshot(self.config.clone(), snapshot)
    }

    fn state(&self, id: &TransferId) -> &'static str {
        if let Some(open) = self.trustline.open_transfer(id) {
            return state_name(&open.state);
        }
        match self.trustline.finished_transfer(id) {
            Some(finished) if finished.lapsed.is_some() => "lapsed",
            Some(finished) if finished.outcome == Outcome::RolledBack => "rolled back",
            Some(_) => "fulfilled",
            None => "forgotten",
        }
    }
}

/// What the states of the open transfers say is held.
fn pending(trustline: &Trustline) -> [u128; 2] {
    [Direction::Incoming, Direction::Outgoing].map(|direction| {
        let open = trustline.open_transfers().into_iter().map(|(_, open)| open);
        let held = open.filter(|open| open.direction == direction && open.state.is_pending());
        held.map(|open| u128::from(open.terms.amount())).sum()
    })
}

fn due(trustline: &Trustline) -> [Vec<TransferId>; 2] {
    [Direction::Incoming, Direction::Outgoing].map(|direction| trustline.expired(direction, Timestamp::MAX).collect())
}

fn state_name(state: &State) -> &'static str {
    match state {
        State::Prepared => "Prepared",
        State::Fulfilling { .. } => "Fulfilling",
        State::Transferring => "Transferring",
        State::FulfillOwed { .. } => "FulfillOwed",
        State::RejectOwed { .. } => "RejectOwed",
        State::ExpiryOwed => "ExpiryOwed",
    }
}
