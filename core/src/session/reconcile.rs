//! What became of transfers that the peer no longer speaks of: its balance tells, where it can.

use alloc::vec::Vec;
use core::time::Duration;

use super::dispute::Dispute;
use super::error_name::ErrorName;
use super::machine::Session;
use super::output::{Deadline, DeadlineReason, Event};
use super::request_table::Request;
use super::subprotocol::{self, PeerSums};
use crate::ledger::{Authority, Direction, OpenTransfer, State, Terms};
use crate::wire::{Body, ErrorPacket, ProtocolData};
use crate::{Timestamp, TransferId};

/// How long after a balance that explained nothing the peer is asked again.
const RECONCILE_EVERY: Duration = Duration::from_secs(60);

/// How long after an answer that came too late to be compared the peer is asked again.
const COMPARE_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Of so many amounts at most all choices are looked at.
const MOST_CHOSEN_FROM: usize = 12;

/// So often the peer is asked again because it is in doubt itself.
const MOST_HIDDEN: u8 = 10;

/// The transfers that only the peer's balance can decide.
#[derive(Debug, Default)]
struct Undecided {
    /// Our payments on the peer's ledger, expired long ago. If they were paid, we lack the fulfillment that says so.
    overdue: Vec<TransferId>,
    /// Payments to us that we fulfilled, in that order, and which the peer has forgotten since.
    fulfilled: Vec<TransferId>,
    /// Unconditional payments of ours, in that order, that can be repeated no more, because the peer may have forgotten
    /// that it took them.
    transferred: Vec<TransferId>,
}

impl Undecided {
    fn len(&self) -> usize {
        self.outgoing() + self.fulfilled.len()
    }

    fn outgoing(&self) -> usize {
        self.overdue.len() + self.transferred.len()
    }

    /// Whether the peer is in doubt itself about what would decide these.
    fn is_hidden_by(&self, sums: &PeerSums) -> bool {
        (!self.fulfilled.is_empty() && sums.paid_in_doubt > 0) || (self.outgoing() > 0 && sums.received_in_doubt > 0)
    }

    /// What the balances tell without the sums. Payments of both directions could cancel each other out, and what a silent
    /// host took could be an overdue payment as well as an unconditional one: then they tell nothing.
    fn missing(&self, ours: i128, theirs: i128) -> Option<Missing> {
        if self.outgoing() == 0 {
            return Some(Missing { incoming: theirs - ours, outgoing: 0 });
        }
        let is_clear = self.fulfilled.is_empty() && (self.overdue.is_empty() || theirs == ours);
        is_clear.then_some(Missing { incoming: 0, outgoing: ours - theirs })
    }
}

/// How much more the peer's books have of what we received, and of what we paid.
#[derive(Clone, Copy, Debug)]
struct Missing {
    incoming: i128,
    outgoing: i128,
}

fn not_paid(now: Timestamp) -> ErrorPacket {
    ErrorName::TransferNotFound.error("the peer's balance shows that it was not paid", now)
}

impl Session {
    /// Whether the peer may have forgotten a transfer, so that its answer to a repeat would prove nothing.
    pub(super) fn may_be_forgotten(&self, open: &OpenTransfer, now: Timestamp) -> bool {
        self.forgotten_at(open) <= now
    }

    /// From when on the peer may have forgotten a transfer: a conditional one when it has expired long ago, an unconditional
    /// one when it was made long ago. A peer remembers for a margin by its clock; half of that by ours leaves the other half
    /// for what the clocks differ.
    pub(super) fn forgotten_at(&self, open: &OpenTransfer) -> Timestamp {
        match &open.terms {
            Terms::Conditional(transfer) => transfer.expires_at.saturating_add(self.config.limits.memory_margin / 2),
            Terms::Unconditional { .. } => open.since.saturating_add(self.config.limits.furthest_expiry),
        }
    }

    /// The transfer waits for the peer's balance.
    pub(super) fn in_doubt(&mut self, id: TransferId, now: Timestamp) {
        self.doubtful.insert(id);
        self.reconcile(now);
    }

    /// Asks the peer for its balance, if anything depends on it.
    pub(super) fn reconcile(&mut self, now: Timestamp) {
        if now < self.reconcile_after || (self.doubtful.is_empty() && !self.is_overdue(now)) {
            return;
        }
        let Some(connection) = self.connections.newest_ready().map(|connection| connection.id) else { return };
        self.reconcile_after = now.saturating_add(RECONCILE_EVERY);
        let request = Request::Reconcile { sequence: self.trustline.sequence() };
        let deadline = now.saturating_add(self.config.limits.request_timeout);
        if !self.request_on(connection, request, Body::Message(subprotocol::reconcile_request()), deadline) {
            self.reconcile_after = now.saturating_add(COMPARE_AGAIN_AFTER);
        }
    }

