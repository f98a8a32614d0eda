//! What an append takes from a trustline.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use trustline_core::TransferId;
use trustline_core::ledger::{Authority, Bounds, Direction, Effect, Fact, FinishedTransfer, OpenTransfer, Sums, Trustline};

use crate::journal::Committed;

/// The next effects of an account, and what they changed.
pub(super) struct Batch {
    pub(super) account: Box<str>,
    pub(super) authority: Authority,
    /// Not empty, and in order.
    pub(super) effects: Vec<Effect>,
    /// Each transfer once, by id, as the last of the effects left it.
    pub(super) changes: Vec<Change>,
    pub(super) bounds: Bounds,
    pub(super) sums: Sums,
    pub(super) waiting: Arc<dyn Committed>,
}

/// What became of a transfer.
#[derive(Debug)]
pub(super) enum Change {
    /// It is open, in this state.
    Open(TransferId, OpenTransfer),
    /// It is finished.
    Closed {
        id: TransferId,
        /// Effects before this batch left it open, so that it is stored as such.
        was_open: bool,
        /// `None`: it is forgotten too.
        finished: Option<FinishedTransfer>,
    },
}

impl Batch {
    /// `state` is the trustline after `effects`.
    pub(super) fn new(account: &str, effects: Vec<Effect>, state: &Trustline, waiting: Arc<dyn Committed>) -> Self {
        let mut touched = BTreeMap::new();
        for effect in &effects {
            if let Some((id, is_new)) = touches(&effect.fact) {
                touched.entry(id).or_insert(is_new);
            }
        }
        let change = |(id, is_new): (TransferId, bool)| match state.open_transfer(&id) {
            Some(open) => Change::Open(id, open.clone()),
            None => Change::Closed { id, was_open: !is_new, finished: state.finished_transfer(&id) },
        };
        Self {
            account: account.into(),
            authority: state.authority(),
            changes: touched.into_iter().map(change).collect(),
            effects,
            bounds: *state.bounds(),
            sums: *state.sums(),
            waiting,
        }
    }
}

/// The transfer that a fact is about, and whether it begins there.
fn touches(fact: &Fact) -> Option<(TransferId, bool)> {
    match fact {
        Fact::Prepared { transfer, .. } => Some((transfer.id, true)),
        Fact::Transferring { id, .. } => Some((*id, true)),
        Fact::Transferred { direction, id, .. } => id.map(|id| (id, *direction == Direction::Incoming)),
        Fact::Fulfilling { id, .. }
        | Fact::Fulfilled { id, .. }
        | Fact::Rejected { id, .. }
        | Fact::Refused { id }
        | Fact::Expired { id }
        | Fact::Acknowledged { id } => Some((*id, false)),
        Fact::BoundsChanged { .. } => None,
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("account", &self.account).field("effects", &self.effects.len()).finish_non_exhaustive()
    }
}
