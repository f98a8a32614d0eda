//! The whole state of a trustline at one moment, to store, compare and rebuild from.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::lineage::Lineage;
use super::memory::Finished;
use super::outcome::Outcome;
use super::sums::{Bounds, Sums};
use super::transfer::{Direction, OpenTransfer, State, Terms, Transfer};
use super::trustline::{Trustline, TrustlineConfig};
use crate::{Timestamp, TransferId};

/// A trustline's state after the effect with number [`sequence`](Self::sequence). A snapshot and the effects after it
/// rebuild the trustline exactly; two trustlines are the same if their snapshots are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The number of the last effect it contains.
    pub sequence: u64,
    /// The four sums.
    pub sums: Sums,
    /// The bounds in force.
    pub bounds: Bounds,
    /// The open transfers, in the order in which they came into their present state.
    pub open: Vec<(TransferId, OpenTransfer)>,
    /// The finished transfers that are remembered, in the order in which they are forgotten, and of one moment by id.
    pub finished: Vec<FinishedTransfer>,
    /// Which ledger this is, and which others it has seen.
    pub lineage: Lineage,
}

/// What is remembered of a finished transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinishedTransfer {
    /// Its id.
    pub id: TransferId,
    /// Which way it paid.
    pub direction: Direction,
    /// A digest of its contents.
    pub digest: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// When it is forgotten.
    pub forget_at: Timestamp,
    /// The transfer itself, if it was rolled back without the word of the peer that hosts the ledger.
    pub lapsed: Option<Arc<Transfer>>,
}

impl Trustline {
    /// The whole state. Costs a copy and a sort of everything open and remembered.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            sequence: self.sequence,
            sums: self.sums,
            bounds: self.bounds,
            open: self.open_transfers().into_iter().map(|(id, open)| (id, open.clone())).collect(),
            finished: self.memory.iter_sorted().iter().map(|(id, finished)| self.describe(*id, finished)).collect(),
            lineage: self.lineage.clone(),
        }
    }

    /// What is remembered of a transfer, if it is finished and not forgotten.
    pub fn finished_transfer(&self, id: &TransferId) -> Option<FinishedTransfer> {
        Some(self.describe(*id, self.memory.get(id)?))
    }

    /// The trustline whose [`snapshot`](Self::snapshot) this is.
    pub fn from_snapshot(config: TrustlineConfig, snapshot: Snapshot) -> Self {
        let mut trustline = Self::new(config);
        trustline.sequence = snapshot.sequence;
        trustline.sums = snapshot.sums;
        trustline.bounds = snapshot.bounds;
        trustline.lineage = snapshot.lineage;
        for (id, open) in snapshot.open {
            if let (State::Prepared, Terms::Conditional(transfer)) = (&open.state, &open.terms) {
                trustline.expiries.insert(open.direction, transfer.expires_at, id);
            }
            trustline.open.insert(id, open);
        }
        trustline.memory.reserve(snapshot.finished.len());
        for FinishedTransfer { id, direction, digest, outcome, forget_at, lapsed } in snapshot.finished {
            trustline.memory.remember(id, Finished { direction, digest, outcome, forget_at });
            if let Some(transfer) = lapsed {
                trustline.memory.lapse(transfer, forget_at);
            }
        }
        trustline
    }

    fn describe(&self, id: TransferId, finished: &Finished) -> FinishedTransfer {
        FinishedTransfer {
            id,
            direction: finished.direction,
            digest: finished.digest,
            outcome: finished.outcome,
            forget_at: finished.forget_at,
            lapsed: self.memory.lapsed(&id).cloned(),
        }
    }
}