    /// When the peer is to be asked; without a connection it cannot be, and one that was asked is left in peace for a while.
    pub(super) fn reconcile_deadline(&self) -> Option<Deadline> {
        if !self.is_connected() {
            return None;
        }
        let at = if self.doubtful.is_empty() { self.overdue_at()?.max(self.reconcile_after) } else { self.reconcile_after };
        Some(Deadline { at, reason: DeadlineReason::Reconcile })
    }

    /// `sequence` is our trustline's when the question was sent.
    pub(super) fn reconcile_answered(&mut self, sequence: u64, answer: Result<ProtocolData, ErrorPacket>, now: Timestamp) {
        let Ok(answer) = answer else { return };
        let Some(theirs) = subprotocol::read_balance(&answer) else { return };
        let mut undecided = self.undecided(now);
        let sums = subprotocol::read_sums(&answer);
        if sums.is_some() {
            self.ask_about(&mut undecided.overdue, now);
        }
        if undecided.len() == 0 {
            return;
        }
        if !self.is_same_moment(sequence) {
            self.reconcile_after = now.saturating_add(COMPARE_AGAIN_AFTER);
            return;
        }
        // The peer's own doubts mostly end when it has our answers. Two that wait for each other do not.
        if sums.is_some_and(|sums| undecided.is_hidden_by(&sums)) && self.hidden < MOST_HIDDEN {
            self.hidden += 1;
            self.reconcile_after = now.saturating_add(COMPARE_AGAIN_AFTER);
            return;
        }
        let is_hidden = core::mem::take(&mut self.hidden) == MOST_HIDDEN;
        let (ours, theirs) = (self.balance(), -i128::from(theirs));
        let missing = match sums {
            _ if is_hidden => None,
            Some(sums) => self.missing(&sums),
            None => undecided.missing(ours, theirs),
        };
        let decided = missing.is_some_and(|missing| {
            // Both, even if the first is not decided.
            self.decide_incoming(&undecided, missing.incoming, now) & self.decide_outgoing(&undecided, missing.outgoing, now)
        });
        if !decided {
            self.event(Event::Dispute(Dispute::Balance { ours, theirs, undecided: undecided.len() }));
        }
    }

    /// Asks about each of these payments that a host of our kind can still speak of, and leaves the others.
    ///
    /// Its books would not tell: others may pay over the same account, and by its clock the payment may still be open. But
    /// it answers a repeated Prepare as the transfer stands, and it keeps an outcome that we have not acknowledged for
    /// longer than any payment may live, so that until then a refusal means that it was not paid.
    fn ask_about(&mut self, overdue: &mut Vec<TransferId>, now: Timestamp) {
        let furthest = self.config.limits.furthest_expiry;
        let is_kept_there = |open: &OpenTransfer| now < open.since.saturating_add(furthest);
        let (kept, others) = overdue.iter().partition(|id| self.trustline.open_transfer(id).is_some_and(is_kept_there));
        *overdue = others;
        let kept: Vec<TransferId> = kept;
        for id in kept {
            self.repeat_prepare(id, now);
        }
    }

    /// What the peer's books have and ours have not.
    fn missing(&self, theirs: &PeerSums) -> Option<Missing> {
        let ours = self.sums();
        let difference = |theirs: u128, ours: u128| i128::try_from(theirs).ok()?.checked_sub(i128::try_from(ours).ok()?);
        Some(Missing {
            incoming: difference(theirs.paid, ours.incoming_posted)?,
            outgoing: difference(theirs.received, ours.outgoing_posted)?,
        })
    }

    /// Returns whether the peer's books, which have `missing` more of our income than ours, decide the matter.
    fn decide_incoming(&mut self, undecided: &Undecided, missing: i128, now: Timestamp) -> bool {
        if undecided.fulfilled.is_empty() {
            return true;
        }
        let Some(taken) = self.explain(&undecided.fulfilled, missing) else { return false };
        for (id, is_taken) in undecided.fulfilled.iter().zip(taken) {
            if is_taken {
                self.fulfill_accepted(*id, now);
            } else {
                self.fulfill_refused(*id, not_paid(now), now);
            }
        }
        true
    }

    /// Returns whether the peer's books, which have `missing` more of our spending than ours, decide the matter.
    fn decide_outgoing(&mut self, undecided: &Undecided, missing: i128, now: Timestamp) -> bool {
        if undecided.outgoing() == 0 {
            return true;
        }
        // None of what is overdue was paid: a host that can name its sums has told its fulfillments before it answered.
        let Some(taken) = self.explain(&undecided.transferred, missing) else { return false };
        for id in &undecided.overdue {
            self.expire_one(*id, now);
        }
        for (id, is_taken) in undecided.transferred.iter().zip(taken) {
            if is_taken {
                self.transfer_accepted(*id, now);
            } else {
                self.outgoing_refused(*id, not_paid(now), now);
            }
        }
        true
    }

