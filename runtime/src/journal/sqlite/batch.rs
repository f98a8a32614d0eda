//! What an append takes from a trustline.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use trustline_core::ledger::{Authority, Bounds, Direction, Effect, Fact, FinishedTransfer, OpenTransfer, Sums, Trustline};
use trustline_core::{LedgerId, TransferId};

use super::lineages::Changes;
use crate::journal::Committed;

/// The next effects of an account, and what they changed.
pub(super) struct Batch {
    pub(super) account: Box<str>,
    pub(super) authority: Authority,
    /// Not empty, and in order.
    pub(super) effects: Vec<Effect>,
    /// The transfers that these effects left open, each in its state. These and the next two are in the order of their
    /// ids.
    pub(super) open: Vec<(TransferId, OpenTransfer)>,
    /// Those that are no longer open, but were before these effects, so that they are stored as such.
    pub(super) closed: Vec<TransferId>,
    /// Those that are finished and remembered.
    pub(super) finished: Vec<FinishedTransfer>,
    pub(super) lineage: Changes,
    pub(super) ledger: Option<LedgerId>,
    pub(super) others: bool,
    pub(super) bounds: Bounds,
    pub(super) sums: Sums,
    pub(super) waiting: Arc<dyn Committed>,
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
        let (mut open, mut closed, mut finished) = (Vec::new(), Vec::new(), Vec::new());
        for (id, is_new) in touched {
            match state.open_transfer(&id) {
                Some(transfer) => open.push((id, transfer.clone())),
                None if is_new => finished.extend(state.finished_transfer(&id)),
                None => {
                    closed.push(id);
                    finished.extend(state.finished_transfer(&id));
                }
            }
        }
        let lineage = effects.iter().find(|effect| effect.fact.is_lineage());
        Self {
            lineage: lineage.map_or_else(Changes::default, |first| Changes::since(first.sequence, state)),
            ledger: state.lineage().ledger,
            others: state.lineage().others,
            account: account.into(),
            authority: state.authority(),
            effects,
            open,
            closed,
            finished,
            bounds: *state.bounds(),
            sums: *state.sums(),
            waiting,
        }
    }

    /// How many rows of the tables it touches.
    pub(super) fn rows(&self) -> usize {
        self.effects.len() + self.open.len() + self.closed.len() + self.finished.len() + self.lineage.rows()
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
        Fact::BoundsChanged { .. } | Fact::Opened { .. } | Fact::PeerSeen { .. } | Fact::UnnamedPeerSeen => None,
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("account", &self.account).field("effects", &self.effects.len()).finish_non_exhaustive()
    }
}
