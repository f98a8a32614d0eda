//! What can be done to a trustline, and a trustline to do it to.

use core::fmt;
use core::time::Duration;

use bytes::Bytes;

use super::numbered::{START, conditional, fulfillment, transfer_id};
use crate::ledger::{
    Authority, Bounds, Effect, FulfillError, Position, PrepareError, Refusal, RejectError, Transfer, Trustline, TrustlineConfig,
};
use crate::{LedgerId, Timestamp};

/// Something that may be done to a [`Trustline`]: what we do, what the peer asks, how it answers, and time that passes.
///
/// Transfers are known by their [number](super::transfer_id), and amounts are in the trustline's smallest unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// We offer to pay.
    Prepare {
        /// Transfer number.
        n: u32,
        /// How much.
        amount: u64,
        /// Milliseconds from the last whole second of the clock to the expiry, so that a repeat is a repeat.
        expires_in: i64,
    },
    /// We pay without a condition.
    Transfer {
        /// Transfer number.
        n: u32,
        /// How much.
        amount: u64,
    },
    /// We take what the peer offered.
    Fulfill {
        /// Transfer number.
        n: u32,
        /// The number of the transfer whose fulfillment is shown: `n` if it is the right one.
        with: u32,
    },
    /// We decline what the peer offered.
    Reject {
        /// Transfer number.
        n: u32,
    },
    /// A transfer's time may be over.
    Expire {
        /// Transfer number.
        n: u32,
    },
    /// The bounds on the balance change.
    SetBounds {
        /// The new ones.
        bounds: Bounds,
    },
    /// The peer offers to pay us.
    ReceivePrepare {
        /// Transfer number.
        n: u32,
        /// How much.
        amount: u64,
        /// Milliseconds from the last whole second of the clock to the expiry, so that a repeat is a repeat.
        expires_in: i64,
    },
    /// The peer pays us without a condition.
    ReceiveTransfer {
        /// Transfer number; `None` where the peer gives it no id, so that a repeat is another transfer.
        n: Option<u32>,
        /// How much.
        amount: u64,
    },
    /// The peer takes what we offered.
    ReceiveFulfill {
        /// Transfer number.
        n: u32,
        /// The number of the transfer whose fulfillment is shown: `n` if it is the right one.
        with: u32,
    },
    /// The peer declines what we offered.
    ReceiveReject {
        /// Transfer number.
        n: u32,
    },
    /// The peer answers a request of ours.
    Answered {
        /// Transfer number.
        n: u32,
        /// Which request about it.
        to: Request,
        /// With a Response, else with an Error.
        accepted: bool,
    },
    /// A process opens the ledger.
    Open {
        /// The name of the opening.
        id: LedgerId,
    },
    /// The peer tells how far its ledger is.
    SeePeer {
        /// How far.
        position: Position,
    },
    /// A peer takes part that does not name its ledger.
    SeeUnnamed,
    /// Time passes.
    Wait {
        /// Milliseconds; less than nothing where the clock is set back.
        millis: i64,
    },
}

/// What we asked of the peer about a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// To prepare it.
    Prepare,
    /// To take it without a condition.
    Transfer,
    /// To know that we fulfilled it.
    Fulfill,
    /// To know that we rejected it, or that it expired.
    Reject,
}

/// A [`Trustline`] and its clock, to which operations are done.
///
/// ```
/// use trustline_core::ledger::{Authority, TrustlineConfig};
/// use trustline_core::testing::{Bank, Operation};
///
/// let mut bank = Bank::new(TrustlineConfig::new(Authority::Ours));
/// bank.perform(&Operation::ReceivePrepare { n: 1, amount: 10, expires_in: 1_000 })?.expect("it is new, so there is an effect");
/// bank.perform(&Operation::Wait { millis: 999 })?;
/// bank.perform(&Operation::Fulfill { n: 1, with: 1 })?;
/// assert_eq!(bank.trustline.balance(), 10);
/// # Ok::<(), trustline_core::testing::NotDone>(())
/// ```
#[derive(Clone, Debug)]
pub struct Bank {
    /// The trustline.
    pub trustline: Trustline,
    /// What its clock shows.
    pub now: Timestamp,
}

impl Bank {
    /// A trustline on which nothing has happened, at [`START`].
    pub fn new(config: TrustlineConfig) -> Self {
        Self { trustline: Trustline::new(config), now: START }
    }

