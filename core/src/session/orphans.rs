//! Outcomes whose payer has left. Several processes may share a hosted account: when the connection that brought a Prepare
//! is gone, nobody knows which of the others, or of those to come, its payer is. So each is asked once, and one that does
//! not know the transfer proves nothing. A payer that stays away for longer than any payment may live, and a while more,
//! is waited for no longer; until then it can ask by a repeat of its Prepare.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::machine::Session;
use super::output::{ConnectionId, Deadline, DeadlineReason};
use crate::ledger::{Authority, Direction, OpenTransfer, State};
use crate::{Timestamp, TransferId};

/// The outcomes that were told to strangers only. Nearly always none.
#[derive(Debug, Default)]
pub(super) struct Orphans {
    /// Who said that it does not know the transfer.
    strangers: BTreeMap<TransferId, Vec<ConnectionId>>,
    /// Those that everyone here was asked about, in the order in which that became so; each with the moment from which on
    /// its payer is waited for no longer.
    parked: Vec<(Timestamp, TransferId)>,
}

impl Orphans {
    pub(super) fn strangers(&self, id: &TransferId) -> &[ConnectionId] {
        if self.strangers.is_empty() {
            return &[];
        }
        self.strangers.get(id).map_or(&[], Vec::as_slice)
    }

    /// Those of whom everyone here was asked, that are to be given up.
    fn take_given_up(&mut self, now: Timestamp) -> Vec<TransferId> {
        self.parked.extract_if(.., |(until, _)| *until <= now).map(|(_, id)| id).collect()
    }

    /// A connection that is gone is never asked again, and never named again.
    pub(super) fn forget_connection(&mut self, connection: ConnectionId) {
        for strangers in self.strangers.values_mut() {
            strangers.retain(|stranger| *stranger != connection);
        }
    }

    pub(super) fn forget(&mut self, id: &TransferId) {
        if !self.strangers.is_empty() {
            self.strangers.remove(id);
            self.parked.retain(|(_, parked)| parked != id);
        }
    }
}

impl Session {
    /// The peer at this connection does not know a transfer that we told it the outcome of. Returns whether that leaves
    /// the question open; otherwise it is the answer.
    pub(super) fn is_unknown_there(&mut self, connection: ConnectionId, id: TransferId, now: Timestamp) -> bool {
        let Some(open) = self.trustline.open_transfer(&id) else { return true };
        let (hosted, may_be_forgotten) = (self.config.authority == Authority::Ours, self.may_be_forgotten(open, now));
        if !hosted && may_be_forgotten && matches!(open.state, State::Fulfilling { .. }) {
            self.in_doubt(id, now);
            return true;
        }
        if !hosted || open.direction == Direction::Outgoing {
            return false;
        }
        let is_payer = self.routes.get(&id) == Some(&connection);
        if is_payer && !may_be_forgotten {
            return false;
        }
        if is_payer || self.waits_until(open) <= now || self.orphans.strangers.len() >= self.config.limits.orphans {
            self.stop_telling(id, now);
            return true;
        }
        self.orphans.strangers.entry(id).or_default().push(connection);
        self.send_about(id, now);
        true
    }

    /// Someone new is here, who may be the payer of what everyone else was asked about.
    pub(super) fn ask_newcomer(&mut self, now: Timestamp) {
        self.give_up_orphans(now);
        self.unsent.extend(core::mem::take(&mut self.orphans.parked).into_iter().map(|(_, id)| id));
    }

    /// Everyone here was asked: whoever comes next will be, unless its payer is waited for no longer.
    pub(super) fn park(&mut self, id: TransferId, now: Timestamp) {
        let Some(open) = self.trustline.open_transfer(&id) else { return };
        let until = self.waits_until(open);
        if until <= now {
            self.stop_telling(id, now);
        } else {
            self.orphans.parked.push((until, id));
        }
    }

    /// When nothing more is to be expected of payers that have left.
    pub(super) fn orphans_deadline(&self) -> Option<Deadline> {
        let at = self.orphans.parked.iter().map(|(until, _)| *until).min()?;
        Some(Deadline { at, reason: DeadlineReason::Orphan })
    }

    pub(super) fn give_up_orphans(&mut self, now: Timestamp) {
        for id in self.orphans.take_given_up(now) {
            self.stop_telling(id, now);
        }
    }

    /// For how long an outcome is kept for its payer: if it was paid, for longer than any payment may live. Else as long as
    /// the payer must remember it; one that comes later is told the same by a refusal.
    fn waits_until(&self, open: &OpenTransfer) -> Timestamp {
        let limits = &self.config.limits;
        match &open.state {
            State::FulfillOwed { .. } => open.since.saturating_add(limits.furthest_expiry).saturating_add(limits.memory_margin),
            _ => self.forgotten_at(open),
        }
    }

    /// The payer of a transfer whose outcome it has not acknowledged shows itself by a repeat of its Prepare.
    pub(super) fn payer_is_at(&mut self, connection: ConnectionId, id: TransferId, now: Timestamp) {
        if self.trustline.open_transfer(&id).is_none() {
            return;
        }
        self.routes.insert(id, connection);
        if let Some(index) = self.orphans.parked.iter().position(|(_, parked)| *parked == id) {
            self.orphans.parked.remove(index);
            self.send_about(id, now);
        }
    }

    /// Our decision stands, and there is nobody left to hear it.
    fn stop_telling(&mut self, id: TransferId, now: Timestamp) {
        let effect = self.trustline.fulfill_refused(id, now).or_else(|| self.trustline.reject_answered(id, now));
        if let Some(effect) = effect {
            self.settled(&id, effect);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else a host would remember every connection that there ever was.
    #[test]
    fn strangers_are_remembered_while_they_are_here() {
        let id = TransferId::from([1; 16]);
        let mut orphans = Orphans::default();
        orphans.strangers.insert(id, alloc::vec![ConnectionId(1), ConnectionId(2)]);
        orphans.forget_connection(ConnectionId(1));
        assert_eq!(orphans.strangers(&id), [ConnectionId(2)]);
    }
}
