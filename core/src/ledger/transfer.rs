//! A transfer, and the states in which it is open.

use alloc::sync::Arc;

use bytes::Bytes;

use crate::{Condition, Fulfillment, Timestamp, TransferId};

/// Which way money moves, seen from us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The peer pays us.
    Incoming,
    /// We pay the peer.
    Outgoing,
}

/// A conditional transfer as its payer described it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Chosen by the payer, never used twice.
    pub id: TransferId,
    /// In the trustline's smallest unit; not zero.
    pub amount: u64,
    /// What the fulfillment must hash to.
    pub condition: Condition,
    /// From this moment on it cannot be fulfilled. Whose clock says so depends on the [authority](super::Authority).
    pub expires_at: Timestamp,
    /// The encoded protocol data that travels with it; opaque to the ledger.
    pub protocol_data: Bytes,
}

/// A transfer of which something is still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTransfer {
    /// Which way the money moves.
    pub direction: Direction,
    /// What was agreed.
    pub terms: Terms,
    /// What it waits for.
    pub state: State,
    /// The sequence number of the effect that brought it into this state.
    pub sequence: u64,
    /// When that effect was decided.
    pub since: Timestamp,
}

/// What a transfer was agreed to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Terms {
    /// Against a condition and until an expiry.
    Conditional(Arc<Transfer>),
    /// At once (BTP type 7).
    Unconditional {
        /// Chosen by the payer; lets the payee notice a repeat.
        id: TransferId,
        /// In the trustline's smallest unit; not zero.
        amount: u64,
        /// The encoded protocol data that travels with it; opaque to the ledger.
        protocol_data: Bytes,
    },
}

impl Terms {
    /// The amount in the trustline's smallest unit.
    pub fn amount(&self) -> u64 {
        match self {
            Self::Conditional(transfer) => transfer.amount,
            Self::Unconditional { amount, .. } => *amount,
        }
    }
}

/// What an open transfer waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// For the payee's decision, or for its expiry. The amount is pending. Whether the peer
    /// has answered our Prepare makes no difference, and is not recorded.
    Prepared,
    /// We fulfilled it and the peer's answer decides: in doubt until then. The amount is pending.
    Fulfilling {
        /// Its condition's preimage.
        fulfillment: Fulfillment,
        /// The encoded protocol data of our Fulfill.
        protocol_data: Bytes,
    },
    /// An unconditional transfer of ours that the peer has not answered. The amount is pending.
    Transferring,
    /// We fulfilled it on our own ledger, and the peer has not yet answered our Fulfill. The amount is posted.
    FulfillOwed {
        /// Its condition's preimage.
        fulfillment: Fulfillment,
        /// The encoded protocol data of our Fulfill.
        protocol_data: Bytes,
    },
    /// We rejected it, and the peer has not yet answered our Reject. The amount is released.
    RejectOwed {
        /// The encoded protocol data of our Reject.
        protocol_data: Bytes,
    },
    /// It expired on our clock, and the peer has not yet answered our Reject. The amount is released.
    ExpiryOwed,
}

impl State {
    /// Whether the amount is still held as pending.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Prepared | Self::Fulfilling { .. } | Self::Transferring)
    }
}

impl OpenTransfer {
    /// Whether the peer has to be told of it by a request of ours, and again after a lost connection. Only a transfer that
    /// waits for our own decision needs none.
    pub fn awaits_answer(&self) -> bool {
        self.state != State::Prepared || self.direction == Direction::Outgoing
    }
}