    /// Does it. `Ok(None)`: it was nothing new, so that nothing changed. `Err`: it was refused, and nothing changed. What a
    /// process does of its own accord when a deadline has come is an operation like any other: nothing expires by itself.
    pub fn perform(&mut self, operation: &Operation) -> Result<Option<Effect>, NotDone> {
        let (now, no_data) = (self.now, Bytes::new());
        let conditional = |n, amount, expires_in| self.conditional(n, amount, expires_in);
        match *operation {
            Operation::Prepare { n, amount, expires_in } => {
                let transfer = conditional(n, amount, expires_in);
                Ok(Some(self.trustline.prepare(transfer, now)?))
            }
            Operation::Transfer { n, amount } => Ok(Some(self.trustline.transfer(transfer_id(n), amount, no_data, now)?)),
            Operation::Fulfill { n, with } => Ok(Some(self.trustline.fulfill(transfer_id(n), fulfillment(with), no_data, now)?)),
            Operation::Reject { n } => Ok(Some(self.trustline.reject(transfer_id(n), no_data, now)?)),
            Operation::Expire { n } => Ok(self.trustline.expire(transfer_id(n), now)),
            Operation::SetBounds { bounds } => Ok(self.trustline.set_bounds(bounds, now)),
            Operation::ReceivePrepare { n, amount, expires_in } => {
                let transfer = conditional(n, amount, expires_in);
                Ok(self.trustline.receive_prepare(transfer, now)?)
            }
            Operation::ReceiveTransfer { n, amount } => Ok(self.trustline.receive_transfer(n.map(transfer_id), amount, no_data, now)?),
            Operation::ReceiveFulfill { n, with } => Ok(self.trustline.receive_fulfill(transfer_id(n), fulfillment(with), no_data, now)?),
            Operation::ReceiveReject { n } => Ok(self.trustline.receive_reject(transfer_id(n), no_data, now)?),
            Operation::Answered { n, to, accepted } => Ok(self.answered(n, to, accepted)),
            Operation::Open { id } => Ok(self.trustline.open(id, now)),
            Operation::SeePeer { position } => Ok(self.trustline.see_peer(position, now)),
            Operation::SeeUnnamed => Ok(self.trustline.see_unnamed(now)),
            Operation::Wait { millis } => {
                self.now = Timestamp::from_millis(now.as_millis().saturating_add(millis));
                Ok(None)
            }
        }
    }

    /// The transfer of which a [`Prepare`](Operation::Prepare) or [`ReceivePrepare`](Operation::ReceivePrepare) of these
    /// numbers would be, at this moment.
    pub fn conditional(&self, n: u32, amount: u64, expires_in: i64) -> Transfer {
        let whole_second = self.now.as_millis() / 1_000 * 1_000;
        conditional(n, amount, Timestamp::from_millis(whole_second.saturating_add(expires_in)))
    }

    fn answered(&mut self, n: u32, to: Request, accepted: bool) -> Option<Effect> {
        let (id, now) = (transfer_id(n), self.now);
        match (to, accepted) {
            // Whether the peer has answered a Prepare is not recorded.
            (Request::Prepare, true) => None,
            (Request::Prepare | Request::Transfer, false) => self.trustline.refused(id, now),
            (Request::Transfer, true) => self.trustline.transfer_accepted(id, now),
            (Request::Fulfill, true) => self.trustline.fulfill_accepted(id, now),
            (Request::Fulfill, false) => self.trustline.fulfill_refused(id, now),
            (Request::Reject, _) => self.trustline.reject_answered(id, now),
        }
    }
}

/// Why an [`Operation`] was not done; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// We may not prepare it.
    Prepare(PrepareError),
    /// We may not fulfill it.
    Fulfill(FulfillError),
    /// We may not reject it.
    Reject(RejectError),
    /// The peer may not ask for it.
    Refused(Refusal),
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prepare(error) => error.fmt(f),
            Self::Fulfill(error) => error.fmt(f),
            Self::Reject(error) => error.fmt(f),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}

impl core::error::Error for NotDone {}

macro_rules! from {
    ($($variant:ident $error:ident)*) => {
        $(impl From<$error> for NotDone {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })*
    };
}

from! { Prepare PrepareError Fulfill FulfillError Reject RejectError Refused Refusal }

/// A trustline whose limits are met soon: 4 open transfers, the furthest expiry 10 s away, finished transfers remembered for
/// 5 s, 2 ledgers of peers and 2 openings. No bounds of its own.
pub fn small_config(authority: Authority) -> TrustlineConfig {
    let (furthest_expiry, memory_margin) = (Duration::from_secs(10), Duration::from_secs(5));
    TrustlineConfig { open_transfers: 4, furthest_expiry, memory_margin, peers: 2, openings: 2, ..TrustlineConfig::new(authority) }
}
