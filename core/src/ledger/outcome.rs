//! How transfers ended, and by which fulfillments.

use core::fmt;

use super::transfer::{State, Terms};
use super::trustline::Trustline;
use crate::{Fulfillment, TransferId};

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The money moved, for this fulfillment. `None`: that is no longer known, because an earlier version of a store did
    /// not keep it.
    Fulfilled(Option<Fulfillment>),
    /// The money moved, without a condition.
    Transferred,
    /// The money stayed where it was.
    RolledBack,
}

/// Why there is no fulfillment of a transfer. The variants are in the order in which they are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoFulfillment {
    /// No transfer of this id is open or remembered. A finished one is remembered at least until its expiry and the
    /// [memory margin](crate::Limits::memory_margin) are past.
    TransferNotFound,
    /// The transfer has no condition.
    Unconditional,
    /// It is not decided yet: it is prepared, or the peer has not answered our Fulfill, on which the money depends.
    Undecided,
    /// It was rejected, refused, or expired: the money stayed where it was.
    RolledBack,
    /// It was fulfilled, but an earlier version of the store did not keep the fulfillment.
    NotKept,
}

impl fmt::Display for NoFulfillment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TransferNotFound => "no transfer with this id is known",
            Self::Unconditional => "the transfer has no condition, and so no fulfillment",
            Self::Undecided => "the transfer is not fulfilled yet",
            Self::RolledBack => "the transfer was rolled back",
            Self::NotKept => "the transfer was fulfilled, but its fulfillment was not kept",
        })
    }
}

impl core::error::Error for NoFulfillment {}

impl Trustline {
    /// The fulfillment by which a transfer was paid, in either direction, as long as the transfer is remembered.
    pub fn fulfillment(&self, id: &TransferId) -> Result<Fulfillment, NoFulfillment> {
        if let Some(open) = self.open.get(id) {
            return match (&open.terms, &open.state) {
                (Terms::Unconditional { .. }, _) => Err(NoFulfillment::Unconditional),
                (_, State::FulfillOwed { fulfillment, .. }) => Ok(*fulfillment),
                (_, State::RejectOwed { .. } | State::ExpiryOwed) => Err(NoFulfillment::RolledBack),
                (_, State::Prepared | State::Fulfilling { .. } | State::Transferring) => Err(NoFulfillment::Undecided),
            };
        }
        match self.memory.get(id).ok_or(NoFulfillment::TransferNotFound)?.outcome {
            Outcome::Fulfilled(fulfillment) => fulfillment.ok_or(NoFulfillment::NotKept),
            Outcome::Transferred => Err(NoFulfillment::Unconditional),
            Outcome::RolledBack => Err(NoFulfillment::RolledBack),
        }
    }
}
