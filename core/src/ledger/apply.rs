//! What each effect does to a trustline: the only code that moves its money, live and in replay.

use alloc::sync::Arc;

use bytes::Bytes;

use super::effect::{Effect, Fact, Party};
use super::memory::{Finished, digest_terms};
use super::outcome::Outcome;
use super::transfer::{Direction, OpenTransfer, State, Terms, Transfer};
use super::trustline::{Authority, Trustline};
use crate::{Fulfillment, Timestamp, TransferId};

impl Trustline {
    /// Takes over a fact that was decided before, as when a trustline is rebuilt from its journal.
    ///
    /// Effects must come in the order of their sequence numbers, from a trustline of the same [`Authority`]. An effect
    /// that this trustline has already taken over (by its sequence number) changes nothing.
    pub fn apply(&mut self, effect: &Effect) {
        if effect.sequence <= self.sequence {
            return;
        }
        self.sequence = effect.sequence;
        match &effect.fact {
            Fact::Prepared { direction, transfer } => self.apply_prepared(*direction, transfer, effect.at),
            Fact::Fulfilling { id, fulfillment, protocol_data } => {
                let state = State::Fulfilling { fulfillment: *fulfillment, protocol_data: protocol_data.clone() };
                self.turn(*id, state, effect.at);
            }
            Fact::Fulfilled { id, fulfillment, protocol_data } => self.apply_fulfilled(*id, fulfillment, protocol_data, effect.at),
            Fact::Rejected { id, by, protocol_data } => {
                let owed = (*by == Party::Us).then(|| State::RejectOwed { protocol_data: protocol_data.clone() });
                self.roll_back(*id, owed, effect.at);
            }
            Fact::Refused { id } => self.roll_back(*id, None, effect.at),
            Fact::Expired { id } => self.apply_expired(*id, effect.at),
            Fact::Acknowledged { id } => self.finish(*id, effect.at),
            Fact::Transferring { id, amount, protocol_data } => {
                self.sums.hold(Direction::Outgoing, *amount);
                let terms = Terms::Unconditional { id: *id, amount: *amount, protocol_data: protocol_data.clone() };
                self.insert(*id, Direction::Outgoing, terms, State::Transferring, effect.at);
            }
            Fact::Transferred { direction, id, amount, protocol_data } => {
                self.apply_transferred(*direction, *id, *amount, protocol_data, effect.at);
            }
            Fact::BoundsChanged { bounds } => self.bounds = *bounds,
            Fact::Opened { id } => self.lineage.apply_opened(*id, effect.sequence, self.config.openings),
            Fact::PeerSeen { position } => self.lineage.apply_peer_seen(*position, effect.sequence, effect.at, self.config.peers),
            Fact::UnnamedPeerSeen => self.lineage.others = true,
        }
        if effect.fact.is_lineage() {
            return;
        }
        // Forgetting rides on effects and not on a timer, so that replay forgets exactly what the live trustline did; and
        // it comes last, because what was just decided may rest on something that is due to be forgotten.
        self.memory.forget(effect.at);
    }

    fn apply_prepared(&mut self, direction: Direction, transfer: &Arc<Transfer>, at: Timestamp) {
        self.sums.hold(direction, transfer.amount);
        self.expiries.insert(direction, transfer.expires_at, transfer.id);
        self.insert(transfer.id, direction, Terms::Conditional(transfer.clone()), State::Prepared, at);
    }

    fn apply_fulfilled(&mut self, id: TransferId, fulfillment: &Fulfillment, protocol_data: &Bytes, at: Timestamp) {
        let Some(open) = self.open.get(&id) else {
            if let Some(lapsed) = self.memory.resolve_lapsed(&id, Outcome::Fulfilled(Some(*fulfillment))) {
                self.sums.post(Direction::Outgoing, lapsed.amount);
            }
            return;
        };
        let (direction, amount) = (open.direction, open.terms.amount());
        self.sums.release(direction, amount);
        self.sums.post(direction, amount);
        if direction == Direction::Incoming && self.config.authority == Authority::Ours {
            self.turn(id, State::FulfillOwed { fulfillment: *fulfillment, protocol_data: protocol_data.clone() }, at);
        } else {
            self.finish_as(id, Outcome::Fulfilled(Some(*fulfillment)), at);
        }
    }

