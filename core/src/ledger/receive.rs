//! What the peer asks of a trustline.

use alloc::sync::Arc;

use bytes::Bytes;

use super::effect::{Effect, Fact, Party};
use super::memory::{Finished, digest_terms};
use super::outcome::Outcome;
use super::refusal::Refusal;
use super::transfer::{Direction, State, Terms, Transfer};
use super::trustline::{Authority, Trustline};
use crate::{Fulfillment, Timestamp, TransferId};

/// What the peer asks: `Ok(None)` means a repeat, to be answered as the first time; `Err` that nothing changed.
impl Trustline {
    /// The peer proposes to pay us.
    pub fn receive_prepare(&mut self, transfer: Transfer, now: Timestamp) -> Result<Option<Effect>, Refusal> {
        let transfer = Arc::new(transfer);
        if let Some(open) = self.open.get(&transfer.id) {
            let same = open.direction == Direction::Incoming && matches!(&open.terms, Terms::Conditional(known) if *known == transfer);
            return match open.state {
                _ if !same => Err(Refusal::DuplicateId),
                State::FulfillOwed { .. } => Err(Refusal::AlreadyFulfilled),
                State::RejectOwed { .. } | State::ExpiryOwed => Err(Refusal::AlreadyRolledBack),
                State::Prepared | State::Fulfilling { .. } | State::Transferring => Ok(None),
            };
        }
        if let Some(finished) = self.memory.get(&transfer.id) {
            let same = finished.direction == Direction::Incoming && finished.digest == digest_terms(&Terms::Conditional(transfer));
            return Err(match finished.outcome {
                _ if !same => Refusal::DuplicateId,
                Outcome::Fulfilled(_) | Outcome::Transferred => Refusal::AlreadyFulfilled,
                Outcome::RolledBack => Refusal::AlreadyRolledBack,
            });
        }
        self.admit(Direction::Incoming, &transfer, now)?;
        Ok(Some(self.decide(Fact::Prepared { direction: Direction::Incoming, transfer }, now)))
    }

    /// The peer takes the money of a transfer of ours.
    pub fn receive_fulfill(
        &mut self,
        id: TransferId,
        fulfillment: Fulfillment,
        protocol_data: Bytes,
        now: Timestamp,
    ) -> Result<Option<Effect>, Refusal> {
        let Some(open) = self.open.get(&id) else {
            return self.receive_fulfill_of_finished(id, fulfillment, protocol_data, now);
        };
        let (Direction::Outgoing, Terms::Conditional(transfer)) = (open.direction, &open.terms) else {
            return Err(Refusal::NotThePayee);
        };
        if open.state != State::Prepared {
            return Err(Refusal::AlreadyRolledBack);
        }
        // Where the peer's ledger decides, so does its clock: a Fulfill that it still sends is in time.
        if self.config.authority != Authority::Theirs && now >= transfer.expires_at {
            return Err(Refusal::AlreadyRolledBack);
        }
        if !fulfillment.fulfills(&transfer.condition) {
            return Err(Refusal::InvalidFulfillment);
        }
        Ok(Some(self.decide(Fact::Fulfilled { id, fulfillment, protocol_data }, now)))
    }

    /// The peer declines a transfer of ours, or tells that a transfer on the ledger it hosts has expired.
    pub fn receive_reject(&mut self, id: TransferId, protocol_data: Bytes, now: Timestamp) -> Result<Option<Effect>, Refusal> {
        let hosts = self.config.authority == Authority::Theirs;
        let Some(open) = self.open.get(&id) else {
            let finished = self.memory.get(&id).ok_or(Refusal::TransferNotFound)?;
            return match finished.outcome {
                _ if finished.direction == Direction::Incoming && !hosts => Err(Refusal::NotThePayee),
                Outcome::Fulfilled(_) | Outcome::Transferred => Err(Refusal::AlreadyFulfilled),
                // The host says what we assumed: from here on it cannot say anything else.
                Outcome::RolledBack if self.memory.lapsed(&id).is_some() => {
                    Ok(Some(self.decide(Fact::Rejected { id, by: Party::Peer, protocol_data }, now)))
                }
                Outcome::RolledBack => Ok(None),
            };
        };
        if open.direction == Direction::Incoming && !hosts || matches!(open.terms, Terms::Unconditional { .. }) {
            return Err(Refusal::NotThePayee);
        }
        match open.state {
            State::Prepared => Ok(Some(self.decide(Fact::Rejected { id, by: Party::Peer, protocol_data }, now))),
            // Our Fulfill is on its way: the answer to it ends the doubt.
            State::Fulfilling { .. } | State::RejectOwed { .. } | State::ExpiryOwed | State::Transferring => Ok(None),
            State::FulfillOwed { .. } => Err(Refusal::AlreadyFulfilled),
        }
    }

    /// The peer pays us without a condition (BTP type 7). With an `id`, a repeat is noticed.
    pub fn receive_transfer(
        &mut self,
        id: Option<TransferId>,
        amount: u64,
        protocol_data: Bytes,
        now: Timestamp,
    ) -> Result<Option<Effect>, Refusal> {
        if let Some(id) = id {
            if self.open.contains_key(&id) {
                return Err(Refusal::DuplicateId);
            }
            if let Some(finished) = self.memory.get(&id) {
                let same = finished.direction == Direction::Incoming
                    && finished.digest == digest_terms(&Terms::Unconditional { id, amount, protocol_data });
                return if same { Ok(None) } else { Err(Refusal::DuplicateId) };
            }
        }
        if amount == 0 {
            return Err(Refusal::ZeroAmount);
        }
        if !self.sums.fits(Direction::Incoming, amount, &self.bounds) {
            return Err(Refusal::InsufficientBalance);
        }
        Ok(Some(self.decide(Fact::Transferred { direction: Direction::Incoming, id, amount, protocol_data }, now)))
    }
}

impl Trustline {
    fn receive_fulfill_of_finished(
        &mut self,
        id: TransferId,
        fulfillment: Fulfillment,
        protocol_data: Bytes,
        now: Timestamp,
    ) -> Result<Option<Effect>, Refusal> {
        if let Some(transfer) = self.memory.lapsed(&id) {
            // We gave it up without the host's word, and this is its word.
            if !fulfillment.fulfills(&transfer.condition) {
                return Err(Refusal::InvalidFulfillment);
            }
            return Ok(Some(self.decide(Fact::Fulfilled { id, fulfillment, protocol_data }, now)));
        }
        match self.memory.get(&id) {
            None => Err(Refusal::TransferNotFound),
            Some(Finished { direction: Direction::Incoming, .. }) => Err(Refusal::NotThePayee),
            Some(Finished { outcome: Outcome::RolledBack, .. }) => Err(Refusal::AlreadyRolledBack),
            // One that is not known any more is taken on trust: it is fulfilled, and nothing changes.
            Some(Finished { outcome: Outcome::Fulfilled(known), .. }) if known.is_none_or(|known| known == fulfillment) => Ok(None),
            Some(_) => Err(Refusal::InvalidFulfillment),
        }
    }
}
