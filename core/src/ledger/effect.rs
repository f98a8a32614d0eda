//! Ledger facts: what an embedder stores, and what a trustline is rebuilt from.

use alloc::sync::Arc;

use bytes::Bytes;

use super::lineage::Position;
use super::sums::Bounds;
use super::transfer::{Direction, Transfer};
use crate::{Fulfillment, LedgerId, Timestamp, TransferId};

/// One change of a trustline: decided once, never reconsidered. Applying the effects of a trustline in the order of
/// their sequence numbers to a new one rebuilds it exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// 1 for the first effect of a trustline, and one more for each.
    pub sequence: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// What was decided.
    pub fact: Fact,
}

/// What an [`Effect`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A conditional transfer holds its amount.
    Prepared {
        /// Which way it pays.
        direction: Direction,
        /// What was agreed.
        transfer: Arc<Transfer>,
    },
    /// We fulfilled an incoming transfer where the peer's answer decides: it is in doubt until then. Still pending.
    Fulfilling {
        /// The transfer.
        id: TransferId,
        /// Its condition's preimage.
        fulfillment: Fulfillment,
        /// The encoded protocol data of our Fulfill.
        protocol_data: Bytes,
    },
    /// The amount is posted: pending no more, but for the one case of a transfer that had [`Expired`](Self::Expired) on our
    /// clock alone, and which the host of the ledger fulfilled all the same; its amount is released already.
    Fulfilled {
        /// The transfer.
        id: TransferId,
        /// Its condition's preimage.
        fulfillment: Fulfillment,
        /// The encoded protocol data of the Fulfill.
        protocol_data: Bytes,
    },
    /// The amount is released: the payee, or the host, said no. Where the transfer had [`Expired`](Self::Expired) on our
    /// clock alone, it is released already, and the host of the ledger has confirmed that.
    Rejected {
        /// The transfer.
        id: TransferId,
        /// Who rejected it.
        by: Party,
        /// The encoded protocol data of the Reject.
        protocol_data: Bytes,
    },
    /// The amount is released: the peer answered our Prepare, Transfer or Fulfill with an Error, or its balance shows that
    /// it never took it.
    Refused {
        /// The transfer.
        id: TransferId,
    },
    /// The amount is released: nobody fulfilled it in time.
    Expired {
        /// The transfer.
        id: TransferId,
    },
    /// The peer answered the Fulfill or Reject that told it our decision, or there is nobody left to tell. No amount moves.
    Acknowledged {
        /// The transfer.
        id: TransferId,
    },
    /// An unconditional transfer of ours holds its amount until the peer's answer.
    Transferring {
        /// The transfer.
        id: TransferId,
        /// In the trustline's smallest unit.
        amount: u64,
        /// The encoded protocol data of the Transfer.
        protocol_data: Bytes,
    },
    /// The amount of an unconditional transfer is posted. Ours was pending since [`Transferring`](Self::Transferring); the
    /// peer's never was.
    Transferred {
        /// Which way it pays.
        direction: Direction,
        /// The transfer; `None` where the peer gave it no id, so that no repeat can be told from it.
        id: Option<TransferId>,
        /// In the trustline's smallest unit.
        amount: u64,
        /// The encoded protocol data of the Transfer.
        protocol_data: Bytes,
    },
    /// The bounds on the balance are now these, for what is prepared from now on.
    BoundsChanged {
        /// The new bounds.
        bounds: Bounds,
    },
    /// A process has opened the ledger: what follows is its doing. No amount moves.
    Opened {
        /// The name of the opening; that of the first is the ledger's.
        id: LedgerId,
    },
    /// A ledger of the peer has come this far. No amount moves.
    PeerSeen {
        /// How far.
        position: Position,
    },
    /// A peer takes part that does not name its ledger. No amount moves.
    UnnamedPeerSeen,
}

impl Fact {
    /// Whether it is about the ledgers themselves and not about what is in them. Such a fact lets no finished transfer be
    /// forgotten.
    pub fn is_lineage(&self) -> bool {
        matches!(self, Self::Opened { .. } | Self::PeerSeen { .. } | Self::UnnamedPeerSeen)
    }
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// This side of the trustline.
    Us,
    /// The other side.
    Peer,
}
