//! Why an operation was not done. In each enum the order of the variants is the order in which they are checked:
//! where several apply, the first is reported.

use core::fmt;

use crate::Timestamp;

/// Why we did not do what the peer asked; nothing changed. The session answers it with a BTP Error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// No open or remembered transfer has this id.
    TransferNotFound,
    /// The id belongs to a transfer with other contents.
    DuplicateId,
    /// Only the payee may fulfill, and only the payee (or the host, when it expired) may reject. An unconditional transfer
    /// that waits for its answer can be neither.
    NotThePayee,
    /// It was fulfilled, so that it can be neither prepared again nor rejected.
    AlreadyFulfilled,
    /// It was rolled back, or is past its expiry, so that it can be neither prepared again nor fulfilled.
    AlreadyRolledBack,
    /// The fulfillment does not hash to the condition, or is not the one by which the transfer was fulfilled.
    InvalidFulfillment,
    /// New transfers come faster than the [rate](crate::TransferRate) that is allowed; it may be tried again later. The session
    /// refuses it, before it asks the ledger.
    TooFast,
    /// An amount of zero.
    ZeroAmount,
    /// It is expired on arrival.
    Expired {
        /// The expiry asked for.
        expires_at: Timestamp,
        /// Our clock.
        now: Timestamp,
    },
    /// The expiry is further away than we hold money.
    ExpiryTooFar {
        /// The furthest expiry that would have been taken.
        furthest: Timestamp,
    },
    /// Too many transfers are open; it may be tried again later.
    TooManyOpen,
    /// The balance could pass its bound.
    InsufficientBalance,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TransferNotFound => f.write_str("no transfer with this id is known"),
            Self::DuplicateId => f.write_str("this transfer id was used with other contents"),
            Self::NotThePayee => f.write_str("only the payee may fulfill or reject a transfer"),
            Self::AlreadyFulfilled => f.write_str("the transfer is already fulfilled"),
            Self::AlreadyRolledBack => f.write_str("the transfer is already rolled back"),
            Self::InvalidFulfillment => f.write_str("the fulfillment does not hash to the condition"),
            Self::TooFast => f.write_str("new transfers come too fast; try again later"),
            Self::ZeroAmount => f.write_str("the amount must not be zero"),
            Self::Expired { expires_at, now } => write!(f, "the transfer expired at {expires_at}; it is {now} here"),
            Self::ExpiryTooFar { furthest } => write!(f, "the expiry must not be later than {furthest}"),
            Self::TooManyOpen => f.write_str("too many transfers are open; try again later"),
            Self::InsufficientBalance => f.write_str("the balance limit would be exceeded"),
        }
    }
}

impl core::error::Error for Refusal {}

/// Why a transfer of ours was not prepared; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrepareError {
    /// The id is in use or remembered: every transfer needs a new one.
    DuplicateId,
    /// An amount of zero.
    ZeroAmount,
    /// The expiry is not in the future.
    Expired,
    /// The expiry is further away than the limit allows.
    ExpiryTooFar,
    /// The limit on open transfers is reached.
    TooManyOpen,
    /// The balance could pass our own minimum.
    InsufficientBalance,
}

impl fmt::Display for PrepareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DuplicateId => "the transfer id was used before",
            Self::ZeroAmount => "the amount is zero",
            Self::Expired => "the expiry is not in the future",
            Self::ExpiryTooFar => "the expiry is further away than the limit allows",
            Self::TooManyOpen => "too many transfers are open",
            Self::InsufficientBalance => "our own balance limit would be exceeded",
        })
    }
}

impl core::error::Error for PrepareError {}

/// Why an incoming transfer was not fulfilled; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FulfillError {
    /// No incoming transfer with this id is open.
    NotFound,
    /// It was fulfilled or rejected by us, or expired, and the peer has not yet answered.
    AlreadyDecided,
    /// It is past its expiry.
    Expired,
    /// The fulfillment does not hash to the condition.
    InvalidFulfillment,
}

impl fmt::Display for FulfillError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "no incoming transfer with this id is open",
            Self::AlreadyDecided => "the transfer is already decided",
            Self::Expired => "the transfer is past its expiry",
            Self::InvalidFulfillment => "the fulfillment does not hash to the condition",
        })
    }
}

impl core::error::Error for FulfillError {}

/// Why an incoming transfer was not rejected; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectError {
    /// No incoming transfer with this id is open.
    NotFound,
    /// It was fulfilled or rejected by us, or expired, and the peer has not yet answered.
    AlreadyDecided,
}

impl fmt::Display for RejectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "no incoming transfer with this id is open",
            Self::AlreadyDecided => "the transfer is already decided",
        })
    }
}

impl core::error::Error for RejectError {}