    /// Which of these requests, which were sent in this order, the peer took, if it took `missing` in all: those before the moment
    /// at which the connection broke. If that does not explain it, some of these were refused, such as for coming too late: then
    /// they must be the only ones that do.
    fn explain(&self, ids: &[TransferId], missing: i128) -> Option<Vec<bool>> {
        let amount = |id| self.trustline.open_transfer(id).map_or(0, |open| i128::from(open.terms.amount()));
        let amounts: Vec<i128> = ids.iter().map(amount).collect();
        let before_the_break = (0..=amounts.len()).find(|end| amounts[..*end].iter().sum::<i128>() == missing);
        match before_the_break {
            Some(end) => Some((0..amounts.len()).map(|index| index < end).collect()),
            None => only_choice(&amounts, missing),
        }
    }

    /// Whether the peer's balance and ours speak of the same moment. A host decides alone, and everything it sent before
    /// its answer has been handled, if it came the same way. Elsewhere the peer may wait for answers of ours, and counts
    /// only with them: the two can be compared if our books did not change while it answered.
    fn is_same_moment(&self, sequence: u64) -> bool {
        (self.config.authority == Authority::Theirs && self.connections.len() == 1) || self.trustline.sequence() == sequence
    }

    fn undecided(&self, now: Timestamp) -> Undecided {
        let mut undecided = Undecided::default();
        if let Some(before) = self.overdue_before(now) {
            undecided.overdue.extend(self.trustline.expired(Direction::Outgoing, before));
        }
        let mut doubtful: Vec<_> = self.doubtful.iter().filter_map(|id| Some((self.trustline.open_transfer(id)?, *id))).collect();
        doubtful.sort_unstable_by_key(|(open, _)| open.sequence);
        for (open, id) in doubtful {
            match open.state {
                State::Fulfilling { .. } => undecided.fulfilled.push(id),
                State::Transferring => undecided.transferred.push(id),
                _ => {}
            }
        }
        undecided
    }

    /// When the first payment of ours on the peer's ledger will be past its expiry by more than the grace.
    fn overdue_at(&self) -> Option<Timestamp> {
        let theirs = self.config.authority == Authority::Theirs;
        let first = self.trustline.next_expiry(Direction::Outgoing).filter(|_| theirs)?;
        Some(first.saturating_add(self.config.limits.expiry_grace))
    }

    fn is_overdue(&self, now: Timestamp) -> bool {
        self.overdue_at().is_some_and(|at| at <= now)
    }

    /// What expired until then is overdue.
    fn overdue_before(&self, now: Timestamp) -> Option<Timestamp> {
        self.is_overdue(now).then(|| now.saturating_sub(self.config.limits.expiry_grace))
    }
}

/// The choice of these amounts that adds up to `sum`, if there is exactly one. `None` if they are too many to look at all choices.
fn only_choice(amounts: &[i128], sum: i128) -> Option<Vec<bool>> {
    if amounts.len() > MOST_CHOSEN_FROM {
        return None;
    }
    let is_chosen = |choice: u32, index: usize| choice >> index & 1 == 1;
    let total = |choice| amounts.iter().enumerate().filter(|(index, _)| is_chosen(choice, *index)).map(|(_, amount)| amount).sum::<i128>();
    let mut choices = (0..1_u32 << amounts.len()).filter(|choice| total(*choice) == sum);
    let choice = choices.next()?;
    choices.next().is_none().then(|| (0..amounts.len()).map(|index| is_chosen(choice, index)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_told_if_it_is_the_only_one() {
        let [yes, no] = [true, false];
        for (amounts, sum, chosen) in [
            (&[3, 4, 6][..], 9, Some(alloc::vec![yes, no, yes])),
            (&[3, 4, 6], 7, Some(alloc::vec![yes, yes, no])),
            (&[3, 4, 6], 13, Some(alloc::vec![yes, yes, yes])),
            (&[3, 4, 6], 0, Some(alloc::vec![no, no, no])),
            (&[3, 4, 6], 5, None),
            (&[3, 4, 7], 7, None),
            (&[], 0, Some(alloc::vec![])),
        ] {
            assert_eq!(only_choice(amounts, sum), chosen, "{sum} of {amounts:?}");
        }
    }

    #[test]
    fn of_many_amounts_not_all_choices_are_looked_at() {
        let powers: Vec<i128> = (0..=MOST_CHOSEN_FROM).map(|n| 1 << n).collect();
        assert!(only_choice(&powers[..MOST_CHOSEN_FROM], 1).is_some());
        assert_eq!(only_choice(&powers, 1), None);
    }
}
