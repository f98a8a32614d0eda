//! Outcomes whose payer has left. Several processes may share a hosted account: when the connection that brought a Prepare
//! is gone, nobody knows which of the others, or of those to come, its payer is. So each is asked once, and one that does
//! not know the transfer proves nothing.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::machine::Session;
use super::output::ConnectionId;
use crate::ledger::{Authority, Direction, State};
use crate::{Timestamp, TransferId};

/// The outcomes that were told to strangers only. Nearly always none.
#[derive(Debug, Default)]
pub(super) struct Orphans {
    /// Who said that it does not know the transfer.
    strangers: BTreeMap<TransferId, Vec<ConnectionId>>,
    /// Those that everyone here was asked about, in the order in which that became so.
    parked: Vec<TransferId>,
}

impl Orphans {
    pub(super) fn strangers(&self, id: &TransferId) -> &[ConnectionId] {
        if self.strangers.is_empty() {
            return &[];
        }
        self.strangers.get(id).map_or(&[], Vec::as_slice)
    }

    /// Everyone here was asked: whoever comes next will be.
    pub(super) fn park(&mut self, id: TransferId) {
        self.parked.push(id);
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
            self.parked.retain(|parked| parked != id);
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
        if may_be_forgotten || self.orphans.strangers.len() >= self.config.limits.orphans {
            self.stop_telling(id, now);
            return true;
        }
        if self.routes.get(&id) == Some(&connection) {
            return false;
        }
        self.orphans.strangers.entry(id).or_default().push(connection);
        self.send_about(id, now);
        true
    }

    /// Someone new is here, who may be the payer of what everyone else was asked about.
    pub(super) fn ask_newcomer(&mut self, now: Timestamp) {
        for id in core::mem::take(&mut self.orphans.parked) {
            match self.trustline.open_transfer(&id) {
                Some(open) if self.may_be_forgotten(open, now) => self.stop_telling(id, now),
                Some(_) => self.unsent.push_back(id),
                None => {}
            }
        }
    }

    /// The payer of a transfer whose outcome it has not acknowledged shows itself by a repeat of its Prepare.
    pub(super) fn payer_is_at(&mut self, connection: ConnectionId, id: TransferId, now: Timestamp) {
        if self.trustline.open_transfer(&id).is_none() {
            return;
        }
        self.routes.insert(id, connection);
        if let Some(index) = self.orphans.parked.iter().position(|parked| *parked == id) {
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