    fn apply_expired(&mut self, id: TransferId, at: Timestamp) {
        let Some(open) = self.open.get(&id) else { return };
        let owed = owes_expiry(self.config.authority, open.direction).then_some(State::ExpiryOwed);
        let lapsed = match &open.terms {
            Terms::Conditional(transfer) if owed.is_none() && self.config.authority == Authority::Theirs => Some(transfer.clone()),
            _ => None,
        };
        self.roll_back(id, owed, at);
        if let Some(transfer) = lapsed {
            // The host may still tell, for as long as it waits for us.
            let forget_at = at.saturating_add(self.config.furthest_expiry).saturating_add(self.config.memory_margin);
            self.memory.lapse(transfer, forget_at);
        }
    }

    fn apply_transferred(&mut self, direction: Direction, id: Option<TransferId>, amount: u64, protocol_data: &Bytes, at: Timestamp) {
        if direction == Direction::Outgoing {
            self.sums.release(direction, amount);
        }
        self.sums.post(direction, amount);
        let Some(id) = id else { return };
        if direction == Direction::Outgoing {
            self.finish_as(id, Outcome::Transferred, at);
        } else {
            let terms = Terms::Unconditional { id, amount, protocol_data: protocol_data.clone() };
            self.remember(id, direction, &terms, Outcome::Transferred, at);
        }
    }

    fn roll_back(&mut self, id: TransferId, owed: Option<State>, at: Timestamp) {
        let Some(open) = self.open.get(&id) else {
            self.memory.resolve_lapsed(&id, Outcome::RolledBack);
            return;
        };
        self.sums.release(open.direction, open.terms.amount());
        match owed {
            Some(state) => self.turn(id, state, at),
            None => self.finish_as(id, Outcome::RolledBack, at),
        }
    }

    fn insert(&mut self, id: TransferId, direction: Direction, terms: Terms, state: State, at: Timestamp) {
        self.open.insert(id, OpenTransfer { direction, terms, state, sequence: self.sequence, since: at });
    }

    /// Moves an open transfer on to another open state.
    fn turn(&mut self, id: TransferId, state: State, at: Timestamp) {
        let Some(open) = self.open.get_mut(&id) else { return };
        if open.state == State::Prepared
            && let Terms::Conditional(transfer) = &open.terms
        {
            self.expiries.remove(open.direction, transfer.expires_at, id);
        }
        open.state = state;
        open.sequence = self.sequence;
        open.since = at;
    }

    /// The peer knows the outcome that we decided.
    fn finish(&mut self, id: TransferId, at: Timestamp) {
        let outcome = match self.open.get(&id).map(|open| &open.state) {
            Some(State::FulfillOwed { fulfillment, .. }) => Outcome::Fulfilled(Some(*fulfillment)),
            _ => Outcome::RolledBack,
        };
        self.finish_as(id, outcome, at);
    }

    fn finish_as(&mut self, id: TransferId, outcome: Outcome, at: Timestamp) {
        let Some(open) = self.open.remove(&id) else { return };
        if open.state == State::Prepared
            && let Terms::Conditional(transfer) = &open.terms
        {
            self.expiries.remove(open.direction, transfer.expires_at, id);
        }
        self.remember(id, open.direction, &open.terms, outcome, at);
    }

    fn remember(&mut self, id: TransferId, direction: Direction, terms: &Terms, outcome: Outcome, at: Timestamp) {
        // An unconditional transfer has no expiry: its payer stops repeating it after the furthest one.
        let repeatable_until = match terms {
            Terms::Conditional(transfer) => transfer.expires_at,
            Terms::Unconditional { .. } => at.saturating_add(self.config.furthest_expiry),
        };
        let forget_at = repeatable_until.saturating_add(self.config.memory_margin);
        self.memory.remember(id, Finished { direction, digest: digest_terms(terms), outcome, forget_at });
    }
}

/// Whether we owe the peer a Reject for a transfer that expired on our clock: the host must send one
/// (RFC 0023, *Reject*), and a payee may, which releases the payer's money sooner.
fn owes_expiry(authority: Authority, direction: Direction) -> bool {
    authority == Authority::Ours || direction == Direction::Incoming
}
