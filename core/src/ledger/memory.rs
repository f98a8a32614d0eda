//! What is remembered of finished transfers, so that a repeat of their messages moves no money.

use alloc::collections::BinaryHeap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::outcome::Outcome;
use super::transfer::{Direction, Terms, Transfer};
use crate::transfer_map::{TransferMap, transfer_map};
use crate::{Timestamp, TransferId};

/// 72 bytes with its key. Of the contents a 64-bit digest is enough, because mistaking a repeat only ever changes which
/// answer says that nothing changed; the fulfillment is kept whole, for who asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Finished {
    pub(super) direction: Direction,
    pub(super) digest: u64,
    pub(super) outcome: Outcome,
    pub(super) forget_at: Timestamp,
}

/// The finished transfers, each until its time to be forgotten.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    finished: TransferMap<Finished>,
    due: BinaryHeap<Reverse<(Timestamp, TransferId)>>,
    /// Of those rolled back, the few that the host of the ledger may still fulfill. Nearly always empty.
    lapsed: TransferMap<Arc<Transfer>>,
}

impl Memory {
    pub(super) fn new(seed: u64) -> Self {
        Self { finished: transfer_map(seed), due: BinaryHeap::new(), lapsed: transfer_map(seed) }
    }

    pub(super) fn get(&self, id: &TransferId) -> Option<&Finished> {
        self.finished.get(id)
    }

    /// Makes room for so many more at once.
    pub(super) fn reserve(&mut self, more: usize) {
        self.finished.reserve(more);
        self.due.reserve(more);
    }

    pub(super) fn remember(&mut self, id: TransferId, finished: Finished) {
        self.due.push(Reverse((finished.forget_at, id)));
        self.finished.insert(id, finished);
    }

    pub(super) fn forget(&mut self, now: Timestamp) {
        while let Some(Reverse((at, id))) = self.due.peek()
            && *at <= now
        {
            // One that has lapsed since is remembered for longer, and stands here again.
            if self.finished.get(id).is_some_and(|finished| finished.forget_at <= *at) {
                self.finished.remove(id);
                self.lapsed.remove(id);
            }
            self.due.pop();
        }
    }

    /// A remembered transfer that was rolled back without the host's word.
    pub(super) fn lapsed(&self, id: &TransferId) -> Option<&Arc<Transfer>> {
        self.lapsed.get(id)
    }

    /// What they come to.
    pub(super) fn lapsed_amount(&self) -> u128 {
        #[expect(clippy::disallowed_methods, reason = "a sum is the same in any order")]
        let amounts = self.lapsed.values().map(|transfer| u128::from(transfer.amount));
        amounts.fold(0, u128::saturating_add)
    }

    /// The transfer is remembered as rolled back, but on our word alone, and so until `forget_at`.
    pub(super) fn lapse(&mut self, transfer: Arc<Transfer>, forget_at: Timestamp) {
        if let Some(finished) = self.finished.get_mut(&transfer.id)
            && finished.forget_at != forget_at
        {
            finished.forget_at = forget_at;
            self.due.push(Reverse((forget_at, transfer.id)));
        }
        self.lapsed.insert(transfer.id, transfer);
    }

    /// The host has spoken about a lapsed transfer.
    pub(super) fn resolve_lapsed(&mut self, id: &TransferId, outcome: Outcome) -> Option<Arc<Transfer>> {
        let transfer = self.lapsed.remove(id)?;
        if let Some(finished) = self.finished.get_mut(id) {
            finished.outcome = outcome;
        }
        Some(transfer)
    }

    pub(super) fn len(&self) -> usize {
        self.finished.len()
    }

    /// In the order in which they are forgotten, so that equal memories give equal lists.
    pub(super) fn iter_sorted(&self) -> Vec<(TransferId, Finished)> {
        let mut due: Vec<_> = self.due.iter().map(|Reverse(due)| *due).collect();
        due.sort_unstable();
        due.dedup();
        due.into_iter()
            .filter_map(|(at, id)| self.finished.get(&id).filter(|finished| finished.forget_at == at).map(|finished| (id, *finished)))
            .collect()
    }
}

/// A fixed-key digest: it is stored, so it must not depend on a seed.
pub(super) fn digest_terms(terms: &Terms) -> u64 {
    let mut hasher = SipHasher13::new();
    match terms {
        Terms::Conditional(transfer) => {
            hasher.write_u64(transfer.amount);
            hasher.write(transfer.condition.as_bytes());
            hasher.write_i64(transfer.expires_at.as_millis());
            hasher.write(&transfer.protocol_data);
        }
        Terms::Unconditional { amount, protocol_data, .. } => {
            hasher.write_u64(*amount);
            hasher.write(protocol_data);
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What its documentation says: a busy ledger remembers millions.
    #[test]
    fn a_finished_transfer_takes_72_bytes() {
        assert_eq!(size_of::<(TransferId, Finished)>(), 72);
    }
}
